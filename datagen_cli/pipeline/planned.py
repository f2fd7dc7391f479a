"""The slots of a run, on disk in `2-plan.jsonl`: 8 bytes a slot in memory, written once and read in blocks."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from pathlib import Path

from datagen_cli.core.jsonl import dump, write_aside
from datagen_cli.core.record import Slot, unit_name
from datagen_cli.pipeline.build import Built

BLOCK = 512


class Plan:
    """The planned slots. `write` first; then read them by index or all in order."""

    def __init__(self, built: Built, path: Path) -> None:
        self.built = built
        self.path = path
        self._offsets: array[int] = array("q")
        self._block = range(0)
        self._slots: list[Slot] = []

    def write(self, count: int, fingerprint: str) -> None:
        """Draws the slots and writes the file aside, unless it holds as many of this plan already."""
        head = dump({"stage": "plan", "fingerprint": fingerprint}) + b"\n"
        if self._reservations(count, head):
            return
        self._offsets = array("q")

        def lines() -> Iterator[bytes]:
            position = len(head)
            yield head
            for slot in self.built.slots(count):
                unit = {"unit": unit_name(slot.index, 1), "id": slot.id, "label": slot.label}
                line = dump({**unit, "attributes": dict(slot.attributes)}) + b"\n"
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
        found = []
        with open(self.path, "rb") as file:
            file.seek(self._offsets[indices.start])
            for index in indices:
                line = json.loads(file.readline())
                found.append(Slot(index, line["id"], line["label"], line["attributes"]))
        return found

    def _reservations(self, count: int, head: bytes) -> bool:
        """Whether the file is whole, of this plan, and long enough: a longer plan begins with a shorter one."""
        offsets = array("q")
        try:
            with open(self.path, "rb") as file:
                if file.readline(len(head)) != head:
                    return False
                position = len(head)
                for index, line in zip(range(count), file, strict=False):
                    if not (line.startswith(b'{"unit":"%06d.1","id":' % index) and line.endswith(b"}\n")):
                        return False
                    offsets.append(position)
                    position += len(line)
        except OSError:
            return False
        self._offsets = offsets
        return len(offsets) == count
