"""`csv`: a table in UTF-8 with commas. Cells that a spreadsheet would run as a formula begin with an apostrophe."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar

from datagen_cli.core.jsonl import write_aside
from datagen_cli.export.format import Exported, Format, columns_of, flattened
from datagen_cli.text.spreadsheet import safe


class Csv(Format):
    """A table with commas; cells that look like formulas are made text."""

    suffix: ClassVar[str] = ".csv"
    asks: ClassVar[bool] = False

    def write(self, path: Path, data: Exported) -> None:
        """See `Format`."""
        rows = [flattened(row) for row in data.rows]
        write_aside(path, _lines(columns_of(rows), rows))


def _lines(names: list[str], rows: list[dict[str, Any]]) -> Iterator[bytes]:
    for cells in ([safe(name) for name in names], *([safe(row.get(name)) for name in names] for row in rows)):
        line = StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        yield line.getvalue().encode("utf-8", "replace")
