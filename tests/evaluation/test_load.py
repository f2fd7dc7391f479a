"""Files and run folders as datasets: which columns, which ids, what is left out, what is sampled."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from datagen_cli.core.errors import DataError, UsageError
from datagen_cli.evaluation import load as module
from datagen_cli.evaluation.columns import text_columns
from datagen_cli.evaluation.load import (
    Wanted,
    base_of,
    load_dataset,
    load_other,
    load_reference,
    refuse_empty,
    refuse_second_stdin,
    sample,
)
from datagen_cli.evaluation.subsets import Part, drawn_rows
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.text.embed import open_embedder
from tests.evaluation.files import write
from tests.runs.whole import generate


def test_text_columns_are_those_of_text_but_id_and_label(tmp_path: Path) -> None:
    rows = [
        {"id": "x", "question": "Why?", "answer": "So.", "label": "a", "n": 3, "uuid": "ab-12", "note": None},
        {"id": "y", "question": "How?", "answer": "Thus it is.", "label": "b", "n": 4, "uuid": "ab-13", "note": None},
    ]
    found = load_dataset(write(tmp_path / "a.jsonl", rows), Wanted()).dataset
    assert found.text_fields == ("question", "answer")
    assert found.label_field == "label"
    assert found.texts == ["Why?\n\nSo.", "How?\n\nThus it is."]
    assert found.ids == ("x", "y")


def test_ids_are_the_numbers_of_rows_where_there_are_none_those_that_cannot_be_read_among_them(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"t": "a"}\n\n{"t": 1\n{"t": "b"}\n')
    assert load_dataset(str(path), Wanted()).dataset.ids == ("1", "3")


def test_fields_named_by_the_user_win_and_a_slip_is_told(tmp_path: Path) -> None:
    name = write(tmp_path / "a.jsonl", [{"a": "x", "b": "y", "kind": "k"}])
    found = load_dataset(name, Wanted(("b",), "kind")).dataset
    assert (found.texts, found.labels) == (["y"], ["k"])
    with pytest.raises(DataError, match="no row has a column 'kin'") as caught:
        load_dataset(name, Wanted((), "kin"))
    assert caught.value.advice == "did you mean kind?"


def test_a_file_in_which_no_text_is_found_says_which_option_names_one(tmp_path: Path) -> None:
    file = write(tmp_path / "numbers.jsonl", [{"text": n, "label": "a"} for n in range(4)])
    note = f"{file}: no column of texts was found (it has: text, label); --text names one"
    assert load_dataset(str(file), Wanted()).notes == [note]
    assert load_dataset(str(file), Wanted(("text",))).notes == []
    assert all("--text " not in one for one in load_reference(str(file), Dataset("d", [], ("text",)), Wanted()).notes)


def test_broken_rows_are_left_out_counted_and_said(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"t": "a"}\nnot json\n[1]\n{"t": "b"}\n')
    loaded = load_dataset(str(path), Wanted())
    assert loaded.total == 2
    assert "2 rows cannot be read" in loaded.notes[0]
    assert "line 2" in loaded.notes[0]


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "tsv", "jsonl.gz", "txt", ""])
def test_every_kind_of_file_is_read(ending: str, tmp_path: Path) -> None:
    content = {"json": '[{"t": "a b"}]', "csv": "t\na b\n", "tsv": "t\na b\n"}.get(ending, '{"t": "a b"}\n').encode()
    path = tmp_path / (f"a.{ending}" if ending else "a")
    path.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    assert load_dataset(str(path), Wanted()).dataset.texts == ["a b"]


def piped(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


ODD_LINES = (
    b'{"t": "a"}\n\nbad\n{"t": "b"}\n',
    b'\xef\xbb\xbf{"t": "with a mark"}\n',
    b'{"t": "a"}\n{"t": "\xff"}\n',
    b'{"t": "a"}\n{"t": "x", "n": NaN}\n',
    b'{"t": "a"}\n{"t": "\\ud800"}\n',
    b'{"t": "a"}\n[{"t": "b"}]\n',
    b'{"t": "a"}\n{"t": "' + b"x" * 10_000_000 + b'"}\n{"t": "b"}\n',
    b'{"t": "a\xc2\x85b"}\r\n{"t": "c\0"}',
    b"",
)


@pytest.mark.parametrize("content", ODD_LINES, ids=range(len(ODD_LINES)))
def test_standard_input_is_read_as_a_file_is(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    piped(content, monkeypatch)
    expected, found = load_dataset(str(path), Wanted()), load_dataset("-", Wanted())
    assert (found.dataset.rows, found.dataset.ids) == (expected.dataset.rows, expected.dataset.ids)
    assert [note.removeprefix("-") for note in found.notes] == [note.removeprefix(str(path)) for note in expected.notes]
    assert found.dataset.name == "-"


def test_a_closed_standard_input_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="standard input is closed"):
        load_dataset("-", Wanted())


@pytest.mark.parametrize("name", ["-", "a.jsonl", "a.json"])
def test_a_file_of_broken_rows_alone_is_an_error_with_the_first_reason(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"[1, 2]" if name.endswith(".json") else b"\nnot json\n[1]\n"
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(content)
    piped(content, monkeypatch)
    with pytest.raises(DataError) as caught:
        load_dataset(name, Wanted())
    expected = {"a.json": "a.json: no row can be read: row 1: expected an object"}
    assert str(caught.value).startswith(expected.get(name, f"{name}:2: no row can be read: not JSON"))


def test_a_name_that_no_output_could_hold_is_an_error(tmp_path: Path) -> None:
    for ask in (lambda: load_dataset("n\udcff.jsonl", Wanted()), lambda: refuse_empty("--gold", "n\udcff.jsonl")):
        with pytest.raises(DataError, match="the name is not UTF-8") as caught:
            ask()
        assert str(caught.value).isascii()
    assert len(load_dataset(write(tmp_path / "naïve.jsonl", [{"t": "a"}]), Wanted()).dataset) == 1


def test_a_slip_in_a_column_names_the_option_that_held_it(tmp_path: Path) -> None:
    name = write(tmp_path / "a.jsonl", [{"t": "a"}])
    ours = load_dataset(name, Wanted()).dataset
    with pytest.raises(DataError, match=r"^[^ ]+: --text: no row has a column 'nope'"):
        load_dataset(name, Wanted(("nope",)))
    with pytest.raises(DataError, match=r"^[^ ]+: --reference-text: no row has a column 'nope'"):
        load_reference(name, ours, Wanted(("nope",)))


def test_a_file_that_must_hold_rows_is_refused_by_its_option(tmp_path: Path) -> None:
    refuse_empty("--gold", write(tmp_path / "a.jsonl", [{"t": "a"}]))
    refuse_empty("--gold", None)
    refuse_empty("--gold", "-")
    with pytest.raises(DataError, match="--gold: the file is empty"):
        refuse_empty("--gold", write(tmp_path / "b.jsonl", []))


def test_standard_input_may_be_named_once() -> None:
    refuse_second_stdin(["-", "a.jsonl", None])
    with pytest.raises(UsageError, match="once only") as caught:
        refuse_second_stdin(["-", None, "-"])
    assert "name - once" in caught.value.advice


def test_a_part_is_embedded_only_when_its_vectors_are_asked_for(tmp_path: Path) -> None:
    rows = [{"t": f"text number {number}"} for number in range(5)]
    dataset = load_dataset(write(tmp_path / "a.jsonl", rows), Wanted()).dataset
    embedder = open_embedder("hashed", None)
    whole = Features(dataset, embedder=embedder)
    part = Part(whole, [3, 1])
    assert part.texts == ["text number 3", "text number 1"]
    assert "vectors" not in whole.__dict__
    assert part.vectors is not None and whole.vectors is not None
    assert (part.vectors == whole.vectors[[3, 1]]).all()
    assert Part(Features(dataset), [0]).vectors is None


def test_an_empty_file_is_a_dataset_without_rows(tmp_path: Path) -> None:
    loaded = load_dataset(write(tmp_path / "a.jsonl", []), Wanted(("t",), "label"))
    assert (loaded.total, len(loaded.dataset)) == (0, 0)


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        load_dataset(str(tmp_path / "none.jsonl"), Wanted())
    with pytest.raises(DataError, match="holds no run"):
        load_dataset(str(tmp_path), Wanted())


def test_a_large_file_is_sampled_evenly_in_order_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(number, {"t": str(number)}) for number in range(10_000)]
    kept, total = sample(rows, 500)
    numbers = [number for number, _ in kept]
    assert total == 10_000
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 500
    assert 4_500 < sum(numbers) / 500 < 5_500
    monkeypatch.setattr(module, "LARGEST", 10)
    monkeypatch.setattr(module.sample, "__defaults__", (10,))
    loaded = load_dataset(write(tmp_path / "a.jsonl", [{"t": str(number)} for number in range(50)]), Wanted())
    assert (loaded.total, len(loaded.dataset)) == (50, 10)
    assert "a random sample of 10 of its 50 rows" in loaded.notes[0]


def test_a_sample_does_not_depend_on_the_name_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module.sample, "__defaults__", (10,))
    rows = [{"t": str(number)} for number in range(50)]
    write(Path("a.jsonl"), rows)
    write(Path("other.jsonl"), rows)
    kept = [load_dataset(name, Wanted()).dataset for name in ("a.jsonl", "./a.jsonl", str(tmp_path / "other.jsonl"))]
    assert kept[0].rows == kept[1].rows == kept[2].rows
    drawn = [drawn_rows(dataset, 5).rows for dataset in kept]
    assert drawn[0] == drawn[1] == drawn[2]


def test_a_reference_is_read_by_the_same_fields_or_its_only_text(tmp_path: Path) -> None:
    ours = load_dataset(write(tmp_path / "a.jsonl", [{"text": "a", "label": "x"}]), Wanted()).dataset
    same = load_reference(write(tmp_path / "b.jsonl", [{"text": "b", "more": "c", "label": "y"}]), ours, Wanted())
    assert (same.dataset.texts, same.dataset.labels) == (["b"], ["y"])
    only = load_reference(write(tmp_path / "c.jsonl", [{"sentence": "c", "label": "y"}]), ours, Wanted())
    assert only.dataset.texts == ["c"]
    several = load_reference(write(tmp_path / "d.jsonl", [{"q": "c", "a": "d"}]), ours, Wanted())
    assert several.dataset.text_fields == ()
    assert "--reference-text" in several.notes[0]
    named = load_reference(str(tmp_path / "d.jsonl"), ours, Wanted(("q",)))
    assert named.dataset.texts == ["c"]


def test_a_run_folder_brings_its_verdicts_its_base_and_that_it_is_simulated(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert generate("quickstart", "-n", "12", "-o", folder, "--set=model.faults={off_constraint: 0.5}") == 0
    loaded = load_dataset(str(folder), Wanted())
    assert (loaded.total, loaded.dataset.simulated, loaded.dataset.text_fields) == (12, True, ("question",))
    facts = loaded.dataset.run
    assert facts is not None
    assert (facts.checks, facts.constraints) == (
        ["length", "ends_with_a_question", "range"],
        {"length", "ends_with_a_question", "range"},
    )
    stored = json.loads((folder / "run.json").read_text())["checks"]
    for name, counts in stored.items():
        first = [verdicts[name] for verdicts in facts.first if name in verdicts]
        assert {outcome: first.count(outcome) for outcome in set(first)} == counts["before"]
        assert [verdicts[name] for verdicts in facts.last].count("pass") == counts["after"]["pass"]
    assert loaded.run is not None
    base = base_of(loaded.run, loaded.dataset)
    assert base is not None
    assert base.dataset.name == "word_problems.jsonl"
    assert (base.dataset.text_fields, len(base.dataset)) == (("question",), 52)


def test_emitted_attributes_are_no_text() -> None:
    rows = [{"id": "1", "body": "some words", "topic": "x", "attributes": {"topic": "x"}, "verdicts": {}}]
    assert text_columns(rows) == ["body"]


@pytest.mark.samples
def test_sample_files_have_the_columns_that_a_reader_would_take(sample: Callable[[str], Path]) -> None:
    found = load_dataset(str(sample("synthetic/unigen/seed_gsm8k.jsonl")), Wanted()).dataset
    assert (found.text_fields, found.label_field) == (("text",), "label")


def test_a_column_of_few_values_beside_text_is_a_category_and_no_text() -> None:
    rows = [{"text": f"text number {n}", "prompt": f"Rating: {n % 2}"} for n in range(100)]
    assert text_columns(rows) == ["text"]
    assert text_columns(rows[:99]) == ["text", "prompt"]
    assert text_columns([{"text": "the same"} for _ in range(200)]) == ["text"]
    assert text_columns([{"text": "the same", "other": "as well"} for _ in range(200)]) == ["text", "other"]


def test_a_reference_is_read_by_columns_that_are_called_so_but_for_spaces_and_case(tmp_path: Path) -> None:
    ours = load_dataset(
        write(tmp_path / "a.jsonl", [{"customer_message": "a b", "category": "x"}]),
        Wanted(("customer_message",), "category"),
    ).dataset
    table = "Customer message;Note;Category\nwhere is it;so it is;x\n"
    (tmp_path / "b.csv").write_text(table)
    for found in (
        load_reference(str(tmp_path / "b.csv"), ours, Wanted()).dataset,
        load_other(str(tmp_path / "b.csv"), ours, Wanted()).dataset,
    ):
        assert (found.text_fields, found.label_field) == (("Customer message",), "Category")
        assert (found.texts, found.labels) == (["where is it"], ["x"])
    (tmp_path / "c.csv").write_text("Customer message,customer-message\na b,c d\n")
    assert load_reference(str(tmp_path / "c.csv"), ours, Wanted()).dataset.text_fields == ()
