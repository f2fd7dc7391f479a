"""The shipped offline bench: the three generators come out in the order of their planted faults."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from tests.bench.running import MINI, NEWS, SEEDS, TEST, bench, offline, row_of

pytestmark = pytest.mark.slow
PLANTED = {"careful": 0.05, "hasty": 0.25, "careless": 0.5}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("mini")
    assert run(["bench", MINI, "-o", str(found / "out"), "--quiet"]) == 0
    return found / "out"


@pytest.fixture(scope="module")
def board(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "leaderboard.json").read_text())
    assert isinstance(found, dict)
    return found


def test_the_rows_are_exactly_the_three_without_nulls(board: dict[str, Any]) -> None:
    assert [row["generator"] for row in board["rows"]] == list(PLANTED)
    assert {row["setting"] for row in board["rows"]} == {"news"}
    assert "null" not in json.dumps(board["rows"])
    assert all(row["n"] == 4 * 160 and 0 < row["yield"] <= 1 and row["cost_usd"] == 0 for row in board["rows"])
    assert board["simulated"] is True and len(board["settings"]) == 16


@pytest.mark.parametrize("measure", ["correctness", "pgr[tstr]", "label_kept"])
def test_they_come_out_in_their_order_with_intervals(measure: str, board: dict[str, Any]) -> None:
    found = [row["metrics"][measure] for row in board["rows"]]
    values = [item["value"] for item in found]
    assert values == sorted(values, reverse=True) and len(set(values)) == 3
    assert all(item["interval"][0] <= item["value"] <= item["interval"][1] for item in found)
    assert [item["rank"] for item in found] == [1, 2, 3]


def test_correctness_is_what_was_planted_and_is_marked_simulated(board: dict[str, Any]) -> None:
    for row in board["rows"]:
        found = row["metrics"]["correctness"]
        assert found["simulated"] is True and found["source"] == "plants.jsonl"
        assert abs(found["value"] - (1 - PLANTED[row["generator"]])) < 0.06
        assert row["metrics"]["judged_quality"]["simulated"] is True


def test_every_cell_is_an_ordinary_run_with_the_same_plan(folder: Path) -> None:
    runs = sorted(folder.glob("news/*/seed-1"))
    assert len(runs) == 3
    assert run(["status", str(runs[0]), "--json"]) == 0
    plans = {(path / "checkpoints" / "2-plan.jsonl").read_bytes() for path in runs}
    assert len(plans) == 1
    shown = [_examples(path) for path in runs]
    common = set(shown[0]) & set(shown[1]) & set(shown[2])
    assert len(common) >= 150
    assert all(shown[0][key] == shown[1][key] == shown[2][key] for key in common)


def _examples(path: Path) -> dict[tuple[int, int], list[str]]:
    lines = (path / "checkpoints" / "3-generate.jsonl").read_text().splitlines()[1:]
    records = [record for line in lines for record in json.loads(line)["records"]]
    return {(item["slot"], item["attempt"]): item.get("examples", []) for item in records}


def test_the_other_files_say_the_same(folder: Path, board: dict[str, Any]) -> None:
    with (folder / "leaderboard.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["generator"], row["simulated"]) for row in rows] == [(name, "true") for name in PLANTED]
    assert float(rows[0]["pgr[tstr]"]) == board["rows"][0]["metrics"]["pgr[tstr]"]["value"]
    markdown, html = ((folder / f"leaderboard.{kind}").read_text() for kind in ("md", "html"))
    for name in PLANTED:
        assert name in markdown and name in html
    assert "Simulated" in markdown and "Simulated data" in html and "http:" not in html and "https:" not in html
    assert board["verdict"] == ["news: careful is the best by pgr[tstr]"]
    facts = json.loads((folder / "cells.json").read_text())
    assert len(facts) == 12 and all(fact["tokens"]["out"] > 0 for fact in facts)


def test_asked_again_nothing_is_asked_and_every_byte_is_the_same(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    before = (copy / "leaderboard.json").read_bytes()
    spent = [path.read_bytes() for path in sorted(copy.rglob("spending.jsonl"))]
    assert run(["bench", MINI, "-o", str(copy), "--quiet"]) == 0
    assert (copy / "leaderboard.json").read_bytes() == before
    assert [_paid(content) for content in spent] == [
        _paid(path.read_bytes()) for path in sorted(copy.rglob("spending.jsonl"))
    ]
    assert len(spent) == 13


def _paid(ledger: bytes) -> int:
    spent = json.loads(ledger.splitlines()[0])["spent"]
    return sum(counts["calls"] for purposes in spent.values() for counts in purposes.values())


def test_a_generator_against_itself_is_a_tie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    one = offline(tmp_path / "one.yaml", wrong_label=0.2)
    code, found, _ = bench(capsys, NEWS, "--model", one, "--model", one, "--test", TEST, "-n", "40", *SEEDS)
    assert code == 0
    assert [row["generator"] for row in found["rows"]] == ["one", "one (2)"]
    assert {pair["verdict"] for pair in found["pairs"]} == {"tie"}
    for measure in ("correctness", "pgr[tstr]"):
        assert row_of(found, "one")["metrics"][measure]["rank"] == row_of(found, "one (2)")["metrics"][measure]["rank"]
    assert "tie at the top" in found["verdict"][0]


def test_a_label_wrong_by_one_is_planted_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = offline(tmp_path / "next.yaml", wrong_label=0.5, wrong_label_to="next")
    assert run(["generate", NEWS, "--model", model, "-n", "60", "-o", "run", "--quiet"]) == 0
    order = ["World", "Sports", "Business", "Sci/Tech"]
    rows = [json.loads(line) for line in (tmp_path / "run" / "dataset.jsonl").read_text().splitlines()]
    labels = {int(row["id"].rpartition("-")[2]): row["label"] for row in rows}
    plants = [json.loads(line) for line in (tmp_path / "run" / "plants.jsonl").read_text().splitlines()]
    wrong = [plant for plant in plants if plant["fault"] == "wrong_label"]
    assert len(wrong) > 15
    for plant in wrong:
        assert labels[plant["slot"]] == order[(order.index(plant["truth"]) + 1) % 4]
