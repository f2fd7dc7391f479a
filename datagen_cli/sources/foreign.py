"""A user's own table or JSON file read as it comes: its encoding and delimiter are found out, odd rows are counted.

Used once, when a recipe is proposed (`datagen init --from`); a run reads the clean copy that is made then, by the
strict rules of the other sources. Encodings tried: UTF-8, UTF-16, then what the letters look like (`encodings.py`);
where some lines are UTF-8 and others are not, each line is read as what it is. A few NUL bytes are taken out. What is
packed with gzip is unpacked. Cells that hold JSON are read as what they hold. A list of turns (`messages`,
`conversations`) becomes a column for each role, an object inside a row columns. Nothing is kept of a row that has more
cells than the header.
"""

from __future__ import annotations

import csv
import errno
import gzip
import os
import zlib
from ast import literal_eval
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from datagen_cli.config.recipe import BaseOptions, CsvOptions
from datagen_cli.core.errors import DataError, Place
from datagen_cli.core.inside import turns_of, unfolded
from datagen_cli.core.nearby import near_file
from datagen_cli.core.registry import is_name, load
from datagen_cli.core.system import open_given
from datagen_cli.sources.dialect import LOOKED_AT, column_names, form_of, lacks_header, named, reader_of
from datagen_cli.sources.encodings import encoding_in_words, not_utf8, whole_codec, written_in
from datagen_cli.sources.rows import MAX_LINE_BYTES, BadRow, refuse_other_names, refuse_packed
from datagen_cli.sources.unpacking import Unpacked
from datagen_cli.text.strict_json import attempt

TABLES = (".csv", ".tsv", ".txt", ".tab")
SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")
PACKED = ".gz"
MOST_ROWS = 100_000
MOST_BYTES = 1 << 30
FEW_NULS = 100
"""In a text at most one of so many bytes is NUL."""
T = TypeVar("T")


@dataclass(slots=True)
class Foreign:
    """Rows as found. `about` says in words how they were read, `left_out` counts rows by why they were not taken;
    `named` is False for a table without a header, `guessed` says by which word a guess of the encoding can be seen to
    be wrong."""

    rows: list[dict[str, Any]]
    about: str
    left_out: Counter[str] = field(default_factory=Counter)
    named: bool = True
    guessed: str = ""

    def first(self, values: Iterable[T]) -> Iterator[T]:
        """The first 100,000 of the file's rows, good or bad; that there are more is said."""
        for number, value in enumerate(values):
            if number == MOST_ROWS:
                self.about += f", the first {MOST_ROWS:,} of the file; the rest is not read"
                return
            yield value


