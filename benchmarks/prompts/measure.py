"""What is counted of a run: attempts kept, labels kept, talk about the task, prompt tokens a good record."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Figures = tuple[str, str, dict[str, Any]]
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
    attempts = len(kept) + sum(row.get("reason") != "surplus" for row in lost)
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


def pages(rows: Sequence[Figures]) -> str:
    """The tables: of sets, of checks, of hostile rows; those of which there are figures."""
    sets = [row for row in rows if "attempts" in row[2]]
    checks = [row for row in rows if "verdicts" in row[2]]
    hostile = [row for row in rows if "obeyed" in row[2]]
    parts = [markdown(sets)] if sets else []
    if checks:
        head = ("check", "verdicts", "readable", "calls a verdict", "good ones refused", "bad ones found")
        parts.append(_table(head, [_checked(name, found) for name, _, found in checks]))
    if hostile:
        found = [(name, str(one["rows"]), str(one["obeyed"]), str(one["structure"])) for name, _, one in hostile]
        parts.append(_table(("hostile rows as", "rows", "obeyed", "no single text"), found))
    return "\n\n".join(parts)


def _checked(name: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    verdicts = found["verdicts"]
    refused = f"{found['good_refused']} of {found['good']}", f"{found['bad_found']} of {found['bad']}"
    return (name, str(verdicts), f"{found['readable'] / verdicts:.2f}", f"{found['calls'] / verdicts:.2f}", *refused)


def markdown(rows: Sequence[Figures]) -> str:
    """The table of sets: one row a design and set."""
    head = ("set", "design", "attempts", "accepted", "label kept", "talk about the task", "prompt tokens a good record")
    lines = []
    for name, design, found in rows:
        shares = (_share(found[key]) for key in ("accepted", "label_kept", "talk"))
        tokens = "–" if found["tokens_a_record"] is None else f"{found['tokens_a_record']:,}"
        lines.append((name, design, str(found["attempts"]), *shares, tokens))
    return _table(head, lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; numbers stand right."""
    marks = ["---" if number < 2 and not rows[0][number][:1].isdigit() else "---:" for number in range(len(head))]
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "|".join(marks) + "|", *lines[1:]])


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
