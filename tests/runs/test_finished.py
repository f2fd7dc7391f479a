"""A finished run asked again: nothing is read back while it is as it was left, and all of it once it is not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.pipeline.runner import Runner
from datagen_cli.runs.checkpoint import Checkpoint
from tests.grids import mostly_slow
from tests.runs.whole import generate, outcome, ready, report

ARGUMENTS = ["quickstart", "-n", "20", "--set=limits.attempts_per_record=20"]


def finished(folder: Path) -> dict[str, Any]:
    ready(folder, *ARGUMENTS)
    found: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return found


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the stages whose checkpoints are opened from now on."""
    opened: list[str] = []
    real = Checkpoint.__init__

    def opening(self: Checkpoint, path: Path, stage: str, fingerprint: str) -> None:
        opened.append(stage)
        real(self, path, stage, fingerprint)

    monkeypatch.setattr(Checkpoint, "__init__", opening)
    return opened


def test_a_finished_run_is_not_read_back_and_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, content = finished(tmp_path), outcome(tmp_path)
    opened = counted(monkeypatch)
    found = report(capsys, *ARGUMENTS, "-o", tmp_path)
    assert opened == []
    assert (found["calls"], found["cached_calls"], found["new_records"], found["exit_code"]) == (0, 0, 0, 0)
    after = json.loads((tmp_path / "run.json").read_text())
    changing = {"started", "finished", "seconds", "calls", "cached_calls", "new_records"}
    assert {k: v for k, v in after.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
    assert outcome(tmp_path) == content
    assert generate(*ARGUMENTS, "-o", tmp_path) == 0
    assert "already complete" in capsys.readouterr().err


NAMES = [
    "dataset.jsonl",
    "rejected.jsonl",
    "README.md",
    "plants.jsonl",
    "recipe.lock.yaml",
    "checkpoints/6-dedup.jsonl",
]


@pytest.mark.parametrize("name", mostly_slow(NAMES, 0, 4))
@pytest.mark.parametrize("how", ["cut", "gone"])
def test_what_is_missing_or_cut_is_made_again(
    name: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(*ARGUMENTS, "-o", tmp_path) if name == "README.md" else finished(tmp_path)  # a card names its folder
    content = (tmp_path / name).read_bytes()
    whole = outcome(tmp_path)
    if how == "cut":
        os.truncate(tmp_path / name, len(content) // 2)
    else:
        (tmp_path / name).unlink()
    opened = counted(monkeypatch)
    assert generate(*ARGUMENTS, "-o", tmp_path) == 0
    assert "dedup" in opened
    if name != "plants.jsonl":  # the truth of a simulation is written when it is planted, not made again
        assert (tmp_path / name).read_bytes() == content
        assert outcome(tmp_path) == whole


@pytest.mark.parametrize(
    "change", mostly_slow([["--seed", "8"], ["-n", "21"], ["-n", "19"], ["--set=limits.attempts_per_record=21"]], 0, 3)
)
def test_another_wish_is_not_taken_for_the_finished_run(
    change: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(tmp_path)
    opened = counted(monkeypatch)
    assert generate(*ARGUMENTS, *change, "-o", tmp_path) == 0
    assert "dedup" in opened


def test_a_run_that_goes_on_takes_whole_records_without_making_their_units(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clean = ["quickstart", "--set=model.faults=none", "-o", tmp_path / "a"]
    assert generate(*clean, "-n", "30") == 0
    slow: list[int] = []
    real = Runner._replay
    monkeypatch.setattr(Runner, "_replay", lambda self, unit: slow.append(unit.first) or real(self, unit))
    found = report(capsys, *clean, "-n", "34")
    assert (found["accepted"], found["calls"]) == (34, 4)
    assert slow == [30, 31, 32, 33]
    assert generate(*clean[:-1], tmp_path / "b", "-n", "34") == 0
    assert outcome(tmp_path / "a") == outcome(tmp_path / "b")


def test_the_lock_of_a_run_is_a_recipe_that_makes_the_same_dataset(tmp_path: Path) -> None:
    finished(tmp_path / "first")
    assert generate(tmp_path / "first" / "recipe.lock.yaml", "-o", tmp_path / "second") == 0
    assert outcome(tmp_path / "second") == outcome(tmp_path / "first")


def test_a_damaged_line_is_said_and_its_work_done_again_for_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished(tmp_path)
    before = outcome(tmp_path)
    checkpoint = tmp_path / "checkpoints" / "3-generate.jsonl"
    lines = checkpoint.read_bytes().splitlines(keepends=True)
    lines[5] = b"\x00" * (len(lines[5]) - 1) + b"\n"
    checkpoint.write_bytes(b"".join(lines))
    found = report(capsys, *ARGUMENTS, "-o", tmp_path)
    assert (found["exit_code"], found["calls"]) == (0, 0)
    assert outcome(tmp_path) == before
    [note] = [text for text in json.loads((tmp_path / "run.json").read_text())["notes"] if "damaged" in text]
    assert note.startswith("3-generate.jsonl: 1 damaged line,")
