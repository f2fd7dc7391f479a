"""What a run says of its checkers: one that always says the same, one whose replies cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datagen_cli.config.load import load_recipe
from datagen_cli.core.record import Record
from datagen_cli.pipeline.adherence import Adherence

RECIPE = """
version: 1
name: r
description: Letters.
model: offline
count: 3
fields: {text: {type: text}}
constraints: [{length: {field: text, min_words: 1}}, {ask: It is polite.}]
"""


def remarks(tmp_path: Path, verdicts: list[Any], notes: dict[str, str] | None = None) -> list[str]:
    (tmp_path / "r.yaml").write_text(RECIPE)
    recipe = load_recipe(str(tmp_path / "r.yaml"), environ={}, cwd=tmp_path)
    found = Adherence([check.name for check in recipe.checks])
    for number, verdict in enumerate(verdicts):
        said = {"length": "pass", "ask": verdict}
        found.count(Record(number, 1, {}, verdicts=said, notes=notes or {}), accepted=True)
    return list(found.remarks(recipe.checks))


@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_a_checker_that_says_the_same_of_everything_is_named(tmp_path: Path, verdict: str) -> None:
    (said,) = remarks(tmp_path, [verdict] * 20)
    assert said.startswith("ask ")
    assert "all 20 records" in said
    assert remarks(tmp_path, [verdict] * 19) == []
    assert remarks(tmp_path, [*[verdict] * 19, "fail" if verdict == "pass" else "pass"]) == []


def test_a_checker_that_often_cannot_tell_is_named_with_an_example(tmp_path: Path) -> None:
    (said,) = remarks(tmp_path, ["pass"] * 7 + ["unknown"] * 3, {"ask": "the reviewer gave no verdict"})
    assert said == "ask cannot tell of 3 of 10 records, for instance: the reviewer gave no verdict"
    assert remarks(tmp_path, ["pass"] * 8 + ["unknown"] * 2) == []
