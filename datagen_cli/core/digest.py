"""Digests and seeded randomness: everything that must come out the same on every run goes through here."""

from __future__ import annotations

import hashlib
import random
from json.encoder import encode_basestring
from typing import Any

from datagen_cli.core.json_text import make_encoder

_encode = make_encoder(sort_keys=True)


def canonical(value: Any) -> bytes:
    """One byte string per JSON value: keys sorted, no white space, UTF-8."""
    if type(value) is int:  # the encoder takes 2 µs to say the same
        return b"%d" % value
    if type(value) is str:
        return encode_basestring(value).encode("utf-8", "surrogatepass")
    return _encode(value).encode("utf-8", "surrogatepass")


def digest(*values: Any, length: int = 16) -> str:
    """Hex BLAKE2b of JSON values, `length` characters (at most 64)."""
    state = hashlib.blake2b(digest_size=32)
    for value in values:
        state.update(canonical(value))
        state.update(b"\x00")
    return state.hexdigest()[:length]


def seed_of(*place: Any) -> int:
    """A 64-bit integer that depends on the place only: seed, stage, id, and nothing that time decides."""
    return int.from_bytes(hashlib.blake2b(canonical(place), digest_size=8).digest(), "big")


def rng(*place: Any) -> random.Random:
    """A random generator for one place (seed, stage, id, ...); never shared between places."""
    return random.Random(seed_of(*place))
