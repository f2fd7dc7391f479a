"""JSON Lines, JSON, CSV and TSV as rows, each also packed with gzip.

JSON Lines and tables are streamed; a .json document is read whole. Everything is UTF-8, with or without a byte order
mark. Tables need a header; their values are all texts; a quoted cell may hold line breaks.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterator
from typing import Any, ClassVar

from datagen_cli.config.recipe import BaseOptions
from datagen_cli.core.errors import DataError, Place, UsageError
from datagen_cli.core.fields import describe_type
from datagen_cli.sources.rows import (
    MAX_LINE_BYTES,
    BadLine,
    BadRow,
    Lines,
    Row,
    as_text,
    open_bytes,
    reading,
    shown_path,
    without_mark,
)
from datagen_cli.text.strict_json import NotJson, loads

OBJECT_HINT = 'every row is a JSON object, such as {"question": "...", "answer": "..."}'


class Jsonl:
    """One JSON object a line; blank lines are passed over."""

    by_line: ClassVar[bool] = True

    def __init__(self, options: BaseOptions) -> None:
        self._path = options.path or ""
        self.shown = shown_path(self._path)
        self._lines: Lines | None = None

    def rows(self) -> Iterator[Row | BadRow]:
        """The objects of the file, in order."""
        self._lines = lines = self._open()
        try:
            while True:
                try:
                    text = next(lines)
                except StopIteration:
                    return
                except BadLine as error:
                    yield BadRow(lines.number, str(error), error.hint)
                    continue
                if text.strip():
                    yield _json_row(lines.number, text)
        finally:
            lines.close()

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the bytes up to the end of the row read last."""
        return self._lines.digest if self._lines else ""

    def _open(self) -> Lines:
        return Lines(self._path, self.shown)


class StandardInput(Jsonl):
    """JSON Lines from standard input, by the same rules as from a file. It can be read once."""

    def __init__(self) -> None:
        super().__init__(BaseOptions(path="-"))

    def _open(self) -> Lines:
        if sys.stdin is None or sys.stdin.closed:
            raise UsageError("standard input is closed", hint="pipe JSON Lines into it, or name a file instead of -")
        return Lines("-", self.shown, sys.stdin.buffer)


class Json:
    """A list of objects; or an object that holds one, under `data` or as its only list. Rows are counted, not lines."""

    by_line: ClassVar[bool] = False

    def __init__(self, options: BaseOptions) -> None:
        self._path = options.path or ""
        self.shown = shown_path(self._path)
        self.digest = ""

    def rows(self) -> Iterator[Row | BadRow]:
        """The objects of the list, in order."""
        with open_bytes(self._path, self.shown) as file, reading(self.shown):
            data = file.read()
        self.digest = hashlib.sha256(data).hexdigest()
        data = without_mark(data, self.shown)
        if not data.strip():
            return
        for number, value in enumerate(_list_in(self._parse(data), self.shown), 1):
            if isinstance(value, dict):
                yield Row(number, value)
            else:
                yield BadRow(number, f"expected an object, found {describe_type(value)}", OBJECT_HINT)

    def _parse(self, data: bytes) -> Any:
        try:
            return loads(as_text(data))
        except BadLine as error:
            line = data[: data.index(b"\0")].count(b"\n") + 1 if b"\0" in data else 0
            raise DataError(str(error), hint=error.hint, place=Place(self.shown, line)) from error
        except NotJson as error:
            many = str(error) == "extra data"
            hint = (
                "one object a line is JSON Lines: name the file .jsonl" if many else "check the file with a JSON tool"
            )
            at = f" at column {error.column}" if error.column else ""
            raise DataError(f"not JSON: {error}{at}", hint=hint, place=Place(self.shown, error.line)) from error


