"""`datagen student` as a user sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datagen_cli.cli.app import run
from datagen_cli.core.errors import UsageError
from tests.evaluation.files import news, write
from tests.grids import mostly_slow


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("a.jsonl"), news(60, 1))
    write(Path("test.jsonl"), news(80, 2))
    write(Path("real.jsonl"), news(50, 3))


def test_it_scores_real_synthetic_and_both(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--test", "test.jsonl", "--reference", "real.jsonl", "--sizes", "20,50", "--seeds", "2"]
    assert run(["student", "a.jsonl", *flags, "--json", "--detail", "all.json"]) == 0
    found = json.loads(capsys.readouterr().out)
    kinds = [(row["train"], row["n"]) for row in found["rows"]]
    assert kinds[:3] == [("real", 20), ("synthetic", 20), ("real+synthetic", 40)]
    assert found["rows"][1]["accuracy"]["value"] > 0.9
    assert (found["n_test"], found["seeds"], found["real_from"]) == (80, 2, "real.jsonl")
    assert len(found["cartography"]["records"]) == 20
    assert len(json.loads(Path("all.json").read_text())["cartography"]["records"]) == 60
    assert run(["student", "a.jsonl", *flags]) == 0
    captured = capsys.readouterr()
    assert "within chance of real alone" in captured.out
    assert "next: datagen eval a.jsonl --reference test.jsonl" in captured.err


@pytest.mark.slow
def test_half_of_the_test_trains_without_real_rows_and_embeddings_may_be_learned_from(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["student", "a.jsonl", "--test", "test.jsonl", "--embedder", "hashed", "--seeds", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["student"] == "embedding+logistic"
    assert found["real_from"] == "half of the test rows"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.jsonl"], "--test"),
        (["a.jsonl", "--test", "none.jsonl"], "no such file"),
        (["a.jsonl", "--test", "test.jsonl", "--sizes", "1,x"], "--sizes"),
        (["a.jsonl", "--test", "test.jsonl", "--seeds", "0"], "--seeds"),
        (["-", "--test", "-"], "standard input can be read once only"),
        (["a.jsonl", "--test", "-", "--reference", "-"], "standard input can be read once only"),
        (["a.jsonl", "--test", "test.jsonl", "--detail", "-", "--json"], "only one of --json and --detail -"),
        (["a.jsonl", "--test", "test.jsonl", "--reference-text", "nope"], "--reference-text: no row has a column"),
        (["plain.jsonl", "--test", "test.jsonl"], "needs at least 10 labelled training rows, has 0"),
    ],
)
def test_what_cannot_be_trained_is_two(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("plain.jsonl"), [{"text": "no label"}] * 20)
    assert run(["student", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_detail_that_cannot_be_written_is_found_before_training(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datagen_cli.cli.student.learning_curve", lambda *_, **__: pytest.fail("trained"))
    assert run(["student", "a.jsonl", "--test", "test.jsonl", "--detail", "none/x.json"]) == 2
    assert "--detail: there is no such folder" in capsys.readouterr().err


def test_scores_are_shown_although_their_file_cannot_be_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise UsageError("cannot write: no space left")

    monkeypatch.setattr("datagen_cli.cli.student.write_output", full)
    flags = ["--sizes", "20", "--seeds", "1", "--detail", "x.json"]
    assert run(["student", "a.jsonl", "--test", "test.jsonl", *flags]) == 2
    assert "trained on" in capsys.readouterr().out


@pytest.mark.slow
def test_detail_goes_to_standard_output_instead_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["student", "a.jsonl", "--test", "test.jsonl", "--seeds", "1", "--detail", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["cartography"]["records"]) == 60
    assert not Path("-").exists()


def test_rows_without_a_label_and_simulated_sets_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{**row, "simulated": True} for row in news(60, 1)]
    write(Path("a.jsonl"), [*rows, {"text": "unlabelled", "label": None}, {"text": "too", "label": ""}])
    write(Path("test.jsonl"), [*news(80, 2), {"text": "unlabelled"}])
    assert run(["student", "a.jsonl", "--test", "test.jsonl", "--seeds", "1"]) == 0
    said = capsys.readouterr().err
    assert "a.jsonl: 2 rows have no text or no label (the label): left out" in said
    assert "test.jsonl: 1 row has no text or no label" in said
    assert "simulated: a.jsonl was written by the offline model" in said
    assert "simulated: test.jsonl" not in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    mostly_slow(
        [
            (["a.jsonl", "--metrics", ""], "--metrics names no measure"),
            (["a.jsonl", "--metrics", " , "], "--metrics names no measure"),
            (["-", "--reference", "-"], "standard input can be read once only"),
            (["a.jsonl", "--gold", "-", "--compare", "-"], "standard input can be read once only"),
            (["-", "--gates", "-"], "standard input can be read once only"),
            (["a.jsonl", "test.jsonl", "--reference", "-"], "standard input can be read once only"),
            (["a.jsonl", "--gold", "empty.jsonl"], "empty.jsonl: --gold: the file is empty"),
            (["broken.jsonl"], "broken.jsonl:1: no row can be read: not JSON"),
        ],
        0,
        3,
    ),
)
def test_eval_refuses_before_measuring(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty.jsonl").write_text("")
    Path("broken.jsonl").write_text("{broken\n")
    assert run(["eval", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert run(["eval", "empty.jsonl", "--metrics", "length"]) == 0


def test_a_measure_of_words_embeds_nothing_of_a_larger_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    write(Path("real.jsonl"), news(300, 3))
    monkeypatch.setattr("datagen_cli.evaluation.embedding.ProgressEmbedder.encode", lambda *_: pytest.fail("embedded"))
    flags = ["--reference", "real.jsonl", "--embedder", "hashed", "--metrics", "length"]
    assert run(["eval", "a.jsonl", *flags]) == 0
    with pytest.raises(pytest.fail.Exception, match="embedded"):
        run(["eval", "a.jsonl", *flags[:-1], "aps"])
