from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.errors import DataError

from .bases import read


def write(folder: Path, rows: list[Any], name: str = "base.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_rows_come_in_the_recipes_fields_with_names(tmp_path: Path) -> None:
    path = write(tmp_path, [{"Q": "one", "A": "#### 1", "x": 0}, {"Q": "two", "A": "#### 2", "x": 0}])
    fields = {"answer": {"column": "A", "regex": r"#### (\d+)", "type": "number"}, "question": "Q"}
    base = read(path, fields=fields)
    assert base.rows == (
        ("row 1", {"answer": 1, "question": "one"}),
        ("row 2", {"answer": 2, "question": "two"}),
    )
    assert (base.read, base.skipped, base.shown, len(base.digest)) == (2, 0, str(path), 64)


def test_without_a_base_there_are_fields_and_no_rows() -> None:
    base = read(fields={"text": {"type": "text"}})
    assert (base.rows, base.digest, [spec.name for spec in base.specs]) == ((), "", ["text"])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"q": "three"}, "y: there is no column 'y'"),
        ({"q": "", "y": "a"}, "q: column 'q' is empty"),
        ({"q": 3, "y": "a"}, "q: expected text, found number (column 'q')"),
        ({"q": "three", "y": "c"}, "y: 'c' is not one of the label's values (column 'y')"),
    ],
)
def test_a_row_that_does_not_fit_stops_with_its_line_or_is_skipped_and_counted(
    tmp_path: Path, row: dict[str, Any], reason: str
) -> None:
    path = write(tmp_path, [{"q": "one", "y": "a"}, row, {"q": "two", "y": "b"}])
    more: dict[str, Any] = {"fields": {"q": "q", "y": "y"}, "label": {"field": "y", "values": ["a", "b"]}}
    with pytest.raises(DataError) as caught:
        read(path, **more)
    assert str(caught.value) == f"{path}:2: {reason}"
    assert caught.value.hint
    base = read(path, on_bad_row="skip", **more)
    assert [name for name, _ in base.rows] == ["row 1", "row 3"]
    assert (base.skipped, base.reasons) == (1, (f"{path}:2: {reason}",))


def test_skipping_every_row_is_an_error_that_quotes_the_first(tmp_path: Path) -> None:
    path = write(tmp_path, [{"q": 1}, {"q": 2}])
    with pytest.raises(DataError, match="all 2 were skipped") as caught:
        read(path, fields={"q": {"column": "q", "type": "text"}}, on_bad_row="skip")
    assert "base.jsonl:1: q: expected text, found number" in caught.value.hint
    path.write_text("[]\n3\n")
    with pytest.raises(DataError, match="all 2 were skipped"):
        read(path, on_bad_row="skip")


def test_what_the_base_lacks_is_said_with_its_name(tmp_path: Path) -> None:
    path = write(tmp_path, [{"n": 1}])
    with pytest.raises(DataError, match="not all columns of the base are text") as caught:
        read(path)
    assert caught.value.place is not None and caught.value.place.file == str(path)


def test_a_file_in_the_working_folder_is_shown_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read(write(tmp_path, [{"q": "x"}])).shown == "base.jsonl"


def test_identity_is_json_and_changes_with_what_rows_become(tmp_path: Path) -> None:
    path = write(tmp_path, [{"q": "x 1"}])
    plain = read(path).identity
    assert json.loads(json.dumps(plain)) == plain
    assert read(path, fields={"q": "q"}).identity != read(path, fields={"q": {"regex": r"\d"}}).identity
    assert read(path, limit=1).identity == plain


def test_a_table_gives_texts_and_a_typed_field_a_number(tmp_path: Path) -> None:
    path = tmp_path / "base.csv"
    path.write_text("q,a\nx,3\ny,4.5\n")
    assert [row for _, row in read(path).rows] == [{"q": "x", "a": "3"}, {"q": "y", "a": "4.5"}]
    base = read(path, fields={"q": "q", "a": {"column": "a", "type": "number"}})
    assert [row["a"] for _, row in base.rows] == [3, 4.5]
    assert base.rows[0][0] == "row 2"


def test_labels_that_differ_in_case_and_spaces_alone_are_said(tmp_path: Path) -> None:
    from datagen_cli.config.load import load_recipe
    from datagen_cli.sources.open import read_base

    rows = [{"text": f"text {n}", "label": label} for n, label in enumerate(["Delivery", "delivery ", "Billing"])]
    (tmp_path / "b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "r.yaml").write_text(
        "version: 1\nname: r\ndescription: d\nmodel: offline\ncount: 2\nbase: {path: b.jsonl}\n"
        "fields: {text: text, label: {column: label, type: label}}\nlabel: label\n"
    )
    (note,) = read_base(load_recipe("r.yaml", environ={}, cwd=tmp_path).options).notes
    assert note.endswith("each taken for a label of its own: 'Delivery' and 'delivery '")


def test_a_row_whose_label_is_none_of_its_choices_is_a_bad_row(tmp_path: Path) -> None:
    rows = [{"q": f"question {n}", "choices": ["x", "y", "z"], "answer": "ABC"[n % 3]} for n in range(10)]
    rows[4]["answer"] = "E"
    path = tmp_path / "quiz.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    more: dict[str, Any] = {"fields": {"q": "q", "choices": "choices", "answer": "answer"}, "label": "answer"}
    with pytest.raises(DataError, match="answer: 'E' is none of the 3 items of choices") as caught:
        read(path, **more)
    assert str(caught.value.place) == f"{path}:5" and "on_bad_row: skip" in str(caught.value.hint)
    base = read(path, on_bad_row="skip", **more)
    assert len(base.rows) == 9 and base.skipped == 1 and base.pointer is not None
