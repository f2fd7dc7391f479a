"""A folder with something damaged in it: said, made again from what is whole, and hardly a call more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.runs.checkpoint import Checkpoint
from tests.grids import mostly_slow
from tests.runs.whole import after, generate, killed, outcome, ready, report

ARGUMENTS = ["tickets", "-n", "12"]
CHECKPOINTS = [f"checkpoints/{name}.jsonl" for name in ("2-plan", "3-generate", "4-validate", "5-enhance", "6-dedup")]


def notes(folder: Path) -> list[str]:
    found: list[str] = json.loads((folder / "run.json").read_text())["notes"]
    return found


def spoil(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


@pytest.mark.parametrize("name", mostly_slow(CHECKPOINTS, 0, 1))
@pytest.mark.parametrize("gone", mostly_slow([False, True]))
def test_a_line_that_is_still_json_but_another_one_is_found_and_made_again(
    name: str, gone: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ready(tmp_path, *ARGUMENTS)
    whole = outcome(tmp_path)
    spoil(tmp_path / name, b"e", b"o") if name.endswith("plan.jsonl") else spoil(tmp_path / name, b'":"', b'":"o')
    if gone:
        (tmp_path / "dataset.jsonl").unlink()
    found = report(capsys, *ARGUMENTS, "-o", tmp_path)
    assert (found["exit_code"], found["calls"], found["accepted"]) == (0, 0, 12)
    assert outcome(tmp_path) == whole
    assert [note for note in notes(tmp_path) if note.startswith(f"{Path(name).name}: 1 damaged line")]
    found = report(capsys, *ARGUMENTS, "-o", tmp_path)
    assert found["reason"].startswith("already complete")


def test_damage_of_the_plan_is_told_also_where_the_plan_grows(tmp_path: Path) -> None:
    assert generate(*ARGUMENTS, "-o", tmp_path) == 0
    spoil(tmp_path / CHECKPOINTS[0], b'"label":"', b'"label":"o')
    assert generate("tickets", "-n", "14", "-o", tmp_path) == 0
    assert [note for note in notes(tmp_path) if note.startswith("2-plan.jsonl: 1 damaged line")]


@pytest.mark.parametrize("name", mostly_slow(["dataset.jsonl", "rejected.jsonl", "README.md"]))
def test_a_changed_file_of_a_finished_run_is_named_by_status_and_made_again(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(*ARGUMENTS, "-o", tmp_path) == 0
    content = (tmp_path / name).read_bytes()
    spoil(tmp_path / name, b"e", b"o") if content else (tmp_path / name).write_bytes(b"{}\n")
    capsys.readouterr()
    assert run(["status", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert f"changed or missing since the run: {name}" in said
    assert said.splitlines()[-1] == f"next: datagen generate tickets -o {tmp_path} -n 12"
    assert report(capsys, *ARGUMENTS, "-o", tmp_path)["calls"] == 0
    assert (tmp_path / name).read_bytes() == content
    assert [note for note in notes(tmp_path) if name in note]


SPOILT: dict[str, Any] = {
    "NULs": lambda text: bytes(len(text)),
    "cut": lambda text: text[: len(text) // 2],
    "another count": lambda text: text.replace(b'"accepted": 12', b'"accepted": 13'),
    "other cohorts": lambda text: text.replace(b'"cohorts": [\n    8,', b'"cohorts": [\n    5,'),
    "gone": lambda text: b"",
}


@pytest.mark.parametrize("how", mostly_slow(SPOILT, 0, 2))
def test_a_damaged_run_json_is_made_again_with_the_cohorts_of_the_plan(
    how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate("tickets", "-n", "8", "-o", tmp_path) == 0
    assert generate(*ARGUMENTS, "-o", tmp_path) == 0
    whole, before = outcome(tmp_path), json.loads((tmp_path / "run.json").read_text())
    text = (tmp_path / "run.json").read_bytes()
    assert SPOILT[how](text) != text
    (tmp_path / "run.json").write_bytes(SPOILT[how](text))
    found = report(capsys, *ARGUMENTS, "-o", tmp_path)
    after_ = json.loads((tmp_path / "run.json").read_text())
    assert (found["exit_code"], found["calls"], found["accepted"]) == (0, 0, 12)
    assert outcome(tmp_path) == whole
    assert (after_["cohorts"], after_["cost_usd"], after_["tokens"]) == ([8, 12], before["cost_usd"], before["tokens"])
    assert [note for note in after_["notes"] if note.startswith("run.json was damaged")]


def test_a_folder_of_the_version_before_the_sums_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate(*ARGUMENTS, "-o", tmp_path) == 0
    whole = outcome(tmp_path)
    for path in [*(tmp_path / "checkpoints").iterdir(), tmp_path / "spending.jsonl", tmp_path / "run.json"]:
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.suffix == ".jsonl" else []
        for line in lines:
            line.pop("crc", None)
            line.pop("cohorts", None)
        text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
        if not lines:
            document = json.loads(path.read_text())
            text = json.dumps({name: value for name, value in document.items() if name not in ("crc", "seal")})
        path.write_text(text)
    (tmp_path / "dataset.jsonl").unlink()
    found = report(capsys, *ARGUMENTS, "-o", tmp_path)
    assert (found["exit_code"], found["calls"], found["cached_calls"]) == (0, 0, 0)
    assert outcome(tmp_path) == whole
    assert [note for note in notes(tmp_path) if "damaged" in note] == []


@pytest.mark.slow
def test_a_half_done_folder_with_a_damaged_line_ends_in_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(*ARGUMENTS, "-o", tmp_path / "whole") == 0
    for name in CHECKPOINTS:
        folder = tmp_path / Path(name).stem

        def dying() -> None:
            Checkpoint.append = after(30, Checkpoint.append)  # type: ignore[method-assign]

        assert killed(dying, *ARGUMENTS, "-o", folder)
        spoil(folder / name, b'":"', b'":"o')
        found = report(capsys, *ARGUMENTS, "-o", folder)
        assert found["exit_code"] == 0
        assert outcome(folder) == outcome(tmp_path / "whole")


def test_a_pruned_folder_whose_run_json_is_damaged_pays_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(*ARGUMENTS, "-o", tmp_path) == 0
    assert run(["prune", str(tmp_path), "--yes"]) == 0
    (tmp_path / "run.json").write_bytes(b"\x00" * 100)
    capsys.readouterr()
    assert generate(*ARGUMENTS, "-o", tmp_path) == 2
    assert "this run was pruned" in capsys.readouterr().err


@pytest.mark.parametrize("name", mostly_slow([*CHECKPOINTS[1:]], 0, 3))
@pytest.mark.parametrize("how", mostly_slow(["cut", "changed"]))
def test_a_checkpoint_that_something_else_changes_while_the_run_goes_on_ends_it_and_costs_nothing(
    name: str, how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(tmp_path / "whole", *ARGUMENTS)
    out = tmp_path / "out"
    append = Checkpoint.append
    written: list[str] = []

    def meddling(self: Checkpoint, *words: Any) -> None:
        append(self, *words)
        written.append(self.stage)
        if len(written) == 50:
            content = (out / name).read_bytes()
            change = content[:300] if how == "cut" else content.replace(b"e", b"o")
            with (out / name).open("r+b") as file:
                file.truncate(file.write(change))

    monkeypatch.setattr(Checkpoint, "append", meddling)
    found = report(capsys, *ARGUMENTS, "-o", out)
    assert found["exit_code"] == 2
    assert "changed by something else" in found["error"] and Path(name).name in found["error"]
    monkeypatch.setattr(Checkpoint, "append", append)
    found = report(capsys, *ARGUMENTS, "-o", out)
    assert (found["exit_code"], found["calls"], found["accepted"]) == (0, 0, 12)
    assert outcome(out) == outcome(tmp_path / "whole")