def read_foreign(path: Path, shown: str, form: CsvOptions | None = None) -> Foreign:
    """The first 100,000 rows of a file; further ones are not read. `form` says what of a table is not to be guessed.

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
        found = _read_text(_bytes_of(path, shown), shown, form or CsvOptions())
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


def _read_text(data: bytes, shown: str, form: CsvOptions) -> Foreign:
    text, encoding, example = decode(data, shown, form.encoding)
    found = _read_json(text, encoding) if text.lstrip()[:1] in ("{", "[") else _read_table(text, encoding, form)
    found.guessed = example
    return found


def _read_table(text: str, encoding: str, given: CsvOptions) -> Foreign:
    first = text.splitlines(keepends=True)[:LOOKED_AT]
    form = form_of(first, ",", given)
    found = Foreign([], f"{encoding}, columns separated by {named(form.delimiter)}")
    found.about += f"; {form.told}" if form.titles else ""
    table = _cells(text[sum(map(len, first[: form.above])) :], form.delimiter, form.quote, found)
    if isinstance(given.header, list):
        names = column_names(given.header)
    elif given.header is False or (given.header is None and lacks_header(form.rows)):
        found.about += ", without a header"
        found.named = False
        rows = list(found.first(table))
        names = [f"column {number}" for number in range(1, max(map(len, rows)) + 1)]
        table = iter(rows)
    else:
        names = column_names(next(table, []))
    rows_read: list[dict[str, Any]] = []
    for cells in found.first(table):
        if len(cells) > len(names):
            found.left_out["more cells than the header"] += 1
        elif any(cell.strip() for cell in cells):
            rows_read.append(dict(zip(names, cells, strict=False)))
    _read_values(rows_read)
    for row in rows_read:
        _take(found, row)
    return found


def _read_values(rows: Sequence[dict[str, Any]]) -> None:
    """Puts objects and lists in place of the cells of columns that hold nothing else, written as JSON or, as pandas
    does, as Python."""
    for name in rows[0] if rows else ():
        filled = [row for row in rows if row.get(name, "").strip()]
        values = []
        for row in filled:
            value = value_in(row[name])
            if value is None:
                break
            values.append(value)
        else:
            for row, value in zip(filled, values, strict=True):
                row[name] = value


def value_in(cell: str) -> dict[str, Any] | list[Any] | None:
    """The object or list that a cell holds, written as JSON or as Python; else None."""
    cell = cell.strip()
    if cell[:1] + cell[-1:] not in ("{}", "[]"):
        return None
    found = attempt(cell)
    if found is None:
        try:
            found = literal_eval(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return None
    return found if isinstance(found, dict | list) and _is_json(found) else None


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(_is_json, value.values()))
    if isinstance(value, list):
        return all(map(_is_json, value))
    return value is None or isinstance(value, str | int | float)


def _cells(text: str, delimiter: str, quote: str, found: Foreign) -> Iterator[list[str]]:
    """The rows of a table that are not empty; one that cannot be read ends the table, and that is counted."""
    csv.field_size_limit(MAX_LINE_BYTES)
    reader = reader_of(StringIO(text, newline=""), delimiter, quote, strict=False)
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


def _read_json(text: str, encoding: str) -> Foreign:
    whole = attempt(text)  # which begins with a bracket
    found = Foreign([], f"{'JSON' if whole is not None else 'JSON Lines'}, {encoding}")
    lines = filter(str.strip, text.split("\n"))
    values = map(attempt, lines) if whole is None else whole if isinstance(whole, list) else [whole]
    for value in found.first(values):
        if isinstance(value, dict):
            _take(found, value)
        else:
            found.left_out["no JSON object"] += 1
    return found


def _take(found: Foreign, row: dict[str, Any]) -> None:
    found.rows.append(
        {name: value for column, cell in unfolded(row).items() for name, value in _turns(column, cell).items()}
    )


def _turns(column: str, cell: Any) -> dict[str, Any]:
    """A conversation as what each role says first; anything else as it is."""
    first: dict[str, Any] = {}
    for role, said in turns_of(cell):
        first.setdefault(role, said)
    return first or {column: cell}


def decode(data: bytes, shown: str = "", encoding: str | None = None) -> tuple[str, str, str]:
    """A file's text, its encoding in words, and where that is a guess a word by which it can be checked.

    Raises `DataError` for what is no text, or cannot be read by the `encoding` that is named.
    """
    whole = encoding or whole_codec(data)
    if whole is not None:
        try:
            return data.decode(whole).removeprefix("\ufeff"), encoding_in_words(whole), ""
        except UnicodeDecodeError as error:
            hint = "name another with --csv encoding=NAME, or save it as UTF-8"
            what = f"no text that can be read as {encoding_in_words(whole)}"
            raise DataError(what, hint=hint, place=Place(shown)) from error
    nuls = data.count(b"\0")
    refuse_packed(data[:8], shown)
    if FEW_NULS * nuls > len(data):
        raise DataError("this is no text", hint="save it as CSV in UTF-8", place=Place(shown))
    taken = f", {nuls:,} NUL bytes taken out" if nuls > 1 else ", 1 NUL byte taken out" if nuls else ""
    data = data.replace(b"\0", b"")
    try:
        return data.decode("utf-8-sig"), f"UTF-8{taken}", ""
    except UnicodeDecodeError:
        lines = data.splitlines(keepends=True)
    strange = not_utf8(lines)
    found = written_in(strange)
    codec = str(found.other)
    others, name = set(strange), encoding_in_words(codec)
    if all(line.isascii() for line in lines if line not in others):
        return data.decode(codec, "replace"), f"{name}{taken}", found.example
    read = [line.decode(codec, "replace") if line in others else line.decode("utf-8") for line in lines]
    return "".join(read).removeprefix("\ufeff"), f"UTF-8 and {name} mixed{taken}", found.example
