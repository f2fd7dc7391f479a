"""`datagen student` as a user sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datagen_cli.cli.app import run
from tests.evaluation.files import news, write


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
    assert "as good as real alone" in captured.out
    assert "next: datagen eval a.jsonl --reference test.jsonl" in captured.err


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
        (["plain.jsonl", "--test", "test.jsonl"], "needs at least 10 labelled training rows, has 0"),
    ],
)
def test_what_cannot_be_trained_is_two(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("plain.jsonl"), [{"text": "no label"}] * 20)
    assert run(["student", *arguments]) == 2
    assert words in capsys.readouterr().err
