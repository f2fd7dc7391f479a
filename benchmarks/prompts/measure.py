"""What is counted of a run: attempts kept, labels kept, talk about the task, prompt tokens a good record."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

TALK = re.compile(
    r"\b(as an ai\b|i'?m sorry,? (but )?i (can'?t|cannot|am unable)|here (is|are) (a|an|the|some|your)\b"
    r"|(this|the) (record|message|text|item|example)s? (is|are|should|must|will|has)\b|\bjson\b|\[?example \d"
    r"|write (a|an|one|the)\b|at (least|most) \d+ words|(the|a) customer (of|will|should|wrote)\b)",
    re.IGNORECASE,
)
"""Sentences that speak of the task instead of fulfilling it. It errs to the strict side: a few innocent texts match."""


def talks(text: str) -> bool:
    """Whether a text is about the task."""
    return TALK.search(text) is not None


def counted(folder: Path, label_of: Callable[[Sequence[str]], Sequence[str]] | None = None) -> dict[str, Any]:
    """The figures of a finished run. `label_of` tells the labels of texts, for `label_kept`."""
    kept, lost = _lines(folder / "dataset.jsonl"), _lines(folder / "rejected.jsonl")
    attempts = len(kept) + len(lost)
    texts = [" ".join(value for value in row.values() if isinstance(value, str)) for row in map(_fields, kept)]
    tokens_in = json.loads((folder / "run.json").read_text())["tokens"]["in"]
    found: dict[str, Any] = {
        "attempts": attempts,
        "accepted": len(kept) / attempts if attempts else None,
        "talk": sum(map(talks, texts)) / len(kept) if kept else None,
        "tokens_a_record": round(tokens_in / len(kept)) if kept else None,
        "label_kept": None,
    }
    if label_of is not None and kept:
        told = label_of([str(row["text"]) for row in kept])
        found["label_kept"] = sum(a == b["label"] for a, b in zip(told, kept, strict=True)) / len(kept)
    return found


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.is_file() else []


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in row if name not in ("id", "attributes", "verdicts", "simulated")}


def markdown(rows: Sequence[tuple[str, str, dict[str, Any]]]) -> str:
    """The table: one row a design and set."""
    head = ("set", "design", "attempts", "accepted", "label kept", "talk about the task", "prompt tokens a good record")
    lines = ["| " + " | ".join(head) + " |", "|---|---|---:|---:|---:|---:|---:|"]
    for name, design, found in rows:
        shares = (_share(found[key]) for key in ("accepted", "label_kept", "talk"))
        tokens = "–" if found["tokens_a_record"] is None else f"{found['tokens_a_record']:,}"
        lines.append("| " + " | ".join((name, design, str(found["attempts"]), *shares, tokens)) + " |")
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
