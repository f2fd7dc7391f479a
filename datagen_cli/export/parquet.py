"""`parquet`: a columnar file (extra `hub`), one column a field; attributes and verdicts in columns of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from datagen_cli.core.errors import MissingExtra
from datagen_cli.core.jsonl import write_aside
from datagen_cli.export.format import Columns, Exported, Format, columns_of, flattened, plain


class Parquet(Format):
    """A columnar file, as pandas and `datasets` read it."""

    suffix: ClassVar[str] = ".parquet"
    asks: ClassVar[bool] = False

    def __init__(self, columns: Columns) -> None:
        super().__init__(columns)
        from importlib.util import find_spec

        if find_spec("pyarrow") is None:
            raise MissingExtra("parquet needs pyarrow", "hub", "pyarrow", instead="--to csv")

    def write(self, path: Path, data: Exported) -> None:
        """See `Format`."""
        write_aside(path, [self.packed(data)])

    @staticmethod
    def packed(data: Exported) -> bytes:
        """The whole file."""
        from io import BytesIO

        import pyarrow
        from pyarrow.parquet import write_table

        rows = [flattened(row, lists=True) for row in data.rows]
        table: dict[str, Any] = {}
        for name in columns_of(rows):
            values = [row.get(name) for row in rows]
            try:
                table[_text(name)] = pyarrow.array(values)
            except (pyarrow.ArrowException, UnicodeError, OverflowError):  # of several types, or beyond 64 bits
                table[_text(name)] = pyarrow.array([None if value is None else _text(value) for value in values])
        file = BytesIO()
        write_table(pyarrow.table(table), file)
        return file.getvalue()


def _text(value: Any) -> str:
    return plain(value).encode("utf-8", "replace").decode()
