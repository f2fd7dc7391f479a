"""JSON Lines and JSON as rows, each also packed with gzip.

JSON Lines are streamed; a .json document is read whole. Everything is UTF-8, with or without a byte order mark.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from typing import Any, ClassVar

from datagen_cli.config.recipe import BaseOptions
from datagen_cli.core.errors import DataError, Place, UsageError
from datagen_cli.core.fields import describe_type
from datagen_cli.sources.rows import BadLine, BadRow, Lines, Row, as_text, open_bytes, reading, shown_path, without_mark
from datagen_cli.text.strict_json import NotJson, Repeats

OBJECT_HINT = 'every row is a JSON object, such as {"question": "...", "answer": "..."}'


class Jsonl:
    """One JSON object a line; blank lines are passed over."""

    by_line: ClassVar[bool] = True

    def __init__(self, options: BaseOptions) -> None:
        self._path = options.path or ""
        self.shown = shown_path(self._path)
        self.notes: list[str] = []
        self._lines: Lines | None = None

    def rows(self) -> Iterator[Row | BadRow]:
        """The objects of the file, in order."""
        self._lines = lines = self._open()
        repeats, where = Repeats(), 0
        try:
            for text in lines:
                if isinstance(text, BadLine):
                    yield BadRow(lines.number, str(text), text.hint)
                elif text.strip():
                    row = _json_row(lines.number, text, repeats)
                    where = where or (lines.number if repeats.objects else 0)
                    yield row
        finally:
            self.notes = _said(repeats, self.shown, where)
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
        self.notes: list[str] = []
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
        repeats = Repeats()
        try:
            value = repeats.loads(as_text(data))
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
        self.notes = _said(repeats, self.shown)
        return value


def _said(repeats: Repeats, shown: str, line: int = 0) -> list[str]:
    """That objects hold a key more than once, and how many do; nothing where none does."""
    if not repeats.objects:
        return []
    some = "1 object holds" if repeats.objects == 1 else f"{repeats.objects:,} objects hold"
    at = f" on line {line}" if line else ""
    first = f"{repeats.first[:60]!r}{at}" if repeats.objects == 1 else f"the first: {repeats.first[:60]!r}{at}"
    return [f"{shown}: {some} a key more than once, whose last value counts: {first}"]


def _json_row(line: int, text: str, repeats: Repeats) -> Row | BadRow:
    try:
        value = repeats.loads(text)
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
