"""How many records of a simulated cell are right: what the offline model planted, read after the run has ended.

Right is a record whose label, or answer, is. It is wrong when the very attempt that was accepted got another one than
the planted truth, or a question that has no answer, and no check has put that right in between. What else was planted
(false facts, orders, repeats) is not looked at, and the configured rates never are. A real cell has no such file:
nothing is known of it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datagen_cli.core.jsonl import read_lines
from datagen_cli.evaluation.correctness import same_answer
from datagen_cli.runs.reader import RunReader

PLANTS = "plants.jsonl"
WRONG_LABEL, UNSOLVABLE = "wrong_label", "unsolvable"
KEPT = 0.5
"""A text that keeps a smaller share of its words was written anew."""


def right_records(folder: Path) -> list[bool] | None:
    """Whether each accepted record of a run folder is right, in slot order; None for a run that is not simulated.

    Raises `DataError` for a folder without a run.
    """
    run = RunReader(folder)
    if not run.manifest.simulated:
        return None
    judged = {line["slot"]: line for line in run.lines("dedup") if "rejection" not in line and "slot" in line}
    planted: dict[int, list[Mapping[str, Any]]] = {}
    for plant in read_lines(folder / PLANTS):
        slot, attempt = _place(plant)
        if attempt == judged.get(slot, {}).get("attempt"):
            planted.setdefault(slot, []).append(plant)
    found = []
    for row in run.rows():
        slot = int(str(row["id"]).rpartition("-")[2])
        anew = _written_anew(judged.get(slot, {}), row)
        found.append(anew or not any(_stands(plant, row) for plant in planted.get(slot, ())))
    return found


def _place(plant: Mapping[str, Any]) -> tuple[int, int]:
    """Slot and attempt of the record that a fault is in: a call may have been made for several slots."""
    return int(plant.get("slot") or 0) + int(plant.get("record") or 0), int(plant.get("attempt") or 0)


def _stands(plant: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether the fault is still in the record."""
    value, truth = row.get(str(plant.get("field"))), plant.get("truth")
    if plant.get("fault") == WRONG_LABEL:
        return not same_answer(value, truth)
    return plant.get("fault") == UNSOLVABLE


def _written_anew(line: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a check had a text of the record replaced, so that what was planted in it is gone."""
    for change in line.get("changes", ()):
        for name, before in change.get("before", {}).items():
            words = str(before).split()
            if isinstance(row.get(name), str) and words:
                kept = sum(word in row[name] for word in words)
                if kept < KEPT * len(words):
                    return True
    return False
