"""`datagen merge`: several runs made one, every row's origin kept, repeats named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.core import telling
from datagen_cli.pipeline import merge, sift
from datagen_cli.runs.folder import RunFolder
from datagen_cli.runs.reader import RunReader
from tests.cli.held import Text, counted
from tests.endpoint import Endpoint
from tests.runs.whole import generate, rows


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("runs")
    for name, seed in (("a", 1), ("b", 2)):
        assert generate("tickets", "-n", "12", "--seed", seed, "-o", folder / name) == 0
    return folder / "a", folder / "b"


def merged(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["merge", *map(str, arguments), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_rows_are_joined_in_order_and_say_where_they_are_from(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = merged(capsys, *runs, "-o", tmp_path / "m")
    whole = [*rows(runs[0]), *rows(runs[1])]
    kept, lineage = rows(tmp_path / "m"), rows(tmp_path / "m", "lineage.jsonl")
    assert found["rows"] == len(kept) == 24 - sum(found["left_out"].values())
    assert [line["id"] for line in lineage] == [row["id"] for row in kept]
    by_id = {row["id"]: row for row in whole}
    assert all(by_id[line["from"]]["text"] == row["text"] for line, row in zip(lineage, kept, strict=True))
    assert {line["run"] for line in lineage} == {str(folder) for folder in runs}
    assert len({row["id"] for row in kept}) == len(kept)
    assert [row["text"] for row in kept[:12]] == [row["text"] for row in rows(runs[0])]


def test_the_folder_is_shown_measured_and_exported(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "m"
    merged(capsys, *runs, "-o", out)
    for command in (["status"], ["show"], ["eval", "--metrics", "length,self_bleu,balance"]):
        assert run([command[0], str(out), *command[1:]]) == 0, command
    assert run(["export", str(out), "--to", "messages", "-o", str(tmp_path / "t.jsonl")]) == 0
    told = json.loads((out / "run.json").read_text())
    assert (told["state"], told["simulated"], told["accepted"]) == ("done", True, len(rows(out)))
    assert "Merged from a, b" in (out / "README.md").read_text()
    capsys.readouterr()
    assert run(["eval", str(out), "--metrics", "balance", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["label_field"] == "category"


def test_repeats_are_left_out_by_name_and_equal_ids_told_apart(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate("tickets", "-n", "14", "--seed", "1", "-o", tmp_path / "again") == 0
    changed = rows(tmp_path / "again")
    changed[3]["text"] = "Something else altogether, and of the same id."
    (tmp_path / "again" / "dataset.jsonl").write_text("".join(json.dumps(row) + "\n" for row in changed))
    found = merged(capsys, runs[0], tmp_path / "again", "-o", tmp_path / "m")
    kept = rows(tmp_path / "m")
    assert found["left_out"] == {"duplicate": 11} and found["rows"] == 15
    assert len({row["id"] for row in kept}) == 15
    refused = rows(tmp_path / "m", "rejected.jsonl")
    own = [row["id"] for row in rows(runs[0])]
    assert [line["repeats"] for line in refused] == [f"{own[n]} of {runs[0]}" for n in range(12) if n != 3]
    assert {line["stage"] for line in refused} == {"merge"}
    lineage = {line["id"]: line["from"] for line in rows(tmp_path / "m", "lineage.jsonl")}
    renamed = [new for new, old in lineage.items() if new != old]
    assert len(renamed) == 1 and lineage[renamed[0]] == own[3] and renamed[0].endswith("-000003")


def test_near_copies_on_request(runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate("tickets", "-n", "12", "--seed", "3", "-o", tmp_path / "c") == 0
    changed = rows(tmp_path / "c")
    changed[0]["text"] = rows(runs[0])[0]["text"] + " Thanks!"
    (tmp_path / "c" / "dataset.jsonl").write_text("".join(json.dumps(row) + "\n" for row in changed))
    plain = merged(capsys, runs[0], tmp_path / "c", "-o", tmp_path / "m1")
    near = merged(capsys, runs[0], tmp_path / "c", "-o", tmp_path / "m2", "--near", "0.8")
    assert near["left_out"].get("near_duplicate", 0) >= 1
    assert plain["rows"] > near["rows"]


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        ("same", "named twice"),
        ("there", "exists already"),
        ("columns", "column text is not in all runs"),
        ("types", "column category is a number here and a text before"),
        ("none", "no such folder"),
        ("embedder", "--embedder does nothing without --threshold"),
    ],
)
def test_what_cannot_be_one_is_refused_and_nothing_is_written(
    what: str, problem: str, runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "m"
    other = runs[1]
    if what == "same":
        other = runs[0] / ".." / runs[0].name
    elif what == "there":
        out = runs[1]
    elif what == "columns":
        assert generate("quickstart", "-n", "3", "-o", tmp_path / "q") == 0
        other = tmp_path / "q"
    elif what == "types":
        assert generate("tickets", "-n", "3", "--seed", "9", "-o", tmp_path / "q") == 0
        changed = [{**row, "category": 3} for row in rows(tmp_path / "q")]
        (tmp_path / "q" / "dataset.jsonl").write_text("".join(json.dumps(row) + "\n" for row in changed))
        other = tmp_path / "q"
    elif what == "none":
        other = tmp_path / "nothing"
    more = ["--embedder", "hashed"] if what == "embedder" else []
    before = sorted(out.iterdir()) if out.exists() else None
    assert run(["merge", str(runs[0]), str(other), "-o", str(out), *more]) == 2
    said = capsys.readouterr().err
    assert problem in said or "question is not in all runs" in said
    assert (sorted(out.iterdir()) if out.exists() else None) == before


def test_simulated_and_real_rows_never_share_a_dataset(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        "version: 1\nname: r\ndescription: d\nfields: {text: {type: text}}\ncount: 2\n"
        "model: {name: m, base_url: 'URL', price: free}\n"
    )
    with Endpoint(lambda body, attempt: f"text {body['seed']}") as endpoint:
        recipe.write_text(recipe.read_text().replace("URL", endpoint.url))
        assert generate(recipe, "-o", tmp_path / "real") == 0
    assert run(["merge", str(runs[0]), str(tmp_path / "real"), "-o", str(tmp_path / "m")]) == 2
    assert "simulated and real rows never share a dataset" in capsys.readouterr().err


@pytest.mark.parametrize("alike", [True, False], ids=["all repeat", "none does"])
def test_of_large_runs_a_portion_is_held_at_a_time_and_how_far_it_is_is_told(
    alike: bool, runs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept rows go to the dataset and left-out ones to their file as they come."""
    second = tmp_path / "second"
    shutil.copytree(runs[0] if alike else runs[1], second)
    monkeypatch.setattr(sift, "AT_ONCE", 2)
    monkeypatch.setattr(telling, "EVERY", 6)
    read = RunReader.rows
    monkeypatch.setattr(RunReader, "rows", lambda self: counted(read(self), "text"))
    told: list[str] = []
    readers = [RunReader(runs[0]), RunReader(second)]
    mergeable = merge.mergeable(readers, told.append)
    found = merge.merge_runs(mergeable, RunFolder(tmp_path / "m"), sift.RepeatRule(("text",)), "", told.append)
    assert found.kept.total() + found.left_out.total() == 24
    assert found.left_out.total() == 12 if alike else found.kept.total() > 20
    assert Text.most <= 4
    assert told[-4:] == [f"{done} of 24 rows compared" for done in (0, 6, 12, 18)]
    assert told[0] == f"reading {runs[0]}"
