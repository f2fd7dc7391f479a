"""The order in which attempts are judged: all first attempts in slot order, then all second ones, and so on.

Outcomes arrive in any order and wait here for their turn, so that what is accepted never depends on which reply came
first. A slot that is stuck holds back the judging of later ones, never their generation; one that is closed, because
nobody answers it, is passed over, and so are all that have no outcome when a run ends. Slots that a larger count added
to a finished run form a cohort of their own, judged after the earlier ones: what was accepted stays. So do slots that
a review opened again. What has not had its turn when a run ends is judged in portions, so that signals are heard.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Sequence as Items
from typing import Any

from datagen_cli.core.ports import Observer
from datagen_cli.core.record import Record
from datagen_cli.runs.checkpoint import Checkpoint

AT_ONCE = 256
"""Slots between two turns of the loop."""


class Sequence:
    """Feeds records to `judge` in key order, cohort by cohort; `cohorts` are the slot counts at which each ends.

    `judge(record)` is called for records that no earlier stage rejected and returns the record as it leaves the group
    check; `settled(record)` is called for every attempt in key order, accepted or rejected, after it is judged.
    `settled` returns whether the slot gets another attempt. `reopen(end)` is asked when all slots below `end` are
    settled, until it has no more: it gives accepted slots that a person rejected, with the attempt that was accepted.
    `passed_over` counts slots without an outcome in their turn, `accepted_past` the records that were accepted after
    the first of them; `done` says that every slot is accepted, out of attempts or passed over.
    """

    def __init__(
        self,
        cohorts: Items[int],
        judge: Callable[[Record], Record],
        settled: Callable[[Record], bool],
        reopen: Callable[[int], Mapping[int, int] | None] = lambda end: None,
    ) -> None:
        starts = [0, *cohorts[:-1]]
        self._cohorts = [range(start, end) for start, end in zip(starts, cohorts, strict=True)]
        self._reopen = reopen
        self._before: dict[int, int] = {}
        self._end = cohorts[0]
        self.done = False
        self._judge = judge
        self._settled = settled
        self._level = 1
        self._position = 0
        self._members: list[int] | range = self._cohorts.pop(0)
        self._next_members: list[int] = []
        self._waiting: dict[tuple[int, int], Record] = {}
        self._closed: set[int] = set()
        self._ended = False
        self.passed_over = 0
        self.accepted_past = 0

    def deliver(self, record: Record) -> None:
        """Takes the outcome of an attempt and judges all that is now in turn."""
        self._waiting[record.key] = record
        self._go_on()

    def close(self, slot: int) -> None:
        """Passes over a slot from now on, and judges all that is now in turn."""
        self._closed.add(slot)
        self._go_on()

    def end(self, most: int) -> bool:
        """Judges the outcomes that are there, and passes over every slot that has none, `most` of both at a time. True
        while there are more."""
        self._ended = True
        self._go_on(most)
        return not self.done

    @property
    def waiting(self) -> int:
        """How many outcomes have not had their turn."""
        return len(self._waiting)

    def _go_on(self, most: int | None = None) -> None:
        left = most
        while not self.done and left != 0:
            if self._position >= len(self._members):
                self._advance()
                continue
            left = None if left is None else left - 1
            slot = self._members[self._position]
            outcome = self._waiting.pop((self._before.get(slot, 0) + self._level, slot), None)
            if outcome is None:
                if not self._ended and slot not in self._closed:
                    return
                self.passed_over += 1
                self._position += 1
                continue
            if outcome.rejection is None:
                outcome = self._judge(outcome)
            self.accepted_past += self.passed_over > 0 and outcome.rejection is None
            self._position += 1
            if self._settled(outcome):
                self._next_members.append(outcome.slot)

    def _advance(self) -> None:
        """On to the next attempts of this cohort, to what a review opened again, or to the next cohort."""
        self._position = 0
        if self._next_members:
            self._members, self._next_members = self._next_members, []
            self._level += 1
        elif (opened := self._reopen(self._end)) is not None:
            self._before.update(opened)
            self._members, self._level = sorted(opened), 1
        elif self._cohorts:
            self._members, self._level = self._cohorts.pop(0), 1
            self._end = self._members.stop
        else:
            self._members, self.done = [], True


async def judge_rest(sequence: Sequence, observer: Observer, left: Callable[[], bool]) -> None:
    """Judges all that waits, unless `left()` says that nobody waits for that any more."""
    most = sequence.waiting
    while not left() and sequence.end(AT_ONCE):
        if most:
            observer.event("step", text="judging what waited for its turn", done=most - sequence.waiting, of=most)
        await asyncio.sleep(0)


def take_back(units: Iterable[tuple[int, int]], accepted: bytearray, checkpoints: Items[Checkpoint]) -> None:
    """Has the lines of these attempts match nothing, so that a later run makes them again; none of them is accepted."""
    for slot, attempt in units:
        accepted[slot] = 0 if accepted[slot] == attempt else accepted[slot]
        for checkpoint in checkpoints:
            if (line := checkpoint.line(slot, attempt)) is not None:
                told = {key: value for key, value in line.items() if key not in ("unit", "from")}
                checkpoint.append(slot, attempt, "", told)


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
