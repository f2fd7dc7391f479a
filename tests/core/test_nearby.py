"""What is told where a path leads nowhere: the file or the run that was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.core.nearby import MOST_ENTRIES, near_file, near_runs


def made(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_a_file_of_nearly_that_name_in_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, "my.yaml", "data/tickets.csv", "data/.tickets.swp")
    monkeypatch.chdir(tmp_path)
    assert near_file("my.yml") == "did you mean my.yaml?"
    assert near_file("data/tikets.csv") == "did you mean data/tickets.csv?"
    assert near_file("my.yaml") == "", "what is there and cannot be read is not another file"
    assert near_file("data/tikets.csv", (".yaml",)) == near_file("data/zz") == near_file("gone/tickets.csv") == ""


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("runs/secnd", "did you mean runs/second?"),
        ("runs", "runs that are there: runs/first, runs/second"),
        ("elsewhere", "runs that are there: runs/first, runs/second"),
        ("runs/first/dataset.jsonl", "name its folder: runs/first"),
    ],
)
def test_the_run_that_is_meant_or_those_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, hint: str
) -> None:
    made(tmp_path, "runs/first/run.json", "runs/second/run.json", "runs/notes/x", "runs/first/dataset.jsonl")
    monkeypatch.chdir(tmp_path)
    assert near_runs(Path(given)) == hint


def test_a_folder_of_many_runs_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, *(f"runs/a{place}/run.json" for place in range(8)))
    monkeypatch.chdir(tmp_path)
    assert near_runs(Path("runs")) == "runs that are there: runs/a0, runs/a1, runs/a2, runs/a3, runs/a4 and 3 more"


def test_a_folder_without_end_is_looked_at_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr("os.path.splitext", lambda name: looked.append(name) or ("", ""))
    made(tmp_path, *map(str, range(MOST_ENTRIES + 50)))
    near_file(tmp_path / "x", (".yaml",))
    assert len(looked) == MOST_ENTRIES


def test_no_runs_are_made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert near_runs(Path("runs/x")) == near_runs(Path("\0")) == ""
