"""`csv`: a table in UTF-8 with commas, for Excel with a byte order mark (`--bom`), without which it reads `é` as `Ã©`.

Cells that a spreadsheet would run as a formula begin with an apostrophe.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from datagen_cli.export.format import Exported, Format, columns_of, flattened
from datagen_cli.text.spreadsheet import csv_line


class Csv(Format):
    """A table with commas; cells that look like formulas are made text."""

    suffix: ClassVar[str] = ".csv"
    asks: ClassVar[bool] = False
    marks: ClassVar[bool] = True

    def parts(self, data: Exported) -> Iterator[bytes]:
        names = columns_of(flattened(data.whole or data.rows))
        yield (BOM_UTF8 if data.mark else b"") + _line(names)
        for row in flattened(data.rows, data.whole):
            yield _line([row.get(name) for name in names])


def _line(cells: Sequence[Any]) -> bytes:
    return csv_line(cells).encode("utf-8", "replace")
