"""What became of the faults that the offline model planted in records: which reason turned them away, which were kept.

Only a simulated run has any, in `plants.jsonl`; it is read when the run is over, so that no stage can know of it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from datagen_cli.core.errors import DataError
from datagen_cli.core.files import open_regular, parse_object, raw_lines
from datagen_cli.core.record import Record

FILE = "plants.jsonl"
WRITING = "generate"
PLANTED, KEPT, MENDED = "planted", "kept", "mended"


class PlantedFaults:
    """The planted faults of a folder by slot and attempt. `table` counts their fates by fault."""

    def __init__(self, folder: Path) -> None:
        self._faults: dict[tuple[int, int], set[str]] = {}
        self._fates: dict[str, Counter[str]] = {}
        path = folder / FILE
        try:
            file = open_regular(path) if path.exists() else None
        except DataError:
            file = None
        if file is None:
            return
        with file:
            for raw in raw_lines(file):
                self._take(parse_object(raw) or {})

    def _take(self, plant: dict[str, object]) -> None:
        slot, attempt, place = (plant.get(name) for name in ("slot", "attempt", "record"))
        if plant.get("purpose") == WRITING and isinstance(slot, int) and isinstance(attempt, int):
            of = slot + (place if isinstance(place, int) and attempt == 1 else 0)
            self._faults.setdefault((of, attempt), set()).add(str(plant.get("fault")))

    def count(self, record: Record) -> None:
        """Takes an attempt as its last stage left it."""
        for fault in self._faults.get((record.slot, record.attempt), ()):
            fates = self._fates.setdefault(fault, Counter())
            fates[PLANTED] += 1
            fates[record.rejection.reason if record.rejection else MENDED if record.changes else KEPT] += 1

    @property
    def table(self) -> dict[str, dict[str, int]]:
        """Fault to how many were planted, mended, kept, and turned away by each reason."""
        return {fault: dict(self._fates[fault].most_common()) for fault in sorted(self._fates)}
