"""Unpacks the bodies of replies, whatever the header `Content-Encoding` says of them.

Only gzip and deflate are asked for. A header may be wrong: a body that is not packed as it says is taken as it is, and
one in br or zstd is unpacked where a package for that is installed, else said to be what it is. Never more is unpacked
than a reply may have. Pure functions.
"""

from __future__ import annotations

import importlib
import re
import zlib
from collections.abc import Iterator
from typing import Any

from datagen_cli.llm.faults import PACKED, TransportError

MOST_LAYERS = 4
"""Each may be as large as a reply may be."""
MOST_MEMBERS = 200
"""Members of a body in gzip; of one with more the first are read, and the rest is missed where it is needed."""
ASKED = "gzip, deflate"
GZIP = b"\x1f\x8b"
ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
ZSTD = b"\x28\xb5\x2f\xfd"
BROTLI_STEP = 64
"""Bytes that brotli is given at once: some bytes may stand for 16 MB."""
PACKAGES = {"br": ("brotli", "brotlicffi"), "zstd": ("compression.zstd", "zstandard", "backports.zstd")}
"""What unpacks an encoding that the standard library has nothing for."""
_TEXT = re.compile(rb"(?:[\[{\"<:)]|data:|event:|id:|retry:|[\w .,:;'-]{1,80}$)")


def unpacked(body: bytes, encodings: str, most_bytes: int) -> bytes:
    """A body without the encodings that a header names, last one first. Raises `TransportError` for one that cannot be
    unpacked (`foreign`, where nothing here reads its encoding), or that is larger than `most_bytes` then."""
    names = [one.strip().lower() for one in encodings.split(",")]
    if len(names) > MOST_LAYERS:
        raise TransportError("foreign", f"the reply is packed {len(names):,} times, one in the other", status=200)
    for name in reversed(names):
        if name in ("gzip", "x-gzip", "deflate", "zlib") or body.startswith((GZIP, *ZLIB)):
            body = _inflated(body, most_bytes)
        elif name in PACKAGES or body.startswith(ZSTD):
            body = _by_package(body, "zstd" if body.startswith(ZSTD) else name, most_bytes)
    return body


def larger_than(most_bytes: int) -> TransportError:
    """The fault of a reply that is given up because it has more bytes."""
    return TransportError("foreign", f"the reply is larger than {most_bytes >> 20} MB", status=200)


def _inflated(body: bytes, most_bytes: int) -> bytes:
    """A body in gzip, zlib or bare deflate; what is none of these as it is."""
    if body.startswith((GZIP, *ZLIB)):
        return _by_zlib(body, 47, most_bytes)
    if _is_text(body) or not body:
        return body
    try:
        return _by_zlib(body, -15, most_bytes)
    except TransportError as fault:
        if fault.kind == "foreign":
            raise
        return body


def _is_text(body: bytes) -> bool:
    """Whether a body begins as one that is not packed does."""
    return _TEXT.match(body.lstrip()[:100]) is not None


def _by_zlib(body: bytes, wbits: int, most_bytes: int) -> bytes:
    """A body in gzip, zlib or bare deflate; of gzip all its members, as servers that pack piece by piece write them."""
    parts, size, rest = [], 0, body
    for _ in range(MOST_MEMBERS):
        packer = zlib.decompressobj(wbits=wbits)
        try:
            found = packer.decompress(rest, most_bytes + 1 - size)
        except zlib.error as error:
            broken = f"the reply cannot be unpacked ({len(body):,} bytes)"
            raise TransportError("dropped", broken, status=200) from error
        parts.append(found)
        size += len(found)
        if size > most_bytes:
            raise larger_than(most_bytes)
        rest = packer.unused_data
        if not rest.startswith(GZIP):
            break
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _by_package(body: bytes, name: str, most_bytes: int) -> bytes:
    """A body in br or zstd; one of plain text, whatever the header says, as it is."""
    if _is_text(body) and not body.startswith(ZSTD):
        return body
    for package in PACKAGES[name]:
        try:
            module: Any = importlib.import_module(package)
        except ImportError:
            continue
        try:
            found = b"".join(_pieces(module, package, body, most_bytes + 1))
        except Exception as error:  # each package has errors of its own
            raise TransportError("dropped", f"the reply cannot be unpacked from {name}: {error}", status=200) from error
        if len(found) > most_bytes:
            raise larger_than(most_bytes)
        return bytes(found)
    raise TransportError(
        "foreign",
        f"{PACKED} {name}, which was not asked for: only {ASKED} are; turn that off at the endpoint or"
        f" the proxy before it, or pip install {PACKAGES[name][0 if name == 'br' else 1]}",
        status=200,
    )


def _pieces(module: Any, package: str, body: bytes, most_bytes: int) -> Iterator[bytes]:
    """What a package makes of a body, a piece at a time, until there is too much of it."""
    if package == "zstandard":
        yield module.ZstdDecompressor().stream_reader(body).read(most_bytes)
        return
    made, size = (module.Decompressor if package.startswith("brotli") else module.ZstdDecompressor)(), 0
    if not package.startswith("brotli"):
        yield made.decompress(body, most_bytes)
        return
    step = getattr(made, "process", None) or made.decompress
    for at in range(0, len(body), BROTLI_STEP):
        piece = step(body[at : at + BROTLI_STEP])
        size += len(piece)
        yield piece
        if size > most_bytes:
            return
