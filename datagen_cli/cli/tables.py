"""How a table is laid out for a terminal or a file: words break at spaces, never inside.

A table that is too wide for that is turned round, with a line for each column, and where that is too wide, too, each
row becomes a block of lines. Pure functions of texts; `console.table` prints.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

GAP = 3
"""Blanks between two columns of a table in a terminal, and about it."""

Rows = Sequence[Sequence[str]]


def plain(title: str, columns: Sequence[str], rows: Rows) -> str:
    """Aligned columns, as wide as their longest cell, for a file."""
    widths = [max(len(cell) for cell in column) for column in zip(columns, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [columns, *rows]
    ]
    return "\n".join([*([title] if title else []), *lines])


def fitted(columns: Sequence[str], rows: Rows, wide: int) -> list[int] | None:
    """The columns' widths within `wide` characters, none below its longest word; None where that is too much."""
    from rich.cells import cell_len

    room = wide - GAP * len(columns)
    sides = list(zip(columns, *rows, strict=True))
    widths = [max(cell_len(word) for text in (head, *cells) for word in _unbroken(text)) for head, *cells in sides]
    spare = room - sum(widths)
    if spare < 0:
        return None
    wanted = [max(map(cell_len, side)) - width for side, width in zip(sides, widths, strict=True)]
    for served, index in enumerate(sorted(range(len(widths)), key=wanted.__getitem__)):
        more = min(wanted[index], spare // (len(widths) - served))
        widths[index] += more
        spare -= more
    return widths


def turned(columns: Sequence[str], rows: Rows) -> tuple[list[str], list[list[str]]]:
    """The table with a column for each row and a row for each column."""
    heads, *lines = zip(columns, *rows, strict=True)
    return list(heads), [list(line) for line in lines]


def stacked(title: str, columns: Sequence[str], rows: Rows, wide: int) -> str:
    """Each row as a block: its first cell, and below it the other cells behind their heads."""
    margin = max(map(len, columns[1:]), default=0) + 4
    lines = [title] if title else []
    for first, *cells in rows:
        lines.append(f" {columns[0]} {first}")
        for head, cell in zip(columns[1:], cells, strict=True):
            begin, rest = f"   {head}".ljust(margin + 1), " " * (margin + 1)
            lines += textwrap.wrap(
                cell, max(wide, margin + 20), initial_indent=begin, subsequent_indent=rest,
                break_long_words=False, break_on_hyphens=False,
            ) or [begin.rstrip()]  # fmt: skip
    return "\n".join(lines)


def numeric(cell: str) -> bool:
    """Whether a cell is a number, or stands for one that is missing."""
    digits = cell.replace(",", "").replace(".", "").replace("%", "").replace("$", "").replace("-", "")
    return digits.isdigit() or cell == "–"


def _unbroken(text: str) -> list[str]:
    """The parts of a text that stay on one line: its words, and a range as a whole."""
    return [text] if numeric(text.replace(" – ", "")) else text.split() or [""]
