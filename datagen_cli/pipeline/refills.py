"""Further attempts at slots: which come next, what they must differ from, and how many a slot has."""

from __future__ import annotations

import heapq
from typing import Any

from datagen_cli.core.record import Record


class Refills:
    """The refills that wait to be sent, lowest attempts first. `attempts` is how many a slot has before a review."""

    def __init__(self, attempts: int) -> None:
        self._attempts = attempts
        self._waiting: list[tuple[int, int]] = []
        self._avoid: dict[int, tuple[Any, ...]] = {}
        self._queued: dict[int, int] = {}
        self._before: dict[int, int] = {}

    def most(self, slot: int) -> int:
        """The last attempt that a slot may have."""
        return self._before.get(slot, 0) + self._attempts

    def add(self, record: Record) -> None:
        """Queues the slot's next attempt; `record` is the rejected one, and its evidence is to be avoided."""
        assert record.rejection is not None
        if record.attempt >= self.most(record.slot) or self._queued.get(record.slot, 1) > record.attempt:
            return
        if record.rejection.evidence is not None:
            self._avoid[record.slot] = (*self._avoid.get(record.slot, ()), record.rejection.evidence)
        self._queued[record.slot] = record.attempt + 1
        heapq.heappush(self._waiting, (record.attempt + 1, record.slot))

    def reopen(self, record: Record) -> None:
        """The same for a record that was accepted and that a person rejected: the slot has all its attempts anew."""
        self._before[record.slot] = record.attempt
        self._avoid[record.slot] = (*self._avoid.get(record.slot, ()), dict(record.fields))
        self.add(record)

    def pop(self) -> tuple[int, int, tuple[Any, ...]]:
        """Attempt, slot, and what to avoid; attempt 0 when none waits."""
        if not self._waiting:
            return 0, 0, ()
        attempt, slot = heapq.heappop(self._waiting)
        return attempt, slot, self._avoid.get(slot, ())
