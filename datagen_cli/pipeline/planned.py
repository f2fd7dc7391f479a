"""The slots of a run, on disk in `2-plan.jsonl`: 8 bytes a slot in memory, written once and read in blocks.

The first line also holds the cohorts in which the run is judged. Every line carries a sum; where one is wrong the slots
are drawn again, which costs nothing.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from datagen_cli.core.checksum import sealed, seed_of, whole
from datagen_cli.core.jsonl import dump, write_aside
from datagen_cli.core.record import Slot, unit_name
from datagen_cli.core.system import read_own
from datagen_cli.pipeline.build import Built
from datagen_cli.runs.checkpoint import HEADER_BYTES, header_line, read_header

BLOCK = 512


class Plan:
    """The planned slots. `write` first; then read them by index or all in order."""

    def __init__(self, built: Built, path: Path) -> None:
        self.built = built
        self.path = path
        self.damaged = 0
        self._offsets: array[int] = array("q")
        self._block = range(0)
        self._slots: list[Slot] = []

    def write(self, count: int, fingerprint: str, cohorts: Sequence[int] = ()) -> None:
        """Draws the slots and writes the file aside, unless it holds as many of this plan already."""
        head = header_line("plan", fingerprint, cohorts=list(cohorts))
        seed = seed_of(fingerprint)
        before = read_header(self.path)
        self.damaged = 0
        known = not before or (before.get("fingerprint") == fingerprint and "cohorts" in before)
        if known and self._find(count, seed, lost=not before) and before.get("cohorts") == list(cohorts):
            return
        self._offsets = array("q")

        def lines() -> Iterator[bytes]:
            position = len(head)
            yield head
            for slot in self.built.slots(count):
                unit = {"unit": unit_name(slot.index, 1), "id": slot.id, "label": slot.label}
                more: dict[str, Any] = {"parent": slot.parent} if slot.parent else {}
                more |= {"cluster": slot.cluster} if slot.cluster is not None else {}
                line = sealed(dump({**unit, "attributes": dict(slot.attributes), **more}), seed)
                self._offsets.append(position)
                position += len(line)
                yield line

        write_aside(self.path, lines())

    def __iter__(self) -> Iterator[Slot]:
        for start in range(0, len(self._offsets), BLOCK):
            yield from self.read(range(start, start + BLOCK))

    def read(self, indices: range) -> list[Slot]:
        """The slots of a range that are planned."""
        start, stop = indices.start, min(indices.stop, len(self._offsets))
        if start >= stop:
            return []
        if start not in self._block or stop - 1 not in self._block:
            self._block = range(start, min(max(stop, start + BLOCK), len(self._offsets)))
            self._slots = self._read(self._block)
        return self._slots[start - self._block.start : stop - self._block.start]

    def slot(self, index: int) -> Slot:
        """One slot, wherever the reading in order is."""
        if index in self._block:
            return self._slots[index - self._block.start]
        return self._read(range(index, index + 1))[0]

    def _read(self, indices: range) -> list[Slot]:
        with read_own(self.path) as file:
            file.seek(self._offsets[indices.start])
            lines = [(index, json.loads(file.readline())) for index in indices]
        return [
            Slot(index, line["id"], line["label"], line["attributes"], line.get("parent", ""), line.get("cluster"))
            for index, line in lines
        ]

    def _find(self, count: int, seed: int, *, lost: bool) -> bool:
        """Whether the file holds so many whole lines of this plan: a longer plan begins with a shorter one. Counts the
        damaged ones, the first line among them where it is `lost`."""
        offsets = array("q")
        try:
            with read_own(self.path) as file:
                position = len(file.readline(HEADER_BYTES))
                self.damaged += bool(position and lost)
                for index, line in zip(range(count), file, strict=False):
                    if line.startswith(b'{"unit":"%06d.1","id":' % index) and whole(line, seed):
                        offsets.append(position)
                    else:
                        self.damaged += 1
                    position += len(line)
        except OSError:
            return False
        self._offsets = offsets
        return len(offsets) == count and not self.damaged
