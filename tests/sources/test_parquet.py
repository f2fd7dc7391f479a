from __future__ import annotations

import builtins
import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.errors import MissingExtra

from .bases import data, failure, opened

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def write(folder: Path, **columns: list[Any]) -> Path:
    path = folder / "a.parquet"
    parquet.write_table(pyarrow.table(columns), path)
    return path


def test_rows_are_json_values(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        q=["a", None],
        n=[1, 2],
        f=[float("nan"), 2.5],
        d=[date(2024, 1, 2), None],
        c=[Decimal("1.50"), Decimal("2.00")],
        s=[{"k": [1, 2]}, {"k": []}],
    )
    assert data(path) == [
        {"q": "a", "n": 1, "f": None, "d": "2024-01-02", "c": 1.5, "s": {"k": [1, 2]}},
        {"q": None, "n": 2, "f": 2.5, "d": None, "c": 2, "s": {"k": []}},
    ]


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, q=["a"])
    base = opened(path)
    list(base.rows())
    assert base.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_bytes_are_a_bad_row(tmp_path: Path) -> None:
    assert failure(write(tmp_path, q=["a"], b=[b"x"])).message.startswith("row 1: column 'b': a value of type bytes")


def test_what_is_no_parquet_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_text("no")
    assert failure(path).message.startswith("not a Parquet file: ")
    assert failure(tmp_path / "b.parquet").message == "no such file"


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, q=["a"])
    real = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    error = failure(path)
    assert isinstance(error, MissingExtra)
    assert "pyarrow" in error.hint
