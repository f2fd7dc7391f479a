"""`plants.jsonl`: the faults that the offline model planted, so that a check can be measured against the truth.

No stage may read it. Lines are appended as they are planted and put in order, without repeats, when a run ends.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from datagen_cli.core.jsonl import MODE, dump, write_aside, write_errors
from datagen_cli.core.system import open_own, read_own

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
