"""`parquet`: a columnar file (extra `hub`), one column a field; attributes and verdicts in columns of their own."""

from __future__ import annotations

from typing import Any, ClassVar

from datagen_cli.core.errors import MissingExtra
from datagen_cli.export.format import Columns, Exported, Format, columns_of, flattened, plain


class Parquet(Format):
    """A columnar file, as pandas and `datasets` read it."""

    suffix: ClassVar[str] = ".parquet"
    asks: ClassVar[bool] = False
    binary: ClassVar[bool] = True

    def __init__(self, columns: Columns) -> None:
        super().__init__(columns)
        from importlib.util import find_spec

        if find_spec("pyarrow") is None:
            raise MissingExtra("parquet needs pyarrow", "hub", "pyarrow", instead="--to csv")

    def parts(self, data: Exported) -> list[bytes]:
        from io import BytesIO

        import pyarrow
        from pyarrow.parquet import write_table

        rows, every = ([*flattened(some, data.whole, lists=True)] for some in (data.rows, data.whole or data.rows))
        table: dict[str, Any] = {}
        for name in columns_of(every):
            values = [row.get(name) for row in rows]
            try:
                type_ = _settled(pyarrow.array([row.get(name) for row in every]).type)
                table[_text(name)] = pyarrow.array(values, type_)
            except (pyarrow.ArrowException, UnicodeError, OverflowError):  # of several types, or beyond 64 bits
                texts = [None if value is None else _text(value) for value in values]
                table[_text(name)] = pyarrow.array(texts, pyarrow.string())
        file = BytesIO()
        write_table(pyarrow.table(table), file)
        return [file.getvalue()]


def _settled(type_: Any) -> Any:
    """An Arrow type; text where nothing but null was seen, which could not be read together with texts."""
    import pyarrow

    if pyarrow.types.is_null(type_):
        return pyarrow.string()
    if pyarrow.types.is_list(type_):
        return pyarrow.list_(_settled(type_.value_type))
    if pyarrow.types.is_struct(type_):
        return pyarrow.struct([(one.name, _settled(one.type)) for one in type_])
    return type_


def _text(value: Any) -> str:
    return plain(value).encode("utf-8", "replace").decode()
