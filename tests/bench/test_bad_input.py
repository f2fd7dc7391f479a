"""What is wrong with a bench is one line with a hint, exit code 2, before anything is paid or written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.running import MINI, NEWS, SEEDS, TEST, bench, offline, refused, row_of

TWO = ("--model", "offline", "--model", "offline")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, rows: list[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((NEWS, "--model", "offline"), "offline alone is named, and bench compares two or more"),
        ((NEWS,), "nothing is named, and bench compares two or more"),
        ((), "nothing is named, and bench compares two or more"),
        ((NEWS, *TWO, "--seed", "1"), "one seed alone"),
        ((NEWS, *TWO, "--seed", "1", "--seed", "1"), "--seed 1: given twice"),
        ((NEWS, *TWO, "--judge", "offline"), "--judge offline: it is the generator offline itself"),
        (
            (NEWS, "--model", "offline", "--vary", "examples.stategy=random,clusters"),
            "examples.stategy: unknown option",
        ),
        ((NEWS, "--model", "offline", "--vary", "no_such_key=1,2"), "--vary no_such_key: unknown option"),
        ((NEWS, "--model", "offline", "--vary", "examples.k=2,many"), "examples.k"),
        ((NEWS, "--model", "offline", "--vary", "examples.k=2"), "--vary examples.k: one value only"),
        ((NEWS, "--model", "offline", "--vary", "examples.k=2,2"), "the same value twice"),
        ((NEWS, "--model", "offline", "--vary", "examples.k"), "expected KEY=a,b"),
        ((NEWS, "--model", "offline", "--vary", "count=2,3"), "--vary count: this key cannot vary"),
        ((NEWS, "--model", "offline", "--vary", "model=a,b"), "--vary model: this key cannot vary"),
        ((NEWS, *TWO, "--student", "linear"), "students need real rows"),
        ((NEWS, *TWO, "--student", "forest", "--test", TEST), "--student"),
        ((NEWS, *TWO, "--test", "gone.jsonl"), "no such file"),
        ((NEWS, *TWO, "--max-cost", "0"), "--max-cost"),
        ((NEWS, *TWO, "-n", "0"), "count"),
        ((NEWS, *TWO, "--dataset", "gone.jsonl"), "expected NAME=FILE"),
        ((NEWS, *TWO, "--dataset", "x=gone.jsonl"), "no such file"),
        ((NEWS, NEWS, *TWO), "two recipes are called news: their settings differ"),
        ((MINI, NEWS), "is a bench file and stands alone"),
        (("gone.yaml", *TWO), "no such recipe"),
        (("-", *TWO), "- cannot be one"),
        ((TEST, *TWO), "a dataset is no recipe"),
        ((NEWS, "--model", "offline", "--model", "gone.yaml"), "no such model file"),
        ((NEWS, "--model", "offline", "--model", "nobody/such"), "nobody"),
    ],
)
def test_it_is_said_at_once(words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told in refused(capsys, *words)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"body": "a text", "topic": "World", "more": "other words"}], "--test: no column text"),
        ([{"text": f"about {n}", "topic": "World"} for n in range(20)], "--test: no column label"),
        ([{"text": f"about {n}", "label": "Weather"} for n in range(20)], "labels that the candidates do not: weather"),
        ([{"text": f"about {n}", "label": "World"} for n in range(20)], "one label only"),
        ([{"text": "about", "label": "World"}, {"text": "other", "label": "Sports"}], "needs at least 10"),
    ],
)
def test_a_test_with_other_columns_or_labels(
    rows: list[dict[str, object]], told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = write(folder / "test.jsonl", rows)
    assert told in refused(capsys, NEWS, *TWO, "--test", test)


@pytest.mark.slow
def test_a_reference_that_is_no_better_than_the_base(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["World", "Sports", "Business", "Sci/Tech"]
    rows: list[dict[str, object]] = [
        {"text": f"w{n * 7919 % 1000} q{n}", "label": names[n * 31 % 4]} for n in range(80)
    ]
    test = write(folder / "noise.jsonl", rows)
    assert "there is no gap to recover" in refused(capsys, NEWS, *TWO, "--test", test)


def test_a_checker_that_would_change_with_the_generator(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path(NEWS).read_text().replace("model: offline", "models: {generator: offline}\nvalidators: [reflect]")
    (folder / "own.yaml").write_text(text.replace("../../..", str(Path(NEWS).parents[3])))
    one, other = offline(folder / "a.yaml", wrong_label=0.1), offline(folder / "b.yaml", wrong_label=0.3)
    said = refused(capsys, "own.yaml", "--model", one, "--model", other)
    assert "the settings differ in more than the generator: b would also be the reviewer" in said
    assert "--model reviewer=MODEL" in said


@pytest.mark.slow
def test_a_folder_with_results_of_other_settings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = (NEWS, *TWO, "-o", "out", *SEEDS)
    assert bench(capsys, *words, "-n", "8")[0] == 0
    assert "a bench of other settings" in refused(capsys, *words, "-n", "12")
    assert "a bench of other settings" in refused(capsys, *words, "-n", "8", "--set", "examples.k=1")
    assert bench(capsys, *words, "-n", "8", "--concurrency", "2")[0] == 0


def test_a_bench_file_that_is_wrong_says_where(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "b.yaml").write_text("bench: 1\nrecipes: [quickstart]\nmodel: {a: offline}\n")
    said = refused(capsys, "b.yaml")
    assert "b.yaml:3: model: unknown option" in said and "did you mean models?" in said


def test_a_missing_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "sklearn" else found(name, *more)
    )
    assert "need scikit-learn" in refused(capsys, NEWS, *TWO, "--test", TEST)


def test_a_simulation_among_real_sets_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real = str(Path(NEWS).parents[3] / "recipes" / "data" / "ag_news.jsonl")
    code, found, _ = bench(capsys, NEWS, "-m", "offline", "--dataset", f"own={real}", "-n", "12", *SEEDS)
    assert code == 0
    assert "simulated, so their rank says nothing: offline" in found["notes"]
    assert row_of(found, "own")["metrics"] and "yield" not in row_of(found, "own")
