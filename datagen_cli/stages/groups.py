"""Generation of correlated groups (CorrSynth, arXiv 2411.08553): one call for a batch of whole groups.

A local model samples all rows of a batch together, each with its own prompt, and contrasts them within their group. A
reply has one text a row, which is wrapped into the record here: the sampled field, and the label as it was planned. A
text that `max_tokens` cut off is rejected. A model that can be stopped is stopped where a text outgrows its `length`,
which the text then breaks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datagen_cli.core.chat import End
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Rejection, Slot
from datagen_cli.prompts.ends import AROUND
from datagen_cli.prompts.fences import without_tags
from datagen_cli.prompts.free_text import FreeText, clean_text
from datagen_cli.stages.generate import EXCERPT, Allowed, Unit

VERSION = 1


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One row of a group: its key in the run, the name of its group, what is to be written, and the examples shown.

    `negatives` are the other labels with examples of theirs, for classifier-free guidance. `drawn` are the examples
    before they were screened, of the row and of each negative; empty where none was screened.
    """

    key: str
    group: str
    slot: Slot
    examples: tuple[str, ...] = ()
    negatives: tuple[tuple[Any, tuple[str, ...]], ...] = ()
    drawn: tuple[tuple[str, ...], ...] = ()

    def made_from(self) -> list[Any]:
        """What the row's text depends on beside the stage's fingerprint."""
        own, *others = self.drawn or (self.examples, *(examples for _, examples in self.negatives))
        negatives = [[label, list(names)] for (label, _), names in zip(self.negatives, others, strict=True)]
        return [self.key, self.group, self.slot.label, dict(self.slot.attributes), list(own), negatives]


@dataclass(frozen=True, slots=True)
class GroupUnit(Unit):
    """A batch of whole groups: its first rows are of `slots`, in their order; others are peers, kept as surplus, and
    left off when those of `slots` are written."""

    rows: tuple[GroupRow, ...] = ()

    def made_from(self) -> list[Any]:
        """What a finished unit depends on beside the stage's fingerprint."""
        return [[row.made_from() for row in self.rows], self.attempt, [dict(item) for item in self.avoid]]


class GroupGenerate:
    """Asks the generator for the texts of a unit's rows.

    `texts` maps example ids to the sampled field of base rows; `sampling` is what every request says of how its rows
    are contrasted; `facts` goes into the lineage of every record; `allowed` is what constraints allow.
    """

    def __init__(
        self,
        prompts: FreeText,
        specs: Sequence[FieldSpec],
        texts: Mapping[str, str],
        *,
        field: str,
        label_field: str,
        sampling: Mapping[str, Any],
        facts: Mapping[str, Any],
        allowed: Allowed,
    ) -> None:
        self._prompts = prompts
        self._names = [spec.name for spec in specs if spec.written]
        self._texts = texts
        self._field = field
        self._label_field = label_field
        self._sampling = sampling
        self._facts = facts
        self._allowed = allowed
        most = allowed.most_tokens.get(field)
        self._end = None if most is None else End(AROUND + most)

    def request(self, unit: GroupUnit) -> dict[str, Any]:
        """The group that a local model is asked for."""
        numbers = {name: number for number, name in enumerate(dict.fromkeys(row.group for row in unit.rows))}
        rows = [self._row(row, numbers[row.group], unit) for row in unit.rows]
        for row in rows[len(unit.slots) :]:
            row["peer"] = True
        return {**self._sampling, "rows": rows}

    async def run(self, unit: Unit, ctx: Context) -> list[Record]:
        """One record per slot, in slot order, then those of the peers; what is no whole text is rejected."""
        assert isinstance(unit, GroupUnit)
        reply = await ctx.ask("generator", None, purpose="generate", group=self.request(unit), end=self._end)
        answers, shared = _read(reply.text, len(unit.rows))
        for note in shared["notes"]:
            ctx.note(note)
        found = []
        for place, (row, answer) in enumerate(zip(unit.rows, answers, strict=True)):
            record = self._record(unit, row, answer, shared)
            if place >= len(unit.slots):
                why = f", {record.rejection.reason}" if record.rejection else ""
                why = ", left off when that was written" if (answer or {}).get("finish") == "left" else why
                record = record.rejected(Rejection("generate", "surplus", f"a peer in the group of this attempt{why}"))
            found.append(record)
        return found

    def _row(self, row: GroupRow, number: int, unit: GroupUnit) -> dict[str, Any]:
        slot = row.slot
        own = self._prompt(slot.label, slot, row.examples, unit)
        found = {"key": row.key, "group": number, "label": slot.label, "prompt": own}
        if row.negatives:
            found["negatives"] = [self._prompt(label, slot, names, unit) for label, names in row.negatives]
        return found

    def _prompt(self, label: Any, slot: Slot, examples: Sequence[str], unit: GroupUnit) -> dict[str, Any]:
        avoid = [str(item[self._field]) for item in unit.avoid if item.get(self._field)]
        return self._prompts.prompt(label, slot.attributes, [self._texts[name] for name in examples], avoid)

    def _record(
        self, unit: GroupUnit, row: GroupRow, answer: Mapping[str, Any] | None, shared: Mapping[str, Any]
    ) -> Record:
        of_group = [other.key for other in unit.rows if other.group == row.group]
        lineage = {
            "group": row.group,
            "row": of_group.index(row.key),
            "label": row.slot.label,
            **self._facts,
            "steps": (answer or {}).get("steps"),
            "finish": (answer or {}).get("finish"),
            "batch_rows": len(unit.rows),
            "forward_rows": shared["forward_rows"],
        }
        if "/" in row.key:  # a peer of another attempt, which has its number beside that attempt's name
            lineage["peer"] = int(row.key.rpartition("/")[2])
        bare = Record(row.slot.index, unit.attempt, {}, examples=row.examples, lineage=lineage)
        if answer is None:
            return bare.rejected(Rejection("generate", "malformed", "the reply has no text for this row"))
        text, ended = clean_text(answer["text"])
        text = without_tags(text, self._names)
        if not text:
            return bare.rejected(Rejection("generate", "malformed", "the text is empty"))
        stopped = answer.get("finish") == "length" and not ended
        if stopped and not self._allowed.outgrown({self._field: text}):
            excerpt = " ".join(text.split())[:EXCERPT]
            return bare.rejected(Rejection("generate", "truncated", f"cut off at the token limit: {excerpt}"))
        values = {self._field: text, self._label_field: row.slot.label}
        fields = {name: values[name] for name in self._names}
        return Record(row.slot.index, unit.attempt, fields, examples=row.examples, lineage=lineage)


def _read(text: str, count: int) -> tuple[list[Mapping[str, Any] | None], dict[str, Any]]:
    """A reply's rows (None for one that is missing or has no text), and what it says of the whole batch."""
    try:
        reply = json.loads(text)
    except (ValueError, RecursionError):
        reply = None
    reply = reply if isinstance(reply, dict) else {}
    listed = reply.get("rows")
    rows = listed if isinstance(listed, list) else []
    good = [row if isinstance(row, dict) and isinstance(row.get("text"), str) else None for row in rows[:count]]
    notes = reply.get("notes")
    shared = {
        "forward_rows": reply.get("forward_rows"),
        "notes": [note for note in notes if isinstance(note, str)] if isinstance(notes, list) else [],
    }
    return [*good, *[None] * (count - len(good))], shared
