"""What is asked beside records and checks, on a real model: given inputs, weak records, values, children, refills."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.runs.review import FILE
from tests.real.small import MOODS, SMALL, WEATHER, checked, recipe
from tests.runs.whole import report, rows

pytestmark = pytest.mark.real
Tell = Callable[[str], None]
STAY = {"on_fail": "keep", "on_unknown": "keep"}
SHORT = {**SMALL, "max_tokens": 80}
ONCE = {"limits": {"attempts_per_record": 1}}
PAIRS = [
    {"instruction": "Name three colours.", "response": "Red."},
    {"instruction": "Write a sentence about rain.", "response": "Rain is wet."},
]
ANSWERED: dict[str, Any] = {
    "version": 1,
    "name": "pairs",
    "description": "Instructions with responses that do what is asked.",
    "base": {"path": "base.jsonl"},
    "fields": {"instruction": "instruction", "response": {"type": "text", "description": "the response"}},
    "write": ["response"],
    "model": SHORT,
    "count": 2,
    **ONCE,
}
CORPUS = [{"text": row["text"], "mood": row["mood"]} for row in MOODS["examples"]["inline"]]
MORE_WEATHER = ["The snow on the hills of Bern melts at last.", "Fog over the harbour of Bergen hid the boats all day."]


def base(rows_of_it: list[dict[str, Any]]) -> None:
    Path("base.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows_of_it))


@pytest.mark.parametrize("method", ["response", "enhance"])
def test_a_base_row_is_answered_or_bettered(method: str, tmp_path: Path, capsys: Any, tell: Tell) -> None:
    base(PAIRS)
    found = report(capsys, recipe(tmp_path, ANSWERED, method=method), "-o", tmp_path / method)
    checked(found, tmp_path / method, {"instruction": str, "response": str}, tell)
    made = rows(tmp_path / method)
    given = [row["instruction"] for row in PAIRS]
    assert [row["instruction"] for row in made] == [one for one in given if one in {row["instruction"] for row in made}]
    assert [line["method"] for line in rows(tmp_path / method, "lineage.jsonl")] == [method] * len(made)
    for row in made:
        tell(f"  {row['instruction']} {' '.join(row['response'].split())[:90]}")


def test_values_of_attributes_are_found_or_the_run_says_that_there_are_none(
    tmp_path: Path, capsys: Any, tell: Tell
) -> None:
    base([*CORPUS, *({"text": text, "mood": "glad"} for text in MORE_WEATHER)])
    drawn = {"place": {"extract": 2}, "tone": {"ask": "In which tone can a remark be?", "count": 2}}
    asked = {key: value for key, value in MOODS.items() if key != "examples"}
    file = recipe(tmp_path, asked, base={"path": "base.jsonl"}, attributes=drawn, count=1, model=SHORT, **ONCE)
    found = report(capsys, file, "-o", tmp_path / "values")
    if "accepted" not in found:
        tell(f"values: {found['error'][:160]}")
        assert found["exit_code"] == 3 and "named no value" in found["error"]
        return
    checked(found, tmp_path / "values", WEATHER, tell)
    named = json.loads((tmp_path / "values" / "attributes.json").read_text())
    assert set(named["values"]) == drawn.keys() and all(named["values"].values())
    tell(f"  values: {named['values']}")


def test_a_run_with_every_module_and_a_record_that_a_person_rejects(tmp_path: Path, capsys: Any, tell: Tell) -> None:
    Path("notes.jsonl").write_text('{"text": "Rain in May is common here."}\n')
    file = recipe(
        tmp_path,
        count=1,
        model=SHORT,
        attributes={"place": ["the coast", "the hills"]},
        constraints=[
            {"length": {"field": "text", "max_words": 60, "on_fail": "keep"}},
            {"private": {"fields": ["text"]}},
            {"ask": {"text": "The remark is about the weather.", "name": "ask", **STAY}},
        ],
        validators=[
            "schema",
            {"solve": {"question": "text", "answer": "mood", "attempts": 1, **STAY}},
            {"search": {"fields": ["text"], "sources": ["corpus"], "corpus": "notes.jsonl", **STAY}},
            {"reflect": {"rounds": 1, **STAY}},
        ],
        difficulty={"share": 1, "operators": ["paraphrase"]},
        dedup={"near": 0.8},
        **ONCE,
    )
    found = report(capsys, file, "-o", tmp_path / "modules")
    checked(found, tmp_path / "modules", WEATHER, tell)
    made = rows(tmp_path / "modules")
    for row in made:
        assert set(row["verdicts"]) == {"length", "private", "ask", "schema", "solve", "search", "reflect"}
    for line in rows(tmp_path / "modules", "lineage.jsonl"):
        assert line["operator"] == "paraphrase" and (line["harder"] or line["why_not"])
        tell(f"  made harder: {line['harder']} {line.get('why_not', '')[:90]}")
    if made:
        told = {"id": made[0]["id"], "decision": "reject", "reason": "it names no place", "fields": None}
        (tmp_path / "modules" / FILE).write_text(json.dumps(told) + "\n")
        again = report(capsys, file, "-o", tmp_path / "modules")
        assert again["exit_code"] in (0, 3) and "review" in {
            row["stage"] for row in rows(tmp_path / "modules", "rejected.jsonl")
        }
        tell(f"  made anew after the review: {again['accepted']} of 1, {again['calls']} calls")
