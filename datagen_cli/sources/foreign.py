"""A user's own table or JSON file read as it comes: its encoding and delimiter are found out, odd rows are counted.

Used once, when a recipe is proposed (`datagen init --from`); a run reads the clean copy that is made then, by the
strict rules of the other sources. Encodings tried: UTF-8, UTF-16 with a byte order mark, then Windows-1252; where some
lines are UTF-8 and others are not, each line is read as what it is. What is packed with gzip is unpacked. A list of
turns (`messages`, `conversations`) becomes a column for each role. Nothing is kept of a row that has more cells than
the header.
"""

from __future__ import annotations

import csv
import errno
import gzip
import os
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from datagen_cli.config.recipe import BaseOptions
from datagen_cli.core.errors import DataError, Place
from datagen_cli.core.nearby import near_file
from datagen_cli.core.registry import is_name, load
from datagen_cli.core.system import open_given
from datagen_cli.sources.dialect import (
    LOOKED_AT,
    cells_of,
    column_names,
    guess_delimiter,
    lacks_header,
    named,
    said_delimiter,
)
from datagen_cli.sources.rows import MAX_LINE_BYTES, BadRow, refuse_other_names
from datagen_cli.sources.unpacking import Unpacked
from datagen_cli.text.strict_json import NotJson, loads

TABLES = (".csv", ".tsv", ".txt", ".tab")
SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")
PACKED = ".gz"
MOST_ROWS = 100_000
MOST_BYTES = 1 << 30
T = TypeVar("T")
TURNS = (("role", "content"), ("from", "value"))
ROLES = {"human": "user", "gpt": "assistant", "bot": "assistant"}


@dataclass(slots=True)
class Foreign:
    """Rows as found. `about` says in words how they were read, `left_out` counts rows by why they were not taken;
    `named` is False for a table without a header."""

    rows: list[dict[str, Any]]
    about: str
    left_out: Counter[str] = field(default_factory=Counter)
    named: bool = True

    def first(self, values: Iterable[T]) -> Iterator[T]:
        """The first 100,000 of the file's rows, good or bad; that there are more is said."""
        for number, value in enumerate(values):
            if number == MOST_ROWS:
                self.about += f", the first {MOST_ROWS:,} of the file; the rest is not read"
                return
            yield value


def read_foreign(path: Path, shown: str) -> Foreign:
    """The first 100,000 rows of a file; further ones are not read.

    Raises `DataError` for one that holds no rows, or is no table of any kind.
    """
    refuse_other_names(str(path))
    suffix = path.suffix.lower()
    if suffix in SPREADSHEETS:
        raise DataError("a spreadsheet cannot be read", hint="save the sheet as CSV", place=Place(shown))
    kind = suffix.removeprefix(".")
    if suffix not in TABLES and is_name("sources", kind):
        found = _read_source(kind, path)
    else:
        found = _read_text(_bytes_of(path, shown), shown)
    if not found.rows and found.left_out:
        (reason, _), *_ = found.left_out.most_common(1)
        raise DataError(f"no row can be read: {reason}", hint="one JSON object a line", place=Place(shown))
    if not found.rows:
        raise DataError("there are no rows", hint="it needs a header and rows below it", place=Place(shown))
    return found


