"""The classifier check: it says what it is worth first, judges labels, and refuses where it cannot tell."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from datagen_cli.cli.app import run
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Record, Slot, Verdict
from datagen_cli.text.classifier import Classifier
from datagen_cli.validators.classifier import ClassifierCheck, ClassifierOptions
from tests.validators.asked import Scripted

SPECS = {"text": FieldSpec("text"), "topic": FieldSpec("topic", "label")}
WORDS = {"sport": ["match", "team", "goal"], "money": ["bank", "stock", "price"]}


def rows(n: int = 200, told: bool = True) -> list[dict[str, Any]]:
    draw = random.Random(1)
    found = []
    for _ in range(n):
        topic = draw.choice(sorted(WORDS))
        about = topic if told and draw.random() > 0.05 else draw.choice(sorted(WORDS))
        found.append({"text": f"{draw.choice(WORDS[about])} of the day {draw.randrange(40)}", "topic": topic})
    return found


class Heard(Scripted):
    def __init__(self) -> None:
        super().__init__(lambda purpose, k, text: "")
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


async def judged(fields: dict[str, Any], base: list[dict[str, Any]], **options: Any) -> tuple[Verdict, Heard]:
    check = ClassifierCheck(ClassifierOptions(text="text", label="topic", **options), SPECS)
    check.learn(base)
    ctx = Heard()
    return await check.verify(Record(0, 1, fields), Slot(0, "x"), ctx), ctx


async def test_a_label_that_the_text_contradicts_fails_with_the_other_as_its_fix() -> None:
    found, ctx = await judged({"text": "goal of the team, match", "topic": "money"}, rows())
    assert (found.outcome, found.fix) == ("fail", {"topic": "sport"})
    assert found.evidence is not None and found.evidence["preferred"] == "sport"
    assert "prefers 'sport'" in found.detail
    assert ctx.asked == [] and "it is right on 0.9" in ctx.notes[0] and "of 200 labelled rows held out" in ctx.notes[0]


async def test_a_fitting_label_passes_and_an_unknown_one_is_unknown() -> None:
    assert (await judged({"text": "goal of the team", "topic": "sport"}, rows()))[0].outcome == "pass"
    assert (await judged({"text": "goal of the team", "topic": "art"}, rows()))[0].outcome == "unknown"


async def test_below_its_floor_it_refuses_to_judge() -> None:
    found, ctx = await judged({"text": "goal", "topic": "money"}, rows(told=False))
    assert found.outcome == "unknown" and "refuses to judge" in found.detail
    assert ctx.notes == [found.detail]
    found, _ = await judged({"text": "goal", "topic": "money"}, rows(6))
    assert "two labels with at least 5 rows" in found.detail


async def test_guessing_the_most_frequent_label_is_no_accuracy() -> None:
    base = [{"text": f"word{number}", "topic": "sport" if number % 20 else "money"} for number in range(200)]
    found, _ = await judged({"text": "word7", "topic": "money"}, base)
    assert found.outcome == "unknown" and "refuses" in found.detail


def test_without_labelled_rows_or_with_the_label_as_text_the_recipe_is_refused() -> None:
    with pytest.raises(RecipeError, match="no labelled rows"):
        ClassifierCheck(ClassifierOptions(text="text", label="topic"), SPECS).learn([])
    with pytest.raises(RecipeError, match="same field"):
        ClassifierCheck(ClassifierOptions(text=["text", "topic"], label="topic"), SPECS)


@pytest.mark.parametrize("source", ["base", "file"])
def test_a_run_learns_from_its_base_or_from_a_file(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()))
    check: dict[str, Any] = {"text": "text", "label": "topic"}
    recipe: dict[str, Any] = {
        "version": 1,
        "name": "topics",
        "description": "Short notes on sport or money.",
        "fields": {"text": {"type": "text"}, "topic": {"type": "label"}},
        "label": {"field": "topic", "values": {"sport": "games", "money": "banks"}, "quota": "none"},
        "model": "offline",
        "count": 6,
        "validators": [{"classifier": {**check, "on_fail": "keep"}}],
    }
    if source == "base":
        recipe["base"] = {"path": "rows.jsonl"}
        recipe["fields"] = {"text": "text", "topic": "topic"}
    else:
        recipe["validators"][0]["classifier"]["train"] = "rows.jsonl"
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    code = run(["generate", str(tmp_path / "r.yaml"), "-o", str(tmp_path / "run"), "--json"])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    assert shown.err.count("labelled rows held out") == 1
    found = [json.loads(line) for line in (tmp_path / "run" / "dataset.jsonl").read_text().splitlines()]
    assert len(found) == 6 and {row["verdicts"]["classifier"] for row in found} <= {"pass", "fail", "unknown"}


def test_verdicts_of_fewer_views_are_not_taken_over_and_those_without_vectors_stay() -> None:
    bare, blended = (ClassifierOptions(text="text", label="topic", embedder=name) for name in (None, "minilm"))
    assert "views" not in bare.identity() and blended.identity()["views"] in Classifier(embed=len).signature  # type: ignore[arg-type]
