"""What every source yields, and the bytes it yields it from: rows, bad rows with their reasons, lines of a file.

A source is a class with `rows() -> Iterator[Row | BadRow]`, `digest` (known once the rows are read), `shown` (its name
in messages) and `by_line` (whether a row's number is a line of the file, or its place among the rows).
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from datagen_cli.core.errors import DataError, Place
from datagen_cli.core.nearby import near_file
from datagen_cli.core.system import open_given
from datagen_cli.sources.unpacking import Unpacked

MOST_COLUMNS = 5_000
MOST_EMPTY = 100_000
MAX_LINE_BYTES = 10_000_000
CTRL_Z = b"\x1a"
_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\xff\xfe\x00\x00": "UTF-32", b"\x00\x00\xfe\xff": "UTF-32"}
_PACKED = {
    b"\x1f\x8b": "packed with gzip", b"PK\x03\x04": "a zip archive", b"BZh91AY": "packed with bzip2",
    b"\xfd7zXZ\0": "packed with xz", b"\x28\xb5\x2f\xfd": "packed with zstd", b"PAR1\x15": "a Parquet file",
    b"ARROW1\0": "an Arrow file",
}  # fmt: skip
_UNPACK = dict.fromkeys(_PACKED.values(), "unpack it first") | {
    "a zip archive": "if it is a spreadsheet, save the sheet as CSV; else unpack it first",
    "packed with gzip": "let its name end in .gz",
    "a Parquet file": "let its name end in .parquet",
    "an Arrow file": "write it as Parquet: pyarrow.parquet.write_table(pyarrow.feather.read_table(FILE), NEW)",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a base; `line` counts from 1: the line it starts on, or its number where rows are not lines."""

    line: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used: why, and what to do about it."""

    line: int
    reason: str
    hint: str = ""


class Source(Protocol):
    """Where rows come from."""

    shown: str
    by_line: bool

    def rows(self) -> Iterator[Row | BadRow]:
        """The rows in order; raises `DataError` where reading cannot go on."""

    @property
    def digest(self) -> str:
        """Hex SHA-256 of what was read so far."""


class BadLine(ValueError):
    """A line that is no text; `hint` says what to do."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


class Lines:
    """The lines of a file (of what is inside, for .gz) one at a time, hashed as they are handed out.

    Lines end with `\\n` only. In place of a line above `MAX_LINE_BYTES` comes a `BadLine`, and `unended` is set: it is
    read over, without holding it, when the next line is asked for. So does one for a line that is not UTF-8 or holds a
    NUL byte. A byte order mark at the start is taken off; a line of Ctrl-Z alone is the end of a file, as old systems
    write it. `number` is the line handed out last. A `stream` is read instead of the path and left open. Lines that are
    not UTF-8 are read by the codec `other`, where one is given; `recoded` counts them.
    """

    def __init__(
        self,
        path: str,
        shown: str,
        stream: IO[bytes] | None = None,
        encoding: str | None = None,
        other: str | None = None,
    ) -> None:
        self.number = self._empty = self.recoded = 0
        self._other = other
        self.unended = False
        self._shown = shown
        self._hash = hashlib.sha256()
        self._owned = stream is None
        self._file = open_bytes(path, shown) if stream is None else stream
        if encoding is not None and codecs.lookup(encoding).name != "utf-8":
            self._file = cast(IO[bytes], _Recoded(self._file, encoding))

    def __iter__(self) -> Iterator[str | BadLine]:
        return self

    def __next__(self) -> str | BadLine:
        if self.unended:
            self._read_over()
        with reading(self._shown):
            line = self._file.readline(MAX_LINE_BYTES + 1)
        if not line or line.rstrip() == CTRL_Z:
            raise StopIteration
        self._hash.update(line)
        self.number += 1
        self._empty = self._empty + 1 if line == b"\n" else 0
        if self._empty > MOST_EMPTY:
            raise DataError(f"more than {MOST_EMPTY:,} empty lines, one after the other", place=Place(self._shown))
        if self.number == 1:
            line = without_mark(line, self._shown)
        if len(line) > MAX_LINE_BYTES:
            self.unended = not line.endswith(b"\n")
            return BadLine(f"a line over {MAX_LINE_BYTES // 1_000_000} MB", "is the file of the kind its name says?")
        try:
            return as_text(line)
        except BadLine as error:
            if self._other is None or b"\0" in line:
                return error
        self.recoded += 1
        return line.decode(self._other, "replace")

    def _read_over(self) -> None:
        self.unended = False
        with reading(self._shown):
            while rest := self._file.readline(1 << 20):
                self._hash.update(rest)
                if rest.endswith(b"\n"):
                    return

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the bytes up to the end of the line handed out last."""
        return self._hash.hexdigest()

    def close(self) -> None:
        """Closes the file."""
        if self._owned:
            self._file.close()


class _Recoded:
    """The lines of a file in another encoding, as UTF-8. Reading raises `ValueError` for what is not in it."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._text = io.TextIOWrapper(file, encoding, newline="\n")

    def readline(self, size: int) -> bytes:
        """A line, or its first `size` characters."""
        return self._text.readline(size).encode("utf-8", "surrogatepass")

    def close(self) -> None:
        """Closes the file, too."""
        self._text.close()