class Csv:
    """A table with commas; the first row names the columns."""

    by_line: ClassVar[bool] = True
    delimiter: ClassVar[str] = ","

    def __init__(self, options: BaseOptions) -> None:
        self._path = options.path or ""
        self.shown = shown_path(self._path)
        self._lines: Lines | None = None

    def rows(self) -> Iterator[Row | BadRow]:
        """The rows of the table, in order; a cell that misses at the end of a row is a column that misses."""
        csv.field_size_limit(MAX_LINE_BYTES)
        self._lines = lines = Lines(self._path, self.shown)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        header: list[str] | None = None
        try:
            while True:
                start = lines.number + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except (BadLine, csv.Error) as error:
                    bad = _bad_cells(start, error)
                    if header is None:
                        raise DataError(
                            f"the header: {bad.reason}", hint=bad.hint, place=Place(self.shown, start)
                        ) from error
                    yield bad
                    continue
                if not cells or (header is None and not any(cells)):
                    continue
                if header is None:
                    header = self._checked_header(cells, start)
                elif len(cells) > len(header):
                    reason = f"{len(cells)} cells, the header has {len(header)}"
                    yield BadRow(start, reason, f'put cells that hold {self._sign} between double quotes: "..."')
                else:
                    yield Row(start, dict(zip(header, cells, strict=False)))
        finally:
            lines.close()

    def _checked_header(self, cells: list[str], line: int) -> list[str]:
        """Column names without white space around them. Raises `DataError` for empty and repeated ones."""
        names = [cell.strip() for cell in cells]
        place = Place(self.shown, line)
        if not all(names):
            hint = "the first line of the file must name every column"
            raise DataError(f"column {names.index('') + 1} has no name in the header", hint=hint, place=place)
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            raise DataError(
                f"two columns are called {repeated!r}", hint="rename one of them in the header", place=place
            )
        if all(name.replace(".", "").replace("-", "").isdigit() for name in names):
            hint = "the first line of the file must name the columns"
            raise DataError(
                f"no header: the first line holds numbers ({', '.join(names)[:60]})", hint=hint, place=place
            )
        return names

    @property
    def _sign(self) -> str:
        return "a tab" if self.delimiter == "\t" else f"a {self.delimiter!r}"

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the bytes up to the end of the row read last."""
        return self._lines.digest if self._lines else ""


class Tsv(Csv):
    """A table with tabs; the first row names the columns."""

    delimiter: ClassVar[str] = "\t"


def _json_row(line: int, text: str) -> Row | BadRow:
    try:
        value = loads(text)
    except NotJson as error:
        whole = line == 1 and text.strip() in ("[", "{")
        hint = "one JSON document over several lines: name the file .json" if whole else OBJECT_HINT
        at = f" at column {error.column}" if error.column else ""
        return BadRow(line, f"not JSON: {error}{at}", hint)
    if not isinstance(value, dict):
        hint = "a list of objects is a .json file" if isinstance(value, list) else OBJECT_HINT
        return BadRow(line, f"expected an object, found {describe_type(value)}", hint)
    return Row(line, value)


def _list_in(value: Any, shown: str) -> list[Any]:
    """The list of rows in a document."""
    if isinstance(value, list):
        return value
    lists = {key: item for key, item in value.items() if isinstance(item, list)} if isinstance(value, dict) else {}
    if "data" in lists:
        return lists["data"]
    if len(lists) == 1:
        return next(iter(lists.values()))
    found = f"an object with {len(lists)} lists" if isinstance(value, dict) else describe_type(value)
    hint = "a base is a list of objects, or an object that holds one under data"
    raise DataError(f"expected a list of rows, found {found}", hint=hint, place=Place(shown))


def _bad_cells(line: int, error: BadLine | csv.Error) -> BadRow:
    if isinstance(error, BadLine):
        return BadRow(line, str(error), error.hint)
    text = str(error)
    if "unexpected end of data" in text or "field larger" in text:
        return BadRow(line, "a quoted cell that is never closed", 'end it with ", and write " inside a cell as ""')
    if "expected after" in text:
        return BadRow(line, 'text after the closing " of a cell', 'write " inside a quoted cell as ""')
    return BadRow(line, f"not a row of a table: {text}")
