"""Lines that carry a checksum: JSON objects and arrays whose last item is a CRC-32 of all before it.

The sum starts from a seed, such as a stage's fingerprint, so that a whole line of another file is no whole line here.
It finds damage, not forgery: whoever can write a file can write its sums.
"""

from __future__ import annotations

import json
from typing import Any
from zlib import crc32

from datagen_cli.core.digest import canonical

NAME = "crc"
_OBJECT = b',"crc":"%08x"}'
_ARRAY = b',"%08x"]'
_OBJECT_BYTES, _ARRAY_BYTES = len(_OBJECT % 0), len(_ARRAY % 0)


def seed_of(text: str) -> int:
    """The seed that a text stands for."""
    return crc32(text.encode())


def sealed(line: bytes, seed: int = 0) -> bytes:
    """A JSON object or array, neither empty, with its sum as its last item, and a line end."""
    body = line[:-1]
    return body + (_OBJECT if line.endswith(b"}") else _ARRAY) % crc32(body, seed) + b"\n"


def whole(line: bytes, seed: int = 0) -> bool:
    """Whether a line, with its line end, carries the sum of what stands before it."""
    if line.endswith(b'"}\n'):
        body = line[: -_OBJECT_BYTES - 1]
        return line[len(body) : -1] == _OBJECT % crc32(body, seed)
    body = line[: -_ARRAY_BYTES - 1]
    return line.endswith(b'"]\n') and line[len(body) : -1] == _ARRAY % crc32(body, seed)


def has_sum(line: bytes) -> bool:
    """Whether a line, with or without its end, is an object that carries a sum, right or not."""
    return line.rstrip(b"\n")[-_OBJECT_BYTES:].startswith(b',"crc":"')


def without_sum(line: bytes) -> bytes:
    """An object as it was before it was sealed, without a line end."""
    line = line.rstrip(b"\n")
    return line[:-_OBJECT_BYTES] + b"}" if has_sum(line) else line


def whole_object(line: bytes, seed: int = 0) -> dict[str, Any] | None:
    """The object of a line that carries its sum, without it; None for any other line."""
    if not whole(line, seed):
        return None
    try:
        found = json.loads(without_sum(line))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def document_sum(value: Any) -> str:
    """The sum of a JSON value, in whatever order its keys stand."""
    return f"{crc32(canonical(value)):08x}"
