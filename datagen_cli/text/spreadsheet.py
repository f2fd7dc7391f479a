"""Cells of a table that no spreadsheet runs: what would be a formula begins with an apostrophe, which makes it text.

A formula begins with `=`, `+`, `-` or `@`, also in full width, after white space and what cannot be seen; `|` and `%`
begin calls of other programs in old spreadsheets. Numbers stay numbers. Not covered: what a spreadsheet makes of a cell
when it is told that another character than the comma parts the cells.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

_FORMULA = re.compile(
    "[\\s\x00-\x1f\x7f-\x9f\xad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\\-@\t\r|%＝＋－＠]"
)
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?")


def safe(value: Any) -> Any:
    """A cell that no spreadsheet runs; numbers stay numbers."""
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value.strip()):
        return f"'{value}"
    return value


def csv_line(cells: Iterable[Any]) -> str:
    """A line of safe cells that ends in a line feed; a cell with any kind of line break in it is quoted.

    Python's writer quotes a lone carriage return only where it ends lines with one, and readers end a row there.
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([safe(cell) for cell in cells])
    return f"{line.getvalue()[:-2]}\n"
