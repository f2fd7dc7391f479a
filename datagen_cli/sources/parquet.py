"""Parquet files as rows, through pyarrow (the extra `hub`). Read in batches, never whole.

Damage costs no more than what it touches: a column that JSON cannot hold (bytes, durations, …) is left out, a value
that cannot be read makes its own row a bad one, and of a damaged part of the file only the damaged column misses.
`notes` names what was left out. The index that pandas writes is no column. Classes of `datasets` are read by their
names, which `named` tells.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, ClassVar

from datagen_cli.config.recipe import BaseOptions
from datagen_cli.core.errors import DataError, MissingExtra, Place
from datagen_cli.core.json_text import json_value
from datagen_cli.sources.class_labels import Naming, named_values, namings, stored_features
from datagen_cli.sources.rows import BadRow, Row, open_bytes, reading, shown_path
from datagen_cli.sources.unpacking import RATIO, Bound, most_unpacked

BATCH_ROWS = 1_000
VALUE_BYTES = 64
"""What a value takes beside its text: rows of nothing are bounded, too."""
INDEX = "__index_level_"


class Parquet:
    """The rows of a Parquet file; dates become ISO text."""

    by_line: ClassVar[bool] = False

    def __init__(self, options: BaseOptions) -> None:
        self._path = options.path or ""
        self.shown = shown_path(self._path)
        self.digest = ""
        self.notes: list[str] = []
        self.named: list[str] = []
        self._namings: dict[str, Naming] = {}

    def rows(self) -> Iterator[Row | BadRow]:
        """The rows, in order. Raises `MissingExtra` without pyarrow."""
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            message = "reading .parquet files needs pyarrow"
            raise MissingExtra(message, "hub", place=Place(self.shown)) from error
        with open_bytes(self._path, self.shown) as file:
            with reading(self.shown):
                self.digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
                file.seek(0)
            try:
                opened = self._open(pyarrow, file)
            except (pyarrow.ArrowException, OSError) as error:
                reason = str(error).splitlines()[0][:200] if str(error) else "unreadable"
                raise DataError(f"not a Parquet file: {reason}", place=Place(self.shown)) from error
            columns = self._columns(pyarrow, opened.schema_arrow)
            features = stored_features(opened.schema_arrow.metadata)
            self.named, self._namings = named_values(features), namings(features)
            number, bound = 0, Bound(self._path, os.fstat(file.fileno()).st_size)
            for group in range(opened.num_row_groups):
                for row in self._group(pyarrow, opened, group, columns, number, bound):
                    number += 1
                    yield row

    def _open(self, pyarrow: Any, file: IO[bytes]) -> Any:
        """The file, with texts kept as dictionaries: one text that stands in all rows is held once."""
        opened = pyarrow.parquet.ParquetFile(file)
        size = sum(opened.metadata.row_group(group).total_byte_size for group in range(opened.num_row_groups))
        packed = os.fstat(file.fileno()).st_size
        if size > most_unpacked() and size > RATIO * packed:
            Bound(self._path, packed).add(size)
        texts = [one.name for one in opened.schema_arrow if str(one.type) in ("string", "large_string")]
        file.seek(0)
        return pyarrow.parquet.ParquetFile(file, read_dictionary=texts)

    def _columns(self, pyarrow: Any, schema: Any) -> list[str]:
        """The columns that JSON can hold."""
        kept: list[Any] = []
        left: list[Any] = []
        for one in schema:
            if one.name.startswith(INDEX):
                continue
            (kept if _holds(pyarrow.types, one.type) else left).append(one)
        if left:
            shown = ", ".join(f"{one.name} ({one.type})" for one in left)
            self.notes.append(f"{self.shown}: left out, as JSON cannot hold them: {shown}")
        names = [one.name for one in kept]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            self.notes.append(f"{self.shown}: several columns are called {', '.join(repeated)}; the last one counts")
        return names

    def _group(
        self, pyarrow: Any, opened: Any, group: int, columns: Sequence[str], before: int, bound: Bound
    ) -> Iterator[Row | BadRow]:
        """The rows of one row group; a column that cannot be read there is missing in them."""
        done = 0
        try:
            for batch in opened.iter_batches(batch_size=BATCH_ROWS, row_groups=[group], columns=list(columns)):
                for row in self._rows(batch, before + done, bound):
                    yield row
                    done += 1
            return
        except (pyarrow.ArrowException, OSError):
            whole = {}
            for name in columns:
                try:
                    whole[name] = opened.read_row_group(group, columns=[name]).column(name)
                except (pyarrow.ArrowException, OSError):
                    self.notes.append(f"{self.shown}: column {name} is damaged and missing in part {group + 1}")
        size = opened.metadata.row_group(group).num_rows
        if not whole:
            for place in range(done, size):
                yield BadRow(before + place + 1, "a damaged part of the file", "make the file again")
            return
        table = pyarrow.table(whole).slice(done)
        for batch in table.to_batches(max_chunksize=BATCH_ROWS):
            yield from self._rows(batch, before + done, bound)
            done += batch.num_rows

    def _rows(self, batch: Any, before: int, bound: Bound) -> Iterator[Row | BadRow]:
        """The rows of a batch; a value that is no JSON makes its row a bad one."""
        columns = {name: _values(column) for name, column in zip(batch.schema.names, batch.columns, strict=True)}
        for name in columns.keys() & self._namings.keys():
            columns[name] = [self._namings[name](value) for value in columns[name]]
        for place in range(batch.num_rows):
            values = {name: column[place] for name, column in columns.items()}
            texts = sum(len(value) for value in values.values() if isinstance(value, str))
            bound.add(texts + len(values) * VALUE_BYTES)
            yield _row(before + place + 1, values)


def _values(column: Any) -> list[Any]:
    """The values of a column as JSON has them; in place of one that cannot be read its error."""
    if hasattr(column, "dictionary"):
        known = _values(column.dictionary)
        return [None if index is None else known[index] for index in column.indices.to_pylist()]
    try:
        return [_json(value) for value in column.to_pylist()]
    except (ValueError, OverflowError, ArithmeticError):
        return [_one(column, place) for place in range(len(column))]


def _json(value: Any) -> Any:
    try:
        return json_value(value)
    except ValueError as error:
        return error


def _one(column: Any, place: int) -> Any:
    """One value by itself; dates that Python has not are bad."""
    try:
        return json_value(column[place].as_py())
    except UnicodeDecodeError:
        return ValueError("not UTF-8")
    except (ValueError, OverflowError, ArithmeticError) as error:
        return ValueError((str(error) or type(error).__name__).splitlines()[0][:120])


def _row(number: int, values: Mapping[str, Any]) -> Row | BadRow:
    for column, value in values.items():
        if isinstance(value, Exception):
            reason = f"column {column!r}: {value}"
            return BadRow(number, reason, "mend the value, or leave the column out of the file")
    return Row(number, dict(values))


def _holds(types: Any, kind: Any) -> bool:
    """Whether JSON has values of a type."""
    if types.is_nested(kind):
        return all(_holds(types, kind.field(place).type) for place in range(kind.num_fields))
    if types.is_dictionary(kind):
        return _holds(types, kind.value_type)
    refused = (
        types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_duration, types.is_interval,
        types.is_binary_view,
    )  # fmt: skip
    return not any(check(kind) for check in refused) and not hasattr(kind, "storage_type")
