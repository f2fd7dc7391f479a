"""A small recipe for the real model, and the laws of every run whatever the model's wit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.real_model import MODEL
from tests.runs.whole import rows

SMALL: dict[str, Any] = {"name": MODEL, "temperature": 0.9, "max_tokens": 160, "context": 2048}
MOODS: dict[str, Any] = {
    "version": 1,
    "name": "moods",
    "description": "Short remarks about the weather, as people make them to a neighbour.",
    "fields": {"text": {"type": "text", "description": "the remark"}, "mood": {"type": "label"}},
    "label": {"field": "mood", "values": {"glad": "likes the weather", "sad": "does not"}, "quota": "balanced"},
    "examples": {
        "inline": [
            {"text": "What a lovely warm morning, I might sit outside all day.", "mood": "glad"},
            {"text": "This rain has gone on for a week and my garden is drowned.", "mood": "sad"},
        ]
    },
    "model": SMALL,
    "count": 3,
}
SUMS: dict[str, Any] = {
    **MOODS,
    "name": "sums",
    "description": "Questions about adding small whole numbers, each with its answer.",
    "fields": {"question": {"type": "text"}, "answer": {"type": "number"}},
    "label": {"field": "answer", "quota": "none"},
    "examples": {
        "inline": [{"question": "What is 2 plus 3?", "answer": 5}, {"question": "What is 10 plus 4?", "answer": 14}]
    },
}
WEATHER = {"text": str, "mood": str}
NUMBERS = {"question": str, "answer": float}


def recipe(folder: Path, values: Mapping[str, Any] = MOODS, **more: Any) -> Path:
    """A recipe file with some more keys."""
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({**values, **more}, sort_keys=False))
    return path


def checked(found: Mapping[str, Any], folder: Path, fields: Mapping[str, type], tell: Callable[[str], None]) -> None:
    """The laws of every run, and what came of this one."""
    kept, lost = rows(folder), rows(folder, "rejected.jsonl")
    assert found["exit_code"] == (0 if found["accepted"] == found["count"] else 3)
    assert len(kept) == found["accepted"] and len(lost) == sum(found["rejected"].values()) + found["surplus"]
    assert found["simulated"] is False and found["cost_usd"] == 0
    assert found["calls"] > 0 and found["tokens"]["in"] > 0 and found["tokens"]["out"] > 0
    assert found["no_reply"] == 0
    for row in kept:
        assert row["simulated"] is False
        for name, kind in fields.items():
            assert isinstance(row[name], int | float if kind is float else kind) and not isinstance(row[name], bool)
        assert set(row["verdicts"].values()) <= {"pass", "fail", "unknown"}
    assert all(row["stage"] and row["reason"] for row in lost)
    tokens = found["tokens"]["in"] / max(found["accepted"], 1)
    tell(
        f"{folder.name}: {found['accepted']} of {found['accepted'] + len(lost)} attempts kept, {found['calls']} calls,"
        f" {tokens:,.0f} prompt tokens a good record, {found['seconds']:.0f} s; not kept: {found['rejected'] or 'none'}"
    )
