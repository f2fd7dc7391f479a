"""Rounds of review: what people rejected or edited of a run, in the order in which the run took it up.

A round is taken up when the run is started again, and written to `7-review.jsonl` before anything else happens. It is
applied when the slots that the dataset had then have been judged: what was accepted before stays, rejected slots are
opened again with as many attempts as at first, and the reasons become instructions for all that is written after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from datagen_cli.core.record import Record, Slot
from datagen_cli.runs.checkpoint import MOST_ATTEMPTS, Checkpoint
from datagen_cli.runs.lines import content_digest, from_line, to_line
from datagen_cli.runs.review import Decision, row_digest
from datagen_cli.runs.shape import Shape
from datagen_cli.stages.review import NO_REASON, edited, turned_away
from datagen_cli.stages.validate import BoundCheck

MOST_LESSONS = 20


class Rounds:
    """The rounds of a run, from its checkpoint; without one there are none."""

    def __init__(self, checkpoint: Checkpoint | None) -> None:
        self._checkpoint = checkpoint
        self._rounds: list[tuple[int, list[Record]]] = []
        """How many slots the dataset had, and the records that were rejected or edited, in slot order."""
        self._next = 0
        found: dict[int, tuple[int, list[Record]]] = {}
        for line in checkpoint.lines() if checkpoint is not None else ():
            found.setdefault(line["round"], (line["count"], []))[1].append(from_line(line))
        for number in sorted(found):
            self._add(*found[number])

    def _add(self, count: int, records: Iterable[Record]) -> None:
        self._rounds.append((count, sorted(records, key=lambda record: record.slot)))

    def take(self, changes: Sequence[tuple[Record, Record]], count: int) -> str:
        """Writes a new round down: records as they stand, each with what becomes of it. Returns what to say of it."""
        assert self._checkpoint is not None
        number = len(self._rounds) + 1
        for before, after in changes:
            told = {"round": number, "count": count, **to_line(after)}
            self._checkpoint.append(after.slot, after.attempt, content_digest(before), told)
        self._add(count, (after for _, after in changes))
        rejected = sum(after.rejection is not None for _, after in changes)
        return f"review: rejected records are made anew: {rejected:,}; edits kept: {len(changes) - rejected:,}"

    def after(self, count: int, is_accepted: Mapping[int, int] | Sequence[int]) -> list[Record] | None:
        """What the next round changes once all slots below `count` are judged; None when there is no more.

        A record that is not accepted now, because the recipe or an earlier slot changed, is passed over.
        """
        if self._next >= len(self._rounds) or self._rounds[self._next][0] > count:
            return None
        self._next += 1
        changed = self._rounds[self._next - 1][1]
        return [one for one in changed if one.slot < count and is_accepted[one.slot] == one.attempt]

    def lessons(self, slot: Slot, attempt: int) -> tuple[str, ...]:
        """What people said of rejected records before this attempt was made, each once, the last ones."""
        said: dict[str, None] = {}
        upto = 0
        for number, (count, records) in enumerate(self._rounds, start=1):
            opened = any(item.slot == slot.index and item.rejection and item.attempt < attempt for item in records)
            if opened or count <= slot.index:
                upto = number
        for _, records in self._rounds[:upto]:
            for record in records:
                if record.rejection is not None and record.rejection.detail not in ("", NO_REASON):
                    said.pop(record.rejection.detail, None)
                    said[record.rejection.detail] = None
        return tuple(said)[-MOST_LESSONS:]


def standing(checkpoints: Mapping[str, Checkpoint], slot: int) -> Iterator[Record]:
    """The records of a slot that were accepted at some time and that nobody has rejected, the last first."""
    for attempt in reversed(range(1, MOST_ATTEMPTS)):
        line = checkpoints["dedup"].line(slot, attempt)
        line = checkpoints["review"].line(slot, attempt) or line if "review" in checkpoints else line
        if line is not None and "rejection" not in line:
            yield from_line(line)


def changes_of(
    decisions: Sequence[Decision],
    plan: Iterable[Slot],
    checkpoints: Mapping[str, Checkpoint],
    shape: Shape,
    checks: Sequence[BoundCheck],
) -> list[tuple[Record, Record]]:
    """The accepted records that decisions reject or edit, each with what becomes of it."""
    found = []
    wanted = {decision.id for decision in decisions}
    slots = {slot.id: slot for slot in plan if slot.id in wanted} if wanted else {}
    for decision in decisions:
        slot = slots.get(decision.id)
        if slot is None:
            continue
        record = next(
            (one for one in standing(checkpoints, slot.index) if row_digest(shape.row(one, slot)) == decision.of), None
        )
        if record is None:
            continue
        rejected = decision.decision == "reject"
        after = turned_away(record, decision.reason) if rejected else edited(record, decision.fields or {}, checks)
        found.append((record, after))
    return found
