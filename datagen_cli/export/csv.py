"""`csv`: a table in UTF-8 with commas, for Excel with a byte order mark (`--bom`), without which it reads `é` as `Ã©`.

Cells that a spreadsheet would run as a formula begin with an apostrophe.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from datagen_cli.core.jsonl import write_aside
from datagen_cli.export.format import Exported, Format, columns_of, flattened
from datagen_cli.text.spreadsheet import csv_line


class Csv(Format):
    """A table with commas; cells that look like formulas are made text."""

    suffix: ClassVar[str] = ".csv"
    asks: ClassVar[bool] = False
    marks: ClassVar[bool] = True

    def write(self, path: Path, data: Exported) -> None:
        """See `Format`."""
        rows = [flattened(row) for row in data.rows]
        lines = _lines(columns_of(map(flattened, data.whole or data.rows)), rows)
        write_aside(path, chain([BOM_UTF8] if data.mark else [], lines))


def _lines(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    for cells in (names, *([row.get(name) for name in names] for row in rows)):
        yield csv_line(cells).encode("utf-8", "replace")
