"""Reading what may be anybody's: regular files only, never through a link, in bounded pieces, JSON of bounded depth."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from datagen_cli.core.errors import DataError, Place
from datagen_cli.core.system import open_own

LINE_BYTES = 64 * 1024 * 1024
DEPTH = 100
_NESTED = 200  # brackets below which a text cannot be deep enough to matter


def open_regular(path: Path) -> IO[bytes]:
    """A regular file, opened for reading. Raises `DataError` for a link, a pipe, a device, or what it cannot open."""
    try:
        descriptor = open_own(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        if path.is_symlink():
            what = "this is a link, no file"
        elif error.errno == errno.ENOTSUP:
            what = "this is not a regular file"
        elif error.errno == errno.EFBIG:
            what = "this file is hollow: it has more than a gigabyte without content"
        raise DataError(what, hint="name another folder", place=Place(str(path))) from error
    return os.fdopen(descriptor, "rb", buffering=1 << 18)


def read_regular(path: Path, most: int = LINE_BYTES) -> bytes:
    """The content of a regular file. Raises `DataError` as `open_regular` does, and for more than `most` bytes."""
    with open_regular(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise DataError(f"larger than {most:,} bytes", hint="name another folder", place=Place(str(path)))
    return content


def raw_lines(file: IO[bytes], most: int = LINE_BYTES) -> Iterator[bytes]:
    """The lines of a file with their ends; of one that is longer than `most` bytes the first `most`, without an end."""
    while line := file.readline(most):
        yield line
        if not line.endswith(b"\n"):
            while (rest := file.readline(most)) and not rest.endswith(b"\n"):
                pass


def parse_object(raw: bytes) -> dict[str, Any] | None:
    """The JSON object that a text holds; None for anything else, for broken UTF-8, and for what is nested too deep."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    if raw.count(b"[") + raw.count(b"{") > _NESTED and _deeper_than(value, DEPTH):
        return None
    return value


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
