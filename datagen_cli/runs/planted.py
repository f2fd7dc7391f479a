"""What the offline model planted in a run, and what became of it: which reason turned it away, and what was kept.

Only a simulated run has any, in `plants.jsonl`. Lines are appended as they are planted and put in order, without
repeats, when the run ends; they are read when it is over, so that no stage can know of them.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datagen_cli.core.files import parse_object
from datagen_cli.core.jsonl import MODE, dump, write_aside, write_errors
from datagen_cli.core.record import Record
from datagen_cli.core.system import open_own, read_own

WRITING = ("generate", "repair", "rewrite", "enhance")
"""Purposes whose faults are in records; those of checkers only mislead."""
PLANTED, KEPT, MENDED = "planted", "kept", "mended"
FATES = (PLANTED, KEPT, MENDED)
Unit = tuple[int, int]
PLACE = ("slot", "attempt", "purpose", "k", "record", "fault")


class InjectedFaultLog:
    """Call it with a plant; `close` sorts the file. Nothing is written before the first plant."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def __call__(self, plant: dict[str, Any]) -> None:
        """Appends one plant."""
        with write_errors(self._path):
            if self._file is None:
                self._file = open_own(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, MODE)
            os.write(self._file, dump(plant) + b"\n")

    def _lines(self) -> list[bytes]:
        with write_errors(self._path), read_own(self._path) as file:
            return file.read().splitlines()

    def close(self) -> None:
        """Puts the lines in order of slot, attempt and purpose, each once; torn lines go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if not self._path.exists():
            return
        found: dict[tuple[Any, ...], bytes] = {}
        for line in self._lines():
            try:
                plant = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(plant, dict):
                found[tuple(str(plant.get(name, "")).rjust(9) for name in PLACE)] = line
        write_aside(self._path, (found[key] + b"\n" for key in sorted(found)))


def _is_plant(line: Mapping[str, Any]) -> bool:
    """Whether a line is one that a run wrote: the file may be damaged, or anybody's."""
    numbers = (line.get("slot"), line.get("attempt"), line.get("record", 0) or 0)
    return all(type(number) is int for number in numbers) and isinstance(line.get("fault"), str) and "purpose" in line


class Plants:
    """The faults planted in records, by slot and attempt; none where nothing was simulated (`path` is None)."""

    def __init__(self, path: Path | None, per_call: int = 1) -> None:
        self._found: set[Unit] = set()
        self._first: dict[Unit, dict[str, str | None]] = {}
        self._alike: set[Unit] = set()
        if path is not None and path.exists():
            with read_own(path) as file:
                for raw in file:
                    plant = parse_object(raw)
                    if plant is not None and _is_plant(plant):
                        self._add(plant, per_call)

    def _add(self, plant: Mapping[str, Any], per_call: int) -> None:
        if plant["purpose"] not in WRITING:
            return
        slot, attempt, record = plant["slot"], plant["attempt"], plant.get("record")
        whole = per_call if attempt == 1 and plant["purpose"] == "generate" else 1
        slots = [slot + (record or 0)] if record is not None and whole > 1 else range(slot, slot + whole)
        for one in slots:
            self._found.add((one, attempt))
            if plant["purpose"] == "generate":
                self._first.setdefault((one, attempt), {})[plant["fault"]] = plant.get("field")
            if plant["fault"] == "duplicate" and plant.get("truth") == "stock":
                self._alike.add((one, attempt))

    def __bool__(self) -> bool:
        return bool(self._found)

    def generated(self, record: Record) -> Mapping[str, str | None]:
        """All faults of an attempt as it was generated, with the field that each is in."""
        return self._first.get((record.slot, record.attempt), {})

    def first(self, record: Record, *, accepted: bool) -> Mapping[str, str | None]:
        """The faults of an attempt as it was generated, with the field that each is in.

        Of records that many slots write alike the first is no repeat: of an accepted one it is no fault.
        """
        found = self.generated(record)
        if accepted and (record.slot, record.attempt) in self._alike:
            return {fault: field for fault, field in found.items() if fault != "duplicate"}
        return found

    def any(self, record: Record) -> bool:
        """Whether an attempt had any planted fault, at first or later."""
        return (record.slot, record.attempt) in self._found


class Fates:
    """What became of planted faults; `table` counts it by fault."""

    def __init__(self, plants: Plants) -> None:
        self._plants = plants
        self._fates: dict[str, Counter[str]] = {}

    def count(self, record: Record) -> None:
        """Takes an attempt as its last stage left it."""
        for fault in self._plants.first(record, accepted=record.rejection is None):
            fates = self._fates.setdefault(fault, Counter())
            fates[PLANTED] += 1
            fates[record.rejection.reason if record.rejection else MENDED if record.changes else KEPT] += 1

    @property
    def table(self) -> dict[str, dict[str, int]]:
        """Fault to how many were planted, mended, kept, and turned away by each reason."""
        return {fault: dict(self._fates[fault].most_common()) for fault in sorted(self._fates)}


def fate_cells(fates: Mapping[str, int]) -> tuple[str, ...]:
    """One fault's row of a table: planted, kept unnoticed, mended, and turned away by which reasons."""
    away = ", ".join(f"{count:,} {name}" for name, count in fates.items() if name not in FATES)
    return (*(f"{fates.get(name, 0):,}" for name in FATES), away or "–")
