"""Parquet files as rows, through pyarrow (the extra `hub`). Read in batches, never whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import ClassVar

from datagen_cli.config.recipe import BaseOptions
from datagen_cli.core.errors import DataError, MissingExtra, Place
from datagen_cli.sources.rows import BadRow, Row, json_value, open_bytes, reading, shown_path

BATCH_ROWS = 1_000


class Parquet:
    """The rows of a Parquet file; dates become ISO text, bytes are not read."""

    by_line: ClassVar[bool] = False

    def __init__(self, options: BaseOptions) -> None:
        self._path = options.path or ""
        self.shown = shown_path(self._path)
        self.digest = ""

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
                number = 0
                for batch in pyarrow.parquet.ParquetFile(file).iter_batches(batch_size=BATCH_ROWS):
                    for data in batch.to_pylist():
                        number += 1
                        yield _row(number, data)
            except pyarrow.ArrowException as error:
                reason = str(error).splitlines()[0][:200] if str(error) else "unreadable"
                raise DataError(f"not a Parquet file: {reason}", place=Place(self.shown)) from error


def _row(number: int, data: dict[str, object]) -> Row | BadRow:
    values = {}
    for column, value in data.items():
        try:
            values[column] = json_value(value)
        except ValueError as error:
            return BadRow(number, f"column {column!r}: {error}", "leave the column out of the file")
    return Row(number, values)
