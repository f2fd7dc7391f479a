"""Every module of the pipeline, on and off with every other: each combination gives whole records, alike at any width.

The combinations cover all pairs: all on, all off, and for each binary digit of a module's number the modules that
have it and those that have not.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.runs.whole import generate, outcome, rows

BASE = Path(__file__).resolve().parents[2] / "recipes" / "data" / "word_problems.jsonl"
RECIPE = """
version: 1
name: every
description: Grade-school math word problems with one numeric answer, two to six steps of arithmetic.
base: {path: %s}
fields: {question: question, answer: {column: answer, regex: '####\\s*(-?[\\d,.]*\\d)', type: number}}
label: {field: answer, quota: none}
model: offline
seed: 5
limits: {attempts_per_record: 12}
"""
PARTS: dict[str, dict[str, Any]] = {
    "examples": {"examples": {"strategy": "clusters", "k": 3}, "embedder": "hashed"},
    "attributes": {"attributes": {"topic": ["shopping", "cooking"], "steps": ["2", "3"]}},
    "length": {"constraints": [{"length": {"field": "question", "max_words": 140}}]},
    "range": {"constraints": [{"range": {"field": "answer", "min": 0}}]},
    "private": {"constraints": [{"private": {"fields": ["question"]}}]},
    "unique": {"constraints": [{"unique": {"field": "question"}}]},
    "ask": {"constraints": [{"ask": "The problem asks exactly one question."}]},
    "schema": {"validators": ["schema"]},
    "code": {"validators": [{"code": {"question": "question", "answer": "answer", "solutions": 1}}]},
    "solve": {"validators": [{"solve": {"question": "question", "answer": "answer", "attempts": 1}}]},
    "search": {"validators": [{"search": {"fields": ["question"], "sources": ["corpus"], "corpus": "facts.jsonl"}}]},
    "reflect": {"validators": [{"reflect": {"rounds": 1}}]},
    "difficulty": {"difficulty": {"share": 0.5, "operators": ["paraphrase", "add_context", "more_steps"]}},
    "dedup": {"dedup": {"near": 0.8, "threshold": 0.92, "embedder": "hashed"}},
    "several": {"records_per_call": 2},
}  # fmt: skip
DIGITS = range(max(len(PARTS) - 1, 1).bit_length())


def combinations() -> list[tuple[str, ...]]:
    """Sets of modules that are on."""
    found: list[tuple[str, ...]] = [tuple(PARTS), ()]
    for digit in DIGITS:
        for value in (0, 1):
            found.append(tuple(name for number, name in enumerate(PARTS) if number >> digit & 1 == value))
    return found


def test_the_combinations_have_every_pair_of_modules_on_and_off() -> None:
    sets = [set(combination) for combination in combinations()]
    for one in PARTS:
        for two in PARTS:
            states = {(one in some, two in some) for some in sets}
            assert len(states) == (2 if one == two else 4)


def write(folder: Path, on: tuple[str, ...]) -> Path:
    from datagen_cli.offline.quiz import facts

    lines = [
        json.dumps({"title": country, "text": f"The capital of {country} is {city}."})
        for country, (city, *_) in facts("capital").items()
    ]
    (folder / "facts.jsonl").write_text("\n".join(lines))
    parts: dict[str, Any] = {}
    for name in on:
        for key, value in PARTS[name].items():
            parts[key] = [*parts.get(key, []), *value] if isinstance(value, list) else value
    told = "".join(f"{key}: {json.dumps(value)}\n" for key, value in parts.items())
    (folder / "every.yaml").write_text(RECIPE % BASE + told)
    return folder / "every.yaml"


@pytest.mark.slow
@pytest.mark.parametrize("on", combinations(), ids=lambda on: "-".join(on) or "nothing")
def test_any_combination_of_modules_gives_whole_records_and_the_same_bytes_at_any_width(
    on: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = write(tmp_path, on)
    for width in (1, 16):
        assert generate(path, "-n", 6, "-o", tmp_path / str(width) / "run", "--concurrency", width) == 0
    assert outcome(tmp_path / "1" / "run") == outcome(tmp_path / "16" / "run")
    made = rows(tmp_path / "1" / "run")
    assert len({row["question"] for row in made}) == 6
    assert all(isinstance(row["answer"], int | float) and not isinstance(row["answer"], bool) for row in made)
    checks = sum(len(PARTS[name].get(key, [])) for name in on for key in ("constraints", "validators"))
    for row in made:
        assert len(row["verdicts"]) == checks and "fail" not in row["verdicts"].values()
