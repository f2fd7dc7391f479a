"""CSV and TSV as rows, each also packed with gzip. Values are all texts; a quoted cell may hold line breaks.

The sign between columns is found from the first lines unless `base.csv` names it. A quoted cell that is never closed
costs its own row: what follows is read again line by line. Titles above the header are passed over. A first column
without a name (the index that pandas writes) is called `Unnamed: 0`, as pandas reads it.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import closing
from itertools import islice, takewhile
from typing import ClassVar

from datagen_cli.config.recipe import BaseOptions, CsvOptions
from datagen_cli.core.errors import DataError, Place
from datagen_cli.sources.dialect import LOOKED_AT, column_names, form_of, lacks_header, named, reader_of
from datagen_cli.sources.encodings import Written, how_written
from datagen_cli.sources.rows import MAX_LINE_BYTES, BadLine, BadRow, Lines, Row, shown_path

INDEX = "Unnamed: 0"
_COMMA_NUMBER = re.compile(r"[-+]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?")


class Csv:
    """A table with commas, or what its first lines show; the first row names the columns."""

    by_line: ClassVar[bool] = True
    delimiter: ClassVar[str] = ","

    def __init__(self, options: BaseOptions, *, lenient: bool = False) -> None:
        self._path = options.path or ""
        self._options = options.csv or CsvOptions()
        self._lenient = lenient
        self.shown = shown_path(self._path)
        self.notes: list[str] = []
        self._lines: Lines | None = None
        self._written = Written()

    def rows(self) -> Iterator[Row | BadRow]:
        """The rows of the table, in order; a row that ends early lacks its last columns.

        With `lenient` a table without a header has columns `column_1`, `column_2` …, a column without a name or with
        that of another gets one, lines that are not UTF-8 are read as what their letters look like, and notes say so;
        else they are refused.
        """
        csv.field_size_limit(MAX_LINE_BYTES)
        if self._lenient and self._options.encoding is None:
            self._written = how_written(self._path, self.shown)
        self._lines = lines = self._open()
        feed = _Feed(lines)
        try:
            yield from self._table(feed)
        finally:
            lines.close()
            self._say_written(lines)

    def _open(self) -> Lines:
        written = self._written
        return Lines(self._path, self.shown, encoding=self._options.encoding or written.whole, other=written.other)

    def _say_written(self, lines: Lines) -> None:
        """Says of the rows read so far how what is not UTF-8 was read."""
        written = self._written
        if lines.recoded or written.whole:
            what = "1 line is" if lines.recoded == 1 else f"{lines.recoded:,} lines are"
            what = "it is" if written.whole else f"{what} not UTF-8,"
            wrong = "" if written.whole else "; where that is wrong, --csv encoding=NAME"
            self.notes.insert(0, f"{self.shown}: {what} read as {written.said}{wrong}")

    def _table(self, feed: _Feed) -> Iterator[Row | BadRow]:
        form = form_of(self._first_lines(), self.delimiter, self._options)
        for _ in range(form.above):
            next(feed)
        if form.titles:
            self.notes.append(f"{self.shown}: {form.told}")
        if form.delimiter != self.delimiter and self._options.delimiter is None:
            self.notes.append(f"{self.shown}: its columns are separated by {named(form.delimiter)}")
        header = self._given_header(form.rows)
        while True:
            start = feed.number + 1
            feed.begin()
            try:
                cells = next(reader_of(feed, form.delimiter, form.quote, strict=True))
            except StopIteration:
                return
            except (BadLine, csv.Error) as error:
                bad = _bad_cells(start, error)
                if header is None:
                    raise DataError(
                        f"the header: {bad.reason}", hint=bad.hint, place=Place(self.shown, start)
                    ) from error
                feed.again()
                yield bad
                continue
            if not cells or (header is None and not any(cells)):
                continue
            if header is None:
                header = self._checked_header(cells, start)
            elif len(cells) > len(header):
                reason = f"{len(cells)} cells, the header has {len(header)}"
                yield BadRow(start, reason, f'put cells that hold {named(form.delimiter)} between double quotes: "..."')
            else:
                yield Row(start, dict(zip(header, map(self._cell, cells), strict=False)))

    def _cell(self, cell: str) -> str:
        """A cell, with a number written as JSON writes it where the table has decimal commas."""
        if self._options.decimal == "," and _COMMA_NUMBER.fullmatch(cell.strip()):
            return cell.strip().replace(".", "").replace(",", ".")
        return cell

    def _first_lines(self) -> list[str]:
        with closing(self._open()) as lines:
            whole = takewhile(lambda _: not lines.unended, lines)
            return list(islice((line for line in whole if isinstance(line, str)), LOOKED_AT))

    def _given_header(self, rows: list[list[str]]) -> list[str] | None:
        """The names of the columns where the first row does not give them; None where it does."""
        given = self._options.header
        if isinstance(given, list):
            return given
        if given is True or not rows or (given is None and not lacks_header(rows)):
            return None
        if given is None:
            what = "numbers" if all(cell.replace(".", "").replace("-", "").isdigit() for cell in rows[0]) else "a row"
            why = f"no header: the first line holds {what} ({', '.join(rows[0])[:60]})"
            if not self._lenient:
                hint = "the first line of the file must name the columns, or base.csv: {header: [name, …]}"
                raise DataError(why, hint=hint, place=Place(self.shown, 1))
            self.notes.append(f"{self.shown}: {why}; columns are called column_1, column_2 …")
        return [f"column_{number}" for number in range(1, max(map(len, rows)) + 1)]

    def _checked_header(self, cells: list[str], line: int) -> list[str]:
        """Column names without white space around them. Raises `DataError` for empty and repeated ones, which get
        names of their own where the reading is lenient."""
        names = [cell.strip() for cell in cells]
        place = Place(self.shown, line)
        if not names[0] and len(names) > 1 and INDEX not in names:
            names[0] = INDEX
        if self._lenient and (not all(names) or len(set(names)) < len(names)):
            given, names = names, column_names(names)
            made = [name for before, name in zip(given, names, strict=True) if name != before]
            self.notes.append(f"{self.shown}: columns without a name of their own are called {', '.join(made)}")
            return names
        if not all(names):
            hint = "the first line of the file must name every column, or base.csv: {header: [name, …]}"
            raise DataError(f"column {names.index('') + 1} has no name in the header", hint=hint, place=place)
        repeated = next((name for name, count in Counter(names).items() if count > 1), None)
        if repeated is not None:
            raise DataError(
                f"two columns are called {repeated!r}",
                hint="rename one of them in the header, or base.csv: {header: [name, …]}",
                place=place,
            )
        return names

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the bytes up to the end of the row read last."""
        return self._lines.digest if self._lines else ""


