from __future__ import annotations

import builtins
import hashlib
import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.errors import MissingExtra
from datagen_cli.sources.class_labels import namings

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


def test_a_column_that_json_cannot_hold_is_left_out_and_said(tmp_path: Path) -> None:
    path = write(tmp_path, q=["a", "b"], b=[b"x", None], t=[timedelta(seconds=3), None])
    base = opened(path)
    assert [row.data for row in base.rows()] == [{"q": "a"}, {"q": "b"}]
    assert "b (binary)" in base.notes[0] and "t (duration" in base.notes[0]


def test_a_uuid_column_and_the_index_of_pandas_are_left_out(tmp_path: Path) -> None:
    uuids = pyarrow.array([b"0" * 16], pyarrow.binary(16))
    assert data(write(tmp_path, q=["a"], u=uuids, __index_level_0__=[7])) == [{"q": "a"}]


@pytest.mark.parametrize("kind", ["date32", "timestamp"])
def test_a_date_that_python_has_not_is_its_own_row_s_trouble(kind: str, tmp_path: Path) -> None:
    typed = pyarrow.date32() if kind == "date32" else pyarrow.timestamp("ms")
    far = 10_000_000 if kind == "date32" else 10**15
    days = pyarrow.array([0, far, 1], pyarrow.int32() if kind == "date32" else pyarrow.int64()).cast(typed)
    path = write(tmp_path, q=["a", "b", "c"], d=days)
    assert [row["q"] for row in data(path, on_bad_row="skip")] == ["a", "c"]
    assert failure(path).message.startswith("row 2: column 'd': ")


def test_text_that_is_not_utf8_is_its_own_row_s_trouble(tmp_path: Path) -> None:
    raw = pyarrow.array([b"fine", b"\xff\xfe", b"good"], pyarrow.binary())
    broken = pyarrow.Array.from_buffers(pyarrow.string(), 3, raw.buffers())
    path = write(tmp_path, q=broken)
    assert [row["q"] for row in data(path, on_bad_row="skip")] == ["fine", "good"]
    assert failure(path).message == "row 2: column 'q': not UTF-8"


def test_a_damaged_column_is_missing_in_its_part_only(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = {"q": [f"text {n}" for n in range(40)], "x": [f"other {n}" for n in range(40)]}
    parquet.write_table(pyarrow.table(rows), path, row_group_size=20, compression="gzip", use_dictionary=False)
    column = parquet.ParquetFile(path).metadata.row_group(1).column(1)
    content = bytearray(path.read_bytes())
    start = column.data_page_offset
    content[start + 30 : start + column.total_compressed_size] = b"\x00" * (column.total_compressed_size - 30)
    path.write_bytes(content)
    base = opened(path)
    found = [row.data for row in base.rows()]
    assert [row["q"] for row in found] == rows["q"]
    assert ["x" in row for row in found] == [True] * 20 + [False] * 20
    assert "column x is damaged" in base.notes[0]


CLASSES = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": ["World", "Sports"], "_type": "ClassLabel"},
    "tags": {"feature": {"names": ["x", "y"], "_type": "ClassLabel"}, "_type": "List"},
    "old": [{"names": ["x", "y"], "_type": "ClassLabel"}],
    "inside": {"kind": {"names": ["p", "q"], "_type": "ClassLabel"}, "n": {"dtype": "int64", "_type": "Value"}},
}


def with_features(folder: Path, features: Any, **columns: list[Any]) -> Path:
    path = folder / "a.parquet"
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    parquet.write_table(pyarrow.table(columns).replace_schema_metadata(metadata), path)
    return path


def test_classes_of_datasets_are_read_by_their_names_wherever_they_stand(tmp_path: Path) -> None:
    path = with_features(
        tmp_path,
        CLASSES,
        text=["1", "b", "c", "d"],
        label=[1, 0, -1, None],
        tags=[[0, 1], [], None, [1]],
        old=[[0], [1], [], None],
        inside=[{"kind": 1, "n": 1}, {"kind": 0, "n": 0}, {"kind": None, "n": 1}, None],
    )
    base = opened(path)
    assert [row.data for row in base.rows()] == [
        {"text": "1", "label": "Sports", "tags": ["x", "y"], "old": ["x"], "inside": {"kind": "q", "n": 1}},
        {"text": "b", "label": "World", "tags": [], "old": ["y"], "inside": {"kind": "p", "n": 0}},
        {"text": "c", "label": None, "tags": None, "old": [], "inside": {"kind": None, "n": 1}},
        {"text": "d", "label": None, "tags": ["y"], "old": None, "inside": None},
    ]
    assert base.notes == [f"{base.shown}: label is read by its names: 0 is World, 1 is Sports"]


@pytest.mark.parametrize(
    "features", [None, [], "no", {"label": 3}, {"label": {"_type": "ClassLabel", "names": 3}}, {"label": {"names": []}}]
)
def test_features_that_name_nothing_change_nothing(features: Any, tmp_path: Path) -> None:
    assert data(with_features(tmp_path, features, label=[1, 7])) == [{"label": 1}, {"label": 7}]


def test_a_number_beyond_the_names_stays_a_number(tmp_path: Path) -> None:
    assert data(with_features(tmp_path, CLASSES, label=[0, 2])) == [{"label": "World"}, {"label": 2}]


def test_a_file_that_unpacks_without_end_is_refused_by_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"q": ["x" * 200_000] * 2000}), path)
    assert path.stat().st_size < 1_000_000
    monkeypatch.setattr("datagen_cli.sources.unpacking.MOST", 50_000_000)
    error = failure(path)
    assert "unpacks to more than" in error.message
    assert "DATAGEN_MAX_UNPACKED_GB" in error.hint
    monkeypatch.setenv("DATAGEN_MAX_UNPACKED_GB", "1")
    assert len(data(path)) == 2000


def test_rows_of_nothing_are_bounded_too_however_they_are_grouped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"q": pyarrow.nulls(100_000, pyarrow.string())}), path, row_group_size=5_000)
    assert path.stat().st_size < 20_000
    monkeypatch.setattr("datagen_cli.sources.unpacking.MOST", 3_000_000)
    assert "unpacks to more than" in failure(path).message


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


def test_the_names_of_classes_are_looked_up_once_for_all_values() -> None:
    walks = []

    class Names(list[str]):
        def __iter__(self) -> Any:
            walks.append(len(self))
            return super().__iter__()

    feature = {"_type": "ClassLabel", "names": Names(["no", "yes"])}
    made = namings({"label": feature, "deep": [{"of": feature, "n": {"_type": "Value"}}]})
    before = len(walks)
    assert made["label"]([0, 1, -1, 7, None]) == ["no", "yes", None, 7, None]
    assert made["deep"]([{"of": 1, "n": 1}, {"of": [0], "n": [1]}]) == [{"of": "yes", "n": 1}, {"of": ["no"], "n": [1]}]
    assert len(walks) == before
