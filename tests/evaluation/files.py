"""Small files for evaluations."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

TOPICS = {"sport": ["match", "team", "goal", "coach"], "money": ["bank", "stock", "price", "loan"]}


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> str:
    """Writes JSON Lines; returns the path as text."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def news(n: int, seed: int = 0, *, wrong: float = 0.0) -> list[dict[str, Any]]:
    """Labelled texts that a student can learn; a share of the labels is wrong."""
    draw = random.Random(seed)
    rows = []
    for _ in range(n):
        label = draw.choice(sorted(TOPICS))
        text = f"{draw.choice(TOPICS[label])} {draw.choice(TOPICS[label])} on day {draw.randrange(10**9)}"
        said = draw.choice(sorted(TOPICS)) if draw.random() < wrong else label
        rows.append({"text": text, "label": said})
    return rows
