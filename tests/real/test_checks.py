"""Every check that asks a model, on a real one: each record gets a verdict that was read, whatever it is worth."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.catalog import CATALOG
from datagen_cli.core.registry import load
from tests.real.small import MOODS, NUMBERS, SMALL, SUMS, WEATHER, checked, recipe
from tests.runs.whole import report, rows

NOTES = "Rain in May is common here.\nThe north wind brings clear and cold days.\nFog comes from the river.\n"
STAY = {"on_fail": "keep", "on_unknown": "keep"}
CHECKS: dict[str, tuple[Mapping[str, Any], dict[str, Any]]] = {
    "ask": (MOODS, {"constraints": [{"ask": {"text": "The remark is about the weather.", "name": "ask", **STAY}}]}),
    "reflect": (MOODS, {"validators": [{"reflect": {"rounds": 1, **STAY}}]}),
    "solve": (MOODS, {"validators": [{"solve": {"question": "text", "answer": "mood", "attempts": 1, **STAY}}]}),
    "code": (SUMS, {"validators": [{"code": {"question": "question", "answer": "answer", "solutions": 1, **STAY}}]}),
    "search": (
        MOODS,
        {"validators": [{"search": {"fields": ["text"], "sources": ["corpus"], "corpus": "notes.jsonl", **STAY}}]},
    ),
}


def test_no_check_that_asks_is_forgotten() -> None:
    asking = {name for shelf in ("constraints", "validators") for name in CATALOG[shelf] if load(shelf, name).roles}
    assert asking == CHECKS.keys()


@pytest.mark.real
@pytest.mark.parametrize("name", CHECKS)
def test_a_check_gives_every_record_a_verdict(
    name: str, tmp_path: Path, capsys: Any, tell: Callable[[str], None]
) -> None:
    (tmp_path / "notes.jsonl").write_text("".join(json.dumps({"text": line}) + "\n" for line in NOTES.splitlines()))
    base, check = CHECKS[name]
    limits = {"attempts_per_record": 1}
    file = recipe(tmp_path, base, count=2, limits=limits, model={**SMALL, "max_tokens": 100}, **check)
    found = report(capsys, file, "-o", tmp_path / name)
    checked(found, tmp_path / name, NUMBERS if base is SUMS else WEATHER, tell)
    said = [row["verdicts"][name] for row in rows(tmp_path / name)]
    assert found["calls"] > found["accepted"] or not said
    tell(f"  {name}: {', '.join(said) or 'nothing to judge'}")
