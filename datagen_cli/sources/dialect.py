"""What a table's first lines say of its form: which sign separates the columns, and whether there is a header.

A delimiter is the sign by which most of the first rows have as many cells as the first one, and more than one; or the
one that a first line `sep=;` names, as Excel reads and writes it. Lines in which it is punctuation are one column.
There is no header where a column holds numbers from the first line on, where a cell of the first line is often repeated
below it, where one cell is a sentence and another is repeated but for case, and where a cell is a sentence as most
cells below it are. Above the header titles may stand, as exports of spreadsheets have them: lines of one filled cell
and empty ones, over a line that names every column of a table.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from datagen_cli.config.recipe import CsvOptions

LOOKED_AT = 50
LONGEST_NAME = 150
MOST_TITLES = 10
DELIMITERS = ",;\t|"
NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?")
_SAID = re.compile(r"\"?sep=(.)\"?\s*", re.IGNORECASE)
ONE_COLUMN = "\x1f"
"""A sign that separates nothing: it does not stand in texts."""
_NAMES = {"\t": "a tab", " ": "a space", ONE_COLUMN: "nothing, its lines are one column"}
_SENTENCE = re.compile(r"\S+(?:\s+\S+){3,}[.?!]")


def named(delimiter: str) -> str:
    """A delimiter as a message names it."""
    return _NAMES.get(delimiter, f"a {delimiter!r}")


def cells_of(lines: Sequence[str], delimiter: str, quote: str) -> list[list[str]]:
    """The cells of the first lines, as far as they can be read."""
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows.extend(cells for cells in reader_of(lines, delimiter, quote, strict=False) if cells)
    return rows


def reader_of(lines: Iterable[str], delimiter: str, quote: str, *, strict: bool) -> Iterator[list[str]]:
    """The rows of cells of some lines; without a `quote` no sign stands around cells."""
    if not quote:
        return csv.reader(lines, delimiter=delimiter, quotechar=None, quoting=csv.QUOTE_NONE, strict=strict)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=strict)


@dataclass(frozen=True, slots=True)
class TableForm:
    """How a table is written: how many lines stand `above` its header or first row, the last of them `titles`; the
    signs between cells and around them; and the first rows of cells."""

    above: int
    titles: Sequence[str]
    delimiter: str
    quote: str
    rows: list[list[str]]

    @property
    def told(self) -> str:
        """What stands above the header, for a note."""
        several = len(self.titles) > 1
        said = "; ".join(text for line in self.titles if (text := line.strip().strip(self.delimiter).strip()))
        where = f"lines 1 to {len(self.titles)} stand" if several else "line 1 stands"
        return f"{where} above the header and {'are' if several else 'is'} passed over: {said[:80]!r}"


def form_of(lines: Sequence[str], usual: str, given: CsvOptions) -> TableForm:
    """The form of a table, by its first lines and by what is `given` of it."""
    said = _SAID.fullmatch(lines[0]) if lines else None
    lines = lines[1:] if said else lines
    quote, known = '"' if given.quote is None else given.quote, given.delimiter or (said[1] if said else None)
    above = title_lines(lines, usual, quote, known) if given.header in (None, True) else 0
    delimiter = known or guess_delimiter(lines[above:], usual, quote)
    return TableForm(above + bool(said), lines[:above], delimiter, quote, cells_of(lines[above:], delimiter, quote))


def title_lines(lines: Sequence[str], usual: str, quote: str, delimiter: str | None = None) -> int:
    """How many of the first lines stand above the header; 0 where the first one is the header, or a row.

    `delimiter` is the sign between columns where it is known. One word right above the table is the name of a column,
    unless the signs of empty cells follow it and three columns have names below.
    """
    if delimiter is None:
        sign = guess_delimiter(lines, usual, quote)
        rows = cells_of(lines, sign, quote)
        if len(rows) > 1 and _filled(rows[0]) > 1 and 2 * sum(len(row) == len(rows[0]) for row in rows) > len(rows):
            return 0
    signs = (delimiter,) if delimiter is not None else (usual, *(sign for sign in DELIMITERS if sign != usual))
    return next((found for sign in signs if (found := _titles(lines, sign, quote))), 0)


def _titles(lines: Sequence[str], delimiter: str, quote: str) -> int:
    begun = [cells_of([line], delimiter, quote) for line in lines[: MOST_TITLES + 1]]
    first = [rows[0] if rows else [] for rows in begun]
    above = next((place for place, cells in enumerate(first) if _filled(cells) > 1), 0)
    table = cells_of(lines[above:], delimiter, quote)
    titles = [cells for cells in first[:above] if _filled(cells)]
    if not titles or len(table) < 2 or any(not cells[0].strip() for cells in titles):
        return 0
    names = [cell.strip() for cell in table[0] if cell.strip()]
    if len(set(names)) < len(names) or any(map(_number, names)) or 2 * len(names) <= len(table[0]):
        return 0
    apart = len(titles) < above or any(
        len(cells[0].split()) > 1 or (len(cells) > 1 and len(names) > 2) for cells in titles
    )
    whole = 10 * sum(len(cells) == len(table[0]) for cells in table) >= 9 * len(table)
    after = [cell[:1].isspace() for cells in table for cell in cells[1:] if cell]
    spaced = 2 * sum(after) > len(after)
    return above if apart and whole and not spaced and not lacks_header(table) else 0


def _filled(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def guess_delimiter(lines: Sequence[str], usual: str, quote: str) -> str:
    """The sign that separates the columns; `usual` where it does, or nothing tells; `ONE_COLUMN` where none does."""
    best, most = usual, 0.0
    for delimiter in (usual, *(sign for sign in DELIMITERS if sign != usual)):
        rows = cells_of(lines, delimiter, quote)
        if not rows or len(rows[0]) < 2:
            continue
        share = sum(len(cells) == len(rows[0]) for cells in rows) / len(rows)
        if share > most + 0.2:
            best, most = delimiter, share
    return ONE_COLUMN if _is_punctuation(lines, best, quote) else best


def _is_punctuation(lines: Sequence[str], delimiter: str, quote: str) -> bool:
    """Whether the sign stands in the texts of one column: the first line has none and most others do not have as many
    as each other; or a blank follows it nearly everywhere, and most lines have it more or less often than the first."""
    rows = cells_of(lines, delimiter, quote)
    counts = [len(cells) for cells in rows]
    if not rows or max(counts) <= counts[0]:
        return False
    after = [cell[:1].isspace() for cells in rows for cell in cells[1:]]
    spaced = 10 * sum(after) >= 9 * len(after)
    if counts[0] == 1:
        usual, times = Counter(counts[1:]).most_common(1)[0]
        return spaced or usual == 1 or 2 * times <= len(counts) - 1
    return spaced and 2 * counts.count(counts[0]) <= len(counts)


def column_names(header: Sequence[str]) -> list[str]:
    """A name for every column: an empty one is called by its number, a repeated one by how often it came."""
    names: dict[str, None] = {}
    last: Counter[str] = Counter()
    for number, cell in enumerate(header, 1):
        said = " ".join(cell.split())
        name = said or f"column {number}"
        while name in names:
            last[said] += 1
            name = f"{said or 'column'} {last[said] + 1}"
        names[name] = None
    return list(names)


def lacks_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of several rows of cells is a row like the others."""
    if len(rows) < 2:
        return bool(rows) and all(_number(cell) for cell in rows[0])
    first, rest = rows[0], rows[1:]
    sentence = any(_SENTENCE.fullmatch(cell.strip()) for cell in first)
    for place, cell in enumerate(first):
        below = [row[place].strip() for row in rest if len(row) > place]
        if _SENTENCE.fullmatch(cell.strip()) and 2 * sum(map(_like(cell.strip()[-1]), below)) > len(below):
            return True
        again = below.count(cell.strip())
        if sentence:
            again = max(again, [text.casefold() for text in below].count(cell.strip().casefold()))
        if (_number(cell) and _numeric(below)) or len(cell) > LONGEST_NAME:
            return True
        if cell.strip() and again > 1 and 10 * again >= len(below):
            return True
    return False


def _like(mark: str) -> Callable[[str], bool]:
    """Tells whether a cell is a sentence that ends with the mark."""
    return lambda cell: cell.endswith(mark) and _SENTENCE.fullmatch(cell) is not None


def _numeric(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and all(map(_number, filled))


def _number(cell: str) -> bool:
    return NUMBER.fullmatch(cell.strip()) is not None
