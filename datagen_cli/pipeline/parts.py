"""What a run is made of, and how far it is: what the runner is given and what it counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from typing import Any

from datagen_cli.core.record import Record, Slot
from datagen_cli.pipeline.context import UnitContext
from datagen_cli.pipeline.cut import Cut
from datagen_cli.runs.checkpoint import Checkpoint
from datagen_cli.stages.dedup import Decision
from datagen_cli.stages.generate import Unit


@dataclass(slots=True)
class Parts:
    """What a run is made of.

    `cohorts` are slot counts, see `Sequence`; the last is the count. `cut` says where the units of first attempts
    begin, and `unit(start)` makes one, batches whole;
    `refill(slot, attempt, avoid)` makes the unit of a later attempt; `review(end, accepted)` gives what people made of
    records, a round at a time, see `Rounds.after`; `admit` has the group check know a record that stands as a person
    wrote it; `slot(index)` is the plan; `context(slot, attempt)` the surroundings; `prepare`, if any, must have seen
    records before they are judged; `halt` stops the sending of calls, `forget` takes replies out of the call cache.
    `width()` is how many units may be under way now; a `cautious` run begins with fewer, one with a `check_call` with
    one.
    """

    cohorts: Items[int]
    attempts: int
    width: Callable[[], int]
    cautious: bool
    check_call: bool
    cut: Cut
    unit: Callable[[int], Unit]
    refill: Callable[[Slot, int, tuple[Any, ...]], Unit]
    slot: Callable[[int], Slot]
    generate: Callable[[Unit, UnitContext], Awaitable[list[Record]]]
    steps: Items[tuple[str, Callable[[Record, Slot, Unit, UnitContext], Awaitable[Record]]]]
    judge: Callable[[Record], Decision]
    prepare: Callable[[Items[Record]], Awaitable[None]] | None
    context: Callable[[int, int], UnitContext]
    checkpoints: dict[str, Checkpoint]
    review: Callable[[int, Items[int]], Items[Record] | None]
    admit: Callable[[Record], None]
    halt: Callable[[], None]
    forget: Callable[[Items[str]], Awaitable[None]]

    @property
    def count(self) -> int:
        """How many slots there are to fill."""
        return self.cohorts[-1]


@dataclass(slots=True)
class Progress:
    """How far a run is.

    `rejected` counts by reason over all attempts that were judged or turned away, `no_reply` the prompts that ended
    without a reply. `closed` are the slots that have none, with the cause; `replaced` those that stand in an earlier
    dataset, judged without slots that had no reply then, and have another record now.
    """

    new_records: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    no_reply: int = 0
    failed_slots: list[tuple[int, str]] = field(default_factory=list)
    closed: dict[int, str] = field(default_factory=dict)
    replaced: set[int] = field(default_factory=set)
    seconds: dict[str, float] = field(default_factory=dict)

    def count_judged(self, before: Mapping[str, Any] | None, judged: Record) -> None:
        """Counts what is judged for the first time, or otherwise than it was `before` without slots that were open."""
        kept = judged.rejection is None
        if before is None:
            self.new_records += kept
        elif kept == ("rejection" in before) or before["fields"] != judged.fields:
            self.replaced.add(judged.slot)

    def count_seconds(self, stage: str, seconds: float) -> None:
        """Adds what a piece of a stage took."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