def open_bytes(path: str, shown: str) -> IO[bytes]:
    """A file opened for reading, unpacked when its name ends in .gz. Raises `DataError` that says what stands there."""
    if path == "-":
        raise DataError(
            "a base cannot come from standard input", hint="a run reads it again when it resumes: name a file"
        )
    with reading(shown):
        if os.path.isdir(path):
            raise DataError("is a folder, not a file", hint=_inside(path), place=Place(shown))
        try:
            return cast(IO[bytes], Unpacked(path)) if path.endswith(".gz") else open_given(path)
        except FileNotFoundError as error:
            raise DataError("no such file", hint=_neighbour(path), place=Place(shown)) from error


@contextmanager
def reading(shown: str) -> Iterator[None]:
    """Turns errors of reading a file into a `DataError` that names it."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        hint = "the name ends in .gz: is it whole, and packed with gzip?"
        raise DataError("broken gzip file", hint=hint, place=Place(shown)) from error
    except PermissionError as error:
        raise DataError("may not be read", hint="change its permissions", place=Place(shown)) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot be read: {reason.lower()}", place=Place(shown)) from error


def without_mark(start: bytes, shown: str) -> bytes:
    """The start of a file without UTF-8 byte order marks (files put together have several). Raises `DataError` for the
    mark of another encoding, and for the first bytes of a file that is packed or no text."""
    for mark in sorted(_BOMS, key=len, reverse=True):
        if start.startswith(mark):
            named = _BOMS[mark].lower()
            hint = (
                f"convert it first: iconv -f {_BOMS[mark]} -t UTF-8 {shown} > utf8-file; of a table name the encoding: "
                f"base.csv: {{encoding: {named}}}, for eval --csv encoding={named}"
            )
            raise DataError(f"the file is {_BOMS[mark]}, not UTF-8", hint=hint, place=Place(shown, 1))
    refuse_packed(start, shown)
    while start.startswith(codecs.BOM_UTF8):
        start = start.removeprefix(codecs.BOM_UTF8)
    return start


def refuse_packed(start: bytes, shown: str) -> None:
    """Raises `DataError` for the first bytes of a file that is packed or no text."""
    packed = next((what for magic, what in _PACKED.items() if start.startswith(magic)), None)
    if packed is not None:
        raise DataError(f"the file is {packed}, not text", hint=_UNPACK[packed], place=Place(shown, 1))


def as_text(data: bytes) -> str:
    """Bytes as text. Raises `BadLine` for NUL bytes and for what is not UTF-8."""
    if b"\0" in data:
        raise BadLine("holds a NUL byte", "the file is damaged, or not a text file in UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        reason = f"not UTF-8: byte 0x{data[error.start]:02x} at position {error.start + 1}"
        raise BadLine(
            reason,
            "convert the file first, such as with iconv -f cp1252 -t UTF-8; of a table name the encoding: "
            "base.csv: {encoding: cp1252}, for eval --csv encoding=cp1252",
        ) from error


def refuse_many_columns(names: Collection[str]) -> None:
    """Raises `DataError` for more columns than a table has: each is looked at in every row."""
    if len(names) > MOST_COLUMNS:
        hint = "rows should hold the same columns; texts belong into values, not into names"
        raise DataError(f"there are more than {MOST_COLUMNS:,} columns", hint=hint)


def refuse_other_names(name: str) -> None:
    """Raises `DataError` for a file's name that no output could hold: one that is not UTF-8."""
    if not name.isascii() and name.encode("utf-8", "replace").decode("utf-8") != name:
        raise DataError("the name is not UTF-8", hint="rename the file", place=Place(ascii(name)))


def shown_path(path: str) -> str:
    """A path as messages show it: from the working folder where it lies inside."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return path


def _neighbour(path: str) -> str:
    """A file in the same folder with a similar name, or what to check."""
    if not os.path.isdir(os.path.dirname(path) or "."):
        return "the folder does not exist either; relative paths start at the file that names them"
    near = near_file(path).replace(os.path.join(os.path.dirname(path), ""), "", 1)
    return near or "relative paths start at the file that names them"


def _inside(path: str) -> str:
    """The first data files of a folder."""
    try:
        found = sorted(entry for entry in os.listdir(path) if entry.split(".")[-1] in ("jsonl", "json", "csv", "tsv"))
    except OSError:
        found = []
    return f"name a file in it: {', '.join(found[:5])}" if found else "name a file in it"
