"""`datagen prune`: what people read stays, the same command is still complete, a larger one is refused unpaid."""

from __future__ import annotations

import json
import shlex
from io import StringIO
from pathlib import Path

import pytest

from datagen_cli.cli.app import run
from datagen_cli.runs.folder import RunFolder
from tests.grids import mostly_slow
from tests.runs.whole import generate, ready, report

KEPT = ("dataset.jsonl", "rejected.jsonl", "README.md", "recipe.lock.yaml", "spending.jsonl")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    ready(tmp_path / "run", "tickets", "-n", "6", "--quiet")
    return tmp_path / "run"


def test_what_is_read_stays_and_the_rest_goes(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {name: (made / name).read_bytes() for name in KEPT}
    for damaged in ("broken-1", "broken-1-wal", "unread-2"):  # as they are moved aside
        (made / f"calls.sqlite.{damaged}").write_bytes(b"replies")
    assert run(["prune", str(made), "--json"]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert found["removed"] is True
    assert found["bytes"] > 10_000
    assert {Path(name).name for name in found["files"]} >= {"calls.sqlite", "2-plan.jsonl", "6-dedup.jsonl"}
    assert "lost with them:" in shown.err
    assert shown.err.index("lost with them") < shown.err.index("next: ")
    assert not list((made / "checkpoints").iterdir())
    assert not list(made.glob("calls.sqlite*"))
    assert {name: (made / name).read_bytes() for name in KEPT} == before


def test_the_same_command_is_still_complete_and_a_larger_one_is_refused(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = (made / "dataset.jsonl").read_bytes()
    assert run(["prune", str(made)]) == 0
    again = report(capsys, "tickets", "-n", "6", "-o", made)
    assert (again["exit_code"], again["calls"], again["new_records"]) == (0, 0, 0)
    assert "already complete" in again["reason"]
    assert generate("tickets", "-n", "9", "-o", made) == 2
    said = capsys.readouterr().err
    assert "this run was pruned (" in said
    assert "hint: --new makes another run" in said
    assert (made / "dataset.jsonl").read_bytes() == dataset
    assert generate("tickets", "-n", "9", "-o", made, "--fresh", "--quiet") == 0
    assert len((made / "dataset.jsonl").read_bytes().splitlines()) == 9


def test_a_pruned_run_can_be_looked_at_measured_and_exported(
    made: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["prune", str(made)]) == 0
    for command, *more in (["status"], ["show"], ["show", "--rejected"], ["eval", "--metrics", "length"]):
        assert run([command, str(made), *more]) == 0
    assert run(["export", str(made), "--to", "jsonl", "-o", str(tmp_path / "x.jsonl")]) == 0
    capsys.readouterr()
    assert run(["why", str(made), "0"]) == 2
    assert "was pruned" in capsys.readouterr().err


def test_twice_is_no_error_and_a_dry_run_removes_nothing(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prune", str(made), "--dry-run"]) == 0
    said = capsys.readouterr().err
    assert "lost with them:" in said
    assert f"next: datagen prune {made} --yes" in said
    assert len(list((made / "checkpoints").iterdir())) == 6
    assert run(["prune", str(made)]) == 0
    assert run(["prune", str(made)]) == 0
    assert "nothing to remove" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["dataset.jsonl", "recipe.lock.yaml"])
def test_what_only_the_checkpoints_can_make_again_is_made_before_they_go(
    made: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    before = (made / name).read_bytes()
    (made / name).unlink()
    assert run(["prune", str(made), "--yes"]) == 2
    said = capsys.readouterr().err
    assert f"changed or missing since the run: {name}" in said
    again = (
        "the command that made the run" if name == "recipe.lock.yaml" else f"datagen generate {made}/recipe.lock.yaml"
    )
    assert f"hint: {again}" in said and "makes it again, unpaid" in said
    assert len(list((made / "checkpoints").iterdir())) == 6
    assert generate("tickets", "-n", "6", "-o", made, "--quiet") == 0
    assert (made / name).read_bytes() == before
    assert run(["prune", str(made), "--yes"]) == 0


@pytest.mark.parametrize(
    "command",
    mostly_slow(
        [["show"], ["eval", "--metrics", "length"], ["export", "--to", "csv", "-o", "x.csv"], ["merge", "-o", "both"]]
    ),
    ids=lambda command: command[0],
)
def test_no_command_takes_a_dataset_that_is_gone_for_an_empty_one(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(made.parent)
    before = (made / "dataset.jsonl").read_bytes()
    (made / "dataset.jsonl").unlink()
    assert run([command[0], "run", *command[1:]]) == 2
    said = capsys.readouterr().err
    assert "run/dataset.jsonl: this file is gone, and the run wrote it" in said
    assert not Path("both/dataset.jsonl").exists()
    hint = "datagen generate run/recipe.lock.yaml -o run"
    assert f"hint: {hint} makes it again, unpaid" in said
    again = report(capsys, *shlex.split(hint)[2:])
    assert (again["exit_code"], again["calls"]) == (0, 0) and (made / "dataset.jsonl").read_bytes() == before


def test_a_run_that_is_not_finished_or_in_use_is_left_alone(
    tmp_path: Path, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with RunFolder(made):
        assert run(["prune", str(made)]) == 2
    assert "is working in this folder" in capsys.readouterr().err
    refusing = ["--set", "limits.attempts_per_record=1", "--set", "model.faults.refusal=1"]
    assert generate("tickets", "-n", "1", "-o", tmp_path / "short", *refusing, "--quiet") == 3
    capsys.readouterr()
    assert run(["prune", str(tmp_path / "short")]) == 2
    said = capsys.readouterr().err
    assert "this run is not finished (short)" in said
    assert f"hint: finish it first: datagen status {tmp_path / 'short'} names the command" in said
    assert list((tmp_path / "short" / "checkpoints").iterdir())


def test_it_asks_where_a_person_sits(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("datagen_cli.cli.console.is_terminal", lambda stream: stream is not None)
    for answer, left in (("no\n", 6), ("\n", 6), ("y\n", 0)):
        monkeypatch.setattr("sys.stdin", StringIO(answer))
        assert run(["prune", str(made)]) == 0
        assert len(list((made / "checkpoints").iterdir())) == left