class Tsv(Csv):
    """A table with tabs; the first row names the columns."""

    delimiter: ClassVar[str] = "\t"


class _Feed:
    """The lines of a file for a CSV reader, of which those of one row can be read once more."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._waiting: deque[str | BadLine] = deque()
        self._taken: list[str | BadLine] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._lines)
        self.number += 1
        self._taken.append(line)
        if isinstance(line, BadLine):
            raise line
        return line

    def begin(self) -> None:
        """A row begins."""
        self._taken.clear()

    def again(self) -> None:
        """All lines of the row but its first are read once more, as rows of their own."""
        self._waiting.extendleft(reversed(self._taken[1:]))
        self.number -= len(self._taken) - 1


def _bad_cells(line: int, error: BadLine | csv.Error) -> BadRow:
    if isinstance(error, BadLine):
        return BadRow(line, str(error), error.hint)
    text = str(error)
    if "unexpected end of data" in text or "field larger" in text:
        return BadRow(line, "a quoted cell that is never closed", 'end it with ", and write " inside a cell as ""')
    if "new-line character" in text:
        hint = (
            "its lines end as on old Macs: tr '\\r' '\\n' < FILE > NEW, or `datagen init --from FILE`, which reads it"
        )
        return BadRow(line, "lines end with a carriage return alone", hint)
    if "expected after" in text:
        return BadRow(line, 'text after the closing " of a cell', 'write " inside a quoted cell as ""')
    return BadRow(line, f"not a row of a table: {text}")
