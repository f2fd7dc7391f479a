"""A dataset above a size lies in several files, and every command reads it as one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.api import Run
from datagen_cli.cli.app import run
from datagen_cli.pipeline import outcome as outcome_module
from datagen_cli.runs.folder import RunFolder
from tests.runs.whole import generate, rows

SHARDS = [f"dataset-{number:05d}-of-00003.jsonl" for number in range(3)]
RECIPE = ["quickstart", "-n", "9"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert generate(*RECIPE, "-o", folder) == 0
    return folder


@pytest.fixture
def sharded(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same run in files of three or four records each."""
    size = (whole / "dataset.jsonl").stat().st_size
    monkeypatch.setattr(outcome_module, "SHARD_BYTES", size * 4 // 10)
    assert generate(*RECIPE, "-o", tmp_path / "run") == 0
    return tmp_path / "run"


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    capsys.readouterr()
    assert run([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_shards_are_the_dataset_cut_between_rows(whole: Path, sharded: Path) -> None:
    assert sorted(path.name for path in sharded.glob("dataset*")) == SHARDS
    assert b"".join((sharded / name).read_bytes() for name in SHARDS) == (whole / "dataset.jsonl").read_bytes()
    assert not list(sharded.glob(".*.new"))
    assert json.loads((sharded / "run.json").read_text())["shards"] == SHARDS
    assert all(name in (sharded / "README.md").read_text() for name in SHARDS)


@pytest.mark.slow
def test_every_command_reads_them_as_one(
    whole: Path, sharded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = rows(whole)
    ids = [row["id"] for row in dataset]
    assert said(capsys, "status", sharded)["accepted"] == 9
    assert run(["show", str(sharded), "-n", "9", "--json"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ids)
    assert ids[-1] in json.dumps(said(capsys, "why", sharded, ids[-1]))
    assert said(capsys, "eval", sharded, "--metrics", "length,self_bleu")["n"] == 9
    assert run(["export", str(sharded), "--to", "jsonl", "-o", str(tmp_path / "e.jsonl")]) == 0
    assert [row["question"] for row in rows(tmp_path, "e.jsonl")] == [row["question"] for row in dataset]
    merged = said(capsys, "merge", sharded, "-o", tmp_path / "merged")
    assert merged["rows"] == 9
    assert sorted(path.name for path in (tmp_path / "merged").glob("dataset*")) == SHARDS
    assert said(capsys, "dedup", sharded, "--against", whole, "-o", tmp_path / "kept.jsonl")["kept"] == 0
    assert [row["id"] for row in Run(sharded)] == ids


def test_a_later_run_may_not_repeat_any_of_them(sharded: Path, tmp_path: Path) -> None:
    against = f"dedup={{against: [accepted, '{sharded}']}}"
    assert generate(*RECIPE, "-o", tmp_path / "other", "--set", against) == 0
    texts = {row["question"] for name in SHARDS for row in rows(tmp_path / "other", name)}
    before = {row["question"] for name in SHARDS for row in rows(sharded, name)}
    assert not texts & before


def test_a_finished_run_asks_nothing_and_makes_lost_shards_again(
    sharded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = said(capsys, "generate", *RECIPE, "-o", sharded)
    assert (again["calls"], again["new_records"], again["reason"][:16]) == (0, 0, "already complete")
    content = (sharded / SHARDS[1]).read_bytes()
    (sharded / SHARDS[1]).unlink()
    assert said(capsys, "generate", *RECIPE, "-o", sharded)["calls"] == 0
    assert (sharded / SHARDS[1]).read_bytes() == content


def test_a_pruned_run_of_shards_whose_state_is_damaged_is_not_made_anew(
    sharded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["prune", str(sharded), "--yes"]) == 0
    (sharded / "run.json").write_text("{")
    assert generate(*RECIPE, "-o", sharded) == 2
    assert "pruned" in capsys.readouterr().err


def test_shards_become_one_file_and_one_file_becomes_shards(
    whole: Path, sharded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sharded / SHARDS[0]).unlink()  # so that the files are written anew
    monkeypatch.undo()
    assert generate(*RECIPE, "-o", sharded) == 0
    assert [path.name for path in sharded.glob("dataset*")] == ["dataset.jsonl"]
    assert (sharded / "dataset.jsonl").read_bytes() == (whole / "dataset.jsonl").read_bytes()


def test_of_a_dataset_whose_writing_ends_half_way_no_part_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome_module, "SHARD_BYTES", 30)

    def some() -> Iterator[dict[str, Any]]:
        yield from ({"id": number, "text": "a text of some length"} for number in range(3))
        raise KeyboardInterrupt

    with RunFolder(tmp_path) as folder:
        with pytest.raises(KeyboardInterrupt):
            outcome_module.write_dataset(folder, some())
        assert not [*tmp_path.glob(".dataset*"), *tmp_path.glob("dataset*"), *tmp_path.glob("*.part")]
