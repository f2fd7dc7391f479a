"""Checking again with draws that the run never used, against what the offline model planted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.errors import UsageError
from datagen_cli.evaluation.load import Wanted, load_dataset
from datagen_cli.evaluation.recheck import Again, recheck
from datagen_cli.metrics.measure import Measure
from tests.evaluation.files import news, write
from tests.runs.whole import generate, rows

CODE = "validators=[{code: {question: question, answer: answer, solutions: 3, on_fail: keep, on_unknown: keep}}]"


def made(folder: Path, *settings: str, count: int = 40) -> Path:
    """A run whose plants are wrong labels alone."""
    faults = "model.faults={wrong_label: 0.3, unsolvable: 0, wrong_program: 0.05, near_copy: 0, off_constraint: 0}"
    assert generate("quickstart", "-n", str(count), "-o", folder, f"--set={faults}", *settings) == 0
    return folder


def again(folder: Path, recipe: str | None = None, models: tuple[str, ...] = ()) -> Measure:
    loaded = load_dataset(str(folder), Wanted())
    return recheck(loaded.dataset, folder, Again(recipe, models, None, {}), lambda text: None)


def _place(plant: dict[str, Any]) -> tuple[int, int]:
    return plant["slot"], plant["attempt"]


def test_wrong_labels_that_the_run_kept_are_found_whatever_it_said_of_them(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", f"--set={CODE}")
    found = again(folder)
    kept = {
        (line["slot"], line["attempt"])
        for line in rows(folder / "checkpoints", "6-dedup.jsonl")
        if "slot" in line and not line.get("rejection")
    }
    plants = rows(folder, "plants.jsonl")
    planted = {plant["slot"] for plant in plants if plant["fault"] == "wrong_label" and _place(plant) in kept}
    wrong = {int(item["id"].rpartition("-")[2]) for item in found.detail["rows"]}
    assert found.value is not None
    assert len(wrong & planted) >= 0.9 * len(planted)
    assert len(wrong - planted) <= 1
    assert found.detail["right"] + found.detail["wrong"] + found.detail["unknown"] == 40
    assert found.interval and found.interval[0] <= found.value <= found.interval[1]
    assert found.detail["simulated"] is True


def test_the_draws_are_not_those_of_the_run(tmp_path: Path) -> None:
    check = CODE.replace("solutions: 3", "solutions: 1")
    faults = "--set=model.faults={wrong_program: 0.5, wrong_label: 0, unsolvable: 0}"
    folder = tmp_path / "run"
    assert generate("quickstart", "-n", "40", "-o", folder, f"--set={check}", faults) == 0
    said = {row["id"] for row in rows(folder) if row["verdicts"]["code"] == "fail"}
    found = {item["id"] for item in again(folder).detail["rows"]}
    assert len(said ^ found) >= 5


def test_a_second_time_the_same_draws_give_the_same(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", f"--set={CODE}", count=10)
    before = sorted(path.name for path in folder.iterdir())
    assert again(folder) == again(folder)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_recipe_of_ones_own_checks_a_run_that_had_no_check(tmp_path: Path) -> None:
    folder = made(tmp_path / "run", count=10)
    with pytest.raises(UsageError, match="no check that finds an answer"):
        again(folder)
    recipe = tmp_path / "check.yaml"
    recipe.write_text(
        "version: 1\nname: c\ndescription: d\nmodel: offline\ncount: 1\n"
        "fields: {question: {type: text}, answer: {type: number}}\n"
        "validators: [{code: {question: question, answer: answer}}]\n"
    )
    assert again(folder, str(recipe)).detail["checks"].keys() == {"code"}


def test_without_a_recipe_there_is_nothing_to_check_with(tmp_path: Path) -> None:
    loaded = load_dataset(write(tmp_path / "a.jsonl", news(3)), Wanted())
    with pytest.raises(UsageError, match="needs a recipe"):
        recheck(loaded.dataset, None, Again(None, (), None, {}), lambda text: None)
