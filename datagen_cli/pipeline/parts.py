"""What a run is made of, and how far it is: what the runner works with and what it counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from typing import Any

from datagen_cli.core.record import Record, Slot
from datagen_cli.llm.client import Client
from datagen_cli.pipeline.build import Built
from datagen_cli.pipeline.context import UnitContext
from datagen_cli.pipeline.dedup_reference import BatchEmbedder
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.pipeline.planned import Plan
from datagen_cli.pipeline.reviewed import Rounds
from datagen_cli.runs.checkpoint import Checkpoint
from datagen_cli.stages.dedup import Decision
from datagen_cli.stages.generate import Unit

AHEAD = 2
"""Units under way for each call in flight: while one reply is worked on, the next prompt waits for a place."""


@dataclass
class Parts:
    """What a run is made of. `cohorts` are slot counts, see `Sequence`; the last is the count. `say` tells the user,
    `seen` takes the ids of models that answer."""

    built: Built
    plan: Plan
    rounds: Rounds
    checkpoints: dict[str, Checkpoint]
    cohorts: Items[int]
    client: Client
    engine: LocalEngine
    seen: set[str]
    say: Callable[[str], None]
    unsafe_exec: bool

    def __post_init__(self) -> None:
        self.limits, self.count = self.built.recipe.options.limits, self.cohorts[-1]
        self.cut, self.generate, self.steps = self.built.cut, self.built.generate.run, self.built.steps
        self._dedup = self.built.dedup()
        self._embedder = BatchEmbedder(self.built.comparison, self.engine.run_blocking, self._dedup, self.say)
        self.prepare = self._embedder.prepare if self.built.comparison.threshold is not None else None
        """What must have seen records before they are judged, if anything."""

    @property
    def width(self) -> int:
        """How many units may be under way now."""
        return self.client.side_by_side(AHEAD * self.limits.concurrency)

    def unit(self, start: int) -> Unit:
        """The unit of first attempts that begins at a slot, batches whole."""
        return self._unit(self.plan.read(range(start, start + self.cut.width(start))), 1)

    def refill(self, slot: int, attempt: int, avoid: tuple[Any, ...]) -> Unit:
        """The unit of a later attempt."""
        return self._unit([self.plan.slot(slot)], attempt, avoid)

    def _unit(self, slots: Items[Slot], attempt: int, avoid: tuple[Any, ...] = ()) -> Unit:
        return self.built.unit(slots, attempt, avoid, self.rounds.lessons(slots[0], attempt))

    def context(self, slot: int, attempt: int) -> UnitContext:
        """The surroundings of an attempt."""
        blocking, unsafe = self.engine.run_blocking, self.unsafe_exec
        return UnitContext(self.client, blocking, slot, attempt, self.seen, unsafe_exec=unsafe, note=self.say)

    def judge(self, record: Record) -> Decision:
        """The group check."""
        return self._dedup.judge(record, self._embedder.take(record))

    def admit(self, record: Record) -> None:
        """Has the group check know a record that stands as a person wrote it."""
        self._dedup.admit(record, self.built.comparison.vector(record.fields))


@dataclass(slots=True)
class Progress:
    """How far a run is.

    `rejected` counts by reason over all attempts that were judged or turned away, `no_reply` the prompts that ended
    without a reply. `closed` are the slots that have none, with the cause; `replaced` those that stand in an earlier
    dataset, judged without slots that had no reply then, and have another record now.
    """

    new_records: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    no_reply: int = 0
    failed_slots: list[tuple[int, str]] = field(default_factory=list)
    closed: dict[int, str] = field(default_factory=dict)
    replaced: set[int] = field(default_factory=set)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def count_judged(self, before: Mapping[str, Any] | None, judged: Record) -> None:
        """Counts what is judged for the first time, or otherwise than it was `before` without slots that were open."""
        kept = judged.rejection is None
        if before is None:
            self.new_records += kept
        elif kept == ("rejection" in before) or before["fields"] != judged.fields:
            self.replaced.add(judged.slot)