def _bytes_of(path: Path, shown: str) -> bytes:
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with Unpacked(str(path)) if path.suffix.lower() == PACKED else open_given(path) as file:
            data = file.read(MOST_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        hint = "is it whole, and packed with gzip?"
        raise DataError("broken gzip file", hint=hint, place=Place(shown)) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(reason, hint=near_file(path) or "name a file of rows", place=Place(shown)) from error
    if len(data) > MOST_BYTES:
        hint = "the first rows are enough: head -n 10000"
        raise DataError(f"larger than {MOST_BYTES >> 30} GB", hint=hint, place=Place(shown))
    return data


def _read_source(kind: str, path: Path) -> Foreign:
    found = Foreign([], {"jsonl": "JSON Lines"}.get(kind, kind.upper() if kind == "json" else kind))
    for row in found.first(load("sources", kind)(BaseOptions(path=str(path))).rows()):
        if isinstance(row, BadRow):
            found.left_out[row.reason] += 1
        else:
            _take(found, dict(row.data))
    return found


def _read_text(data: bytes, shown: str) -> Foreign:
    text, encoding = decode(data, shown)
    if text.lstrip()[:1] in ("{", "["):
        return _read_json(text, encoding, shown)
    first = text.splitlines(keepends=True)[:LOOKED_AT]
    said = said_delimiter(first)
    if said is not None:
        text, first = text[len(first[0]) :], first[1:]
    delimiter = said or guess_delimiter(first, ",", '"')
    found = Foreign([], f"{encoding}, columns separated by {named(delimiter)}")
    table = _cells(text, delimiter, found)
    if lacks_header(cells_of(first, delimiter, '"')):
        found.about += ", without a header"
        found.named = False
        rows = list(found.first(table))
        names = [f"column {number}" for number in range(1, max(map(len, rows)) + 1)]
        table = iter(rows)
    else:
        names = column_names(next(table, []))
    for cells in found.first(table):
        if len(cells) > len(names):
            found.left_out["more cells than the header"] += 1
        elif any(cell.strip() for cell in cells):
            _take(found, dict(zip(names, cells, strict=False)))
    return found


def _cells(text: str, delimiter: str, found: Foreign) -> Iterator[list[str]]:
    """The rows of a table that are not empty; one that cannot be read ends the table, and that is counted."""
    csv.field_size_limit(MAX_LINE_BYTES)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            found.left_out["a cell that never ends"] += 1
            return
        if cells:
            yield cells


def _read_json(text: str, encoding: str, shown: str) -> Foreign:
    found = Foreign([], f"JSON, {encoding}")
    try:
        whole = loads(text)
        values: Iterable[Any] = whole if isinstance(whole, list) else [whole]
    except NotJson:
        found.about = f"JSON Lines, {encoding}"
        values = _each_line(text)
    for value in found.first(values):
        if isinstance(value, dict):
            _take(found, value)
        else:
            found.left_out["no JSON object"] += 1
    return found


def _each_line(text: str) -> Iterator[Any]:
    """The value of each line that is not empty, None for one that is no JSON."""
    for line in text.split("\n"):
        if line.strip():
            try:
                yield loads(line)
            except NotJson:
                yield None


def _take(found: Foreign, row: dict[str, Any]) -> None:
    found.rows.append({name: value for column, cell in row.items() for name, value in _turns(column, cell).items()})


def _turns(column: str, cell: Any) -> dict[str, Any]:
    """A conversation as what each role says first; anything else as it is."""
    for role, said in TURNS:
        if isinstance(cell, list) and cell and all(isinstance(turn, dict) and {role, said} <= {*turn} for turn in cell):
            first: dict[str, Any] = {}
            for turn in cell:
                first.setdefault(ROLES.get(str(turn[role]), str(turn[role])), turn[said])
            return first
    return {column: cell}


def decode(data: bytes, shown: str = "") -> tuple[str, str]:
    """A file's text, and its encoding in words. Raises `DataError` for what is no text."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return data.decode("utf-16"), "UTF-16"
        except UnicodeDecodeError as error:
            raise DataError("no text that can be read", hint="save it as UTF-8", place=Place(shown)) from error
    if b"\0" in data:
        raise DataError("this is no text", hint="save it as CSV in UTF-8", place=Place(shown))
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        lines = [(_utf8(line), line) for line in data.splitlines(keepends=True)]
    if not any(text is not None and not text.isascii() for text, _ in lines):
        return data.decode("cp1252", "replace"), "Windows-1252"
    read = [line.decode("cp1252", "replace") if text is None else text for text, line in lines]
    return "".join(read).removeprefix("\ufeff"), "UTF-8 and Windows-1252 mixed"


def _utf8(line: bytes) -> str | None:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None
