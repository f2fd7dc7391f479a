"""Packed files, unpacked within a bound: a small file that unpacks to much more than text does is refused, not read.

A file is refused once it has given `MOST` bytes or more and over `RATIO` times its own size: text packs 3 to 20 times.
The bound is raised by the environment variable `DATAGEN_MAX_UNPACKED_GB`.
"""

from __future__ import annotations

import gzip
import os

from datagen_cli.core.errors import DataError, Place, UsageError
from datagen_cli.core.system import open_given

VARIABLE = "DATAGEN_MAX_UNPACKED_GB"
MOST = 1 << 25
RATIO = 100


class Unpacked(gzip.GzipFile):
    """A .gz file opened for reading. Raises `DataError` beyond the bound."""

    def __init__(self, path: str) -> None:
        packed = open_given(path)
        super().__init__(path, "rb", fileobj=packed)
        self._guard = Bound(path, os.fstat(packed.fileno()).st_size)

    def read(self, size: int | None = -1) -> bytes:
        """As of any file; all of it in pieces, so that the bound holds before the memory is taken."""
        if size is not None and size >= 0:
            data = super().read(size)
            self._guard.add(len(data))
            return data
        parts = []
        while part := super().read(1 << 22):
            self._guard.add(len(part))
            parts.append(part)
        return b"".join(parts)

    def read1(self, size: int = -1) -> bytes:
        """As of any file."""
        return self.read(size)

    def readline(self, size: int | None = -1) -> bytes:
        """As of any file."""
        line = super().readline(size)
        self._guard.add(len(line))
        return line


class Bound:
    """Counts what a packed file has given."""

    def __init__(self, path: str, packed: int) -> None:
        self._path, self._packed, self._given = path, packed, 0
        self._most = most_unpacked()

    def add(self, size: int) -> None:
        """More bytes were unpacked. Raises `DataError` beyond the bound."""
        self._given += size
        if self._given > self._most and self._given > RATIO * self._packed:
            raise DataError(
                f"unpacks to more than {self._most >> 20:,} MB from {self._packed:,} bytes",
                hint=f"if it is meant to: {VARIABLE}=16 raises the bound",
                place=Place(self._path),
            )


def most_unpacked() -> int:
    """The bound in bytes. Raises `UsageError` for a variable that is no number."""
    given = os.environ.get(VARIABLE)
    if given is None:
        return MOST
    try:
        return int(float(given) * 2**30)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{VARIABLE} is no number: {given!r}", hint=f"such as {VARIABLE}=16") from error
