"""Every source of the catalog: the rows in order, bad ones told one by one, a digest of what was read.

A new source is greeted here: give it a file in `FILES`, or name it in `ELSEWHERE` when its rows are on another machine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.config.recipe import BaseOptions
from datagen_cli.core.errors import DataError
from datagen_cli.core.registry import load, names
from datagen_cli.sources.rows import BadRow, Row

ROWS = [{"text": "one, two", "label": "a"}, {"text": "grüße", "label": "b"}]
ELSEWHERE = ("hf",)


def parquet(rows: list[dict[str, Any]]) -> bytes:
    pytest.importorskip("pyarrow")
    from io import BytesIO

    from pyarrow import Table
    from pyarrow.parquet import write_table

    file = BytesIO()
    write_table(Table.from_pylist(rows), file)
    return file.getvalue()


def table(rows: list[dict[str, Any]], sign: str) -> bytes:
    lines = [list(rows[0]), *([f'"{value}"' for value in row.values()] for row in rows)]
    return ("\n".join(sign.join(line) for line in lines) + "\n").encode()


FILES = {
    "jsonl": lambda rows: "".join(json.dumps(row) + "\n" for row in rows).encode(),
    "json": lambda rows: json.dumps(rows).encode(),
    "csv": lambda rows: table(rows, ","),
    "tsv": lambda rows: table(rows, "\t"),
    "parquet": parquet,
}


def test_every_source_is_tried() -> None:
    lack = {*names("sources")} - {*FILES, *ELSEWHERE}
    assert lack == set(), "a new source gets a line in FILES, or its name in ELSEWHERE, of this file"


def opened(kind: str, path: Path) -> Any:
    return load("sources", kind)(BaseOptions(path=str(path)))


@pytest.mark.parametrize("kind", FILES)
def test_it_gives_its_rows_in_order_and_a_digest_that_follows_them(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows.{kind}"
    path.write_bytes(FILES[kind](ROWS))
    source = opened(kind, path)
    found = list(source.rows())
    assert all(isinstance(row, Row) for row in found)
    assert [dict(row.data) for row in found] == ROWS
    assert [row.line for row in found] == sorted(row.line for row in found)
    assert len(source.digest) == 64
    path.write_bytes(FILES[kind](ROWS[::-1]))
    other = opened(kind, path)
    assert [dict(row.data) for row in other.rows()] == ROWS[::-1]
    assert other.digest != source.digest


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_missing_or_no_such_file_is_an_error_with_its_place(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows.{kind}"
    with pytest.raises(DataError) as caught:
        list(opened(kind, path).rows())
    assert str(path) in str(caught.value)
    path.write_bytes(b"\x00\x01\x02\xff" * 40)
    try:
        found = list(opened(kind, path).rows())
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert found and all(isinstance(row, BadRow) and row.reason for row in found)


@pytest.mark.parametrize("kind", names("sources"))
def test_it_says_what_its_line_numbers_count(kind: str) -> None:
    assert isinstance(load("sources", kind).by_line, bool)
