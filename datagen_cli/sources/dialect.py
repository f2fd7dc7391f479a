"""What a table's first lines say of its form: which sign separates the columns, and whether there is a header.

A delimiter is the sign by which most of the first rows have as many cells as the first one, and more than one; or the
one that a first line `sep=;` names, as Excel reads and writes it. There is no header where a column holds numbers from
the first line on, where a cell of the first line is often repeated below it, and where one cell is a sentence and
another is repeated but for case.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

LOOKED_AT = 50
LONGEST_NAME = 150
DELIMITERS = ",;\t|"
NUMBER = re.compile(r"[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?")
_NAMES = {"\t": "a tab", " ": "a space"}
_SAID = re.compile(r"\"?sep=(.)\"?\s*", re.IGNORECASE)
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


def said_delimiter(lines: Sequence[str]) -> str | None:
    """The delimiter that the first line names and does nothing else; None where it does not."""
    found = _SAID.fullmatch(lines[0]) if lines else None
    return found[1] if found else None


def guess_delimiter(lines: Sequence[str], usual: str, quote: str) -> str:
    """The sign that separates the columns; `usual` where it does, or nothing tells."""
    best, most = usual, 0.0
    for delimiter in (usual, *(sign for sign in DELIMITERS if sign != usual)):
        rows = cells_of(lines, delimiter, quote)
        if not rows or len(rows[0]) < 2:
            continue
        share = sum(len(cells) == len(rows[0]) for cells in rows) / len(rows)
        if share > most + 0.2:
            best, most = delimiter, share
    return best


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
        again = below.count(cell.strip())
        if sentence:
            again = max(again, [text.casefold() for text in below].count(cell.strip().casefold()))
        if (_number(cell) and _numeric(below)) or len(cell) > LONGEST_NAME:
            return True
        if cell.strip() and again > 1 and 10 * again >= len(below):
            return True
    return False


def _numeric(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and all(map(_number, filled))


def _number(cell: str) -> bool:
    return NUMBER.fullmatch(cell.strip()) is not None
