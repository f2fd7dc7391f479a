"""The judging of what has not had its turn when a run ends, in portions, so that signals are heard and told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from collections.abc import Sequence as Items

from datagen_cli.core.ports import Observer
from datagen_cli.pipeline.sequence import Sequence
from datagen_cli.runs.checkpoint import Checkpoint

AT_ONCE = 256
"""Slots between two turns of the loop."""


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
