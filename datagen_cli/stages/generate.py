"""Generation (DataGen, arXiv 2406.18966): one call for one record, or for several in a batched call.

A reply with too few or broken records yields those that are whole; every other slot of the call has lost one attempt,
with the reason. A reply that was cut off is asked for once more with twice the tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datagen_cli.core.chat import Prompt, Reply
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Rejection, Slot
from datagen_cli.prompts.compose import Composer
from datagen_cli.prompts.parse import ParsedReply, parse_reply, response_format
from datagen_cli.prompts.plain_text import parse_text

VERSION = 2
EXCERPT = 300


@dataclass(frozen=True, slots=True)
class Unit:
    """What one call asks for: slots, which attempt, the examples shown, and what earlier attempts repeated.

    `drawn` are examples before they were screened, which the unit is made from; empty where none was screened.
    """

    slots: tuple[Slot, ...]
    attempt: int
    examples: tuple[str, ...] = ()
    avoid: tuple[Mapping[str, Any], ...] = ()
    drawn: tuple[str, ...] = ()

    @property
    def first(self) -> int:
        """Index of the first slot, which names the unit."""
        return self.slots[0].index

    def made_from(self) -> list[Any]:
        """What a finished unit depends on beside the stage's fingerprint."""
        slots = [[slot.index, slot.label, dict(slot.attributes)] for slot in self.slots]
        return [slots, self.attempt, list(self.drawn or self.examples), [dict(item) for item in self.avoid]]


class Generate:
    """Asks the generator for a unit's records. `rows` maps example ids to base rows in the recipe's fields."""

    def __init__(
        self,
        composer: Composer,
        specs: Sequence[FieldSpec],
        rows: Mapping[str, Mapping[str, Any]],
        label_field: str = "",
        bounds: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self._composer = composer
        self._specs = composer.asked
        self._names = [spec.name for spec in specs if spec.written or spec.name == label_field]
        self._bounds = bounds or {}
        self._rows = rows
        self._label_field = label_field
        self._formats: dict[int, dict[str, Any]] = {}

    def prompt(self, unit: Unit) -> Prompt:
        """What is asked for a unit."""
        shown = [self._rows[name] for name in unit.examples]
        return self._composer.generate(unit.slots, examples=shown, avoid=unit.avoid)

    def format(self, count: int) -> dict[str, Any] | None:
        """The response format for so many records; None where a plain text is asked for."""
        if self._composer.is_text(count):
            return None
        if count not in self._formats:
            self._formats[count] = response_format(self._specs, count, self._bounds)
        return self._formats[count]

    def whole(self, fields: Mapping[str, Any], slot: Slot) -> dict[str, Any]:
        """The fields that came with the planned label, in the recipe's order."""
        planned = {self._label_field: slot.label} if self._label_field and slot.label is not None else {}
        values = {**fields, **planned}
        return {name: values[name] for name in self._names if name in values}

    async def run(self, unit: Unit, ctx: Context) -> list[Record]:
        """One record per slot, in slot order, then surplus ones; what is not whole is rejected with its reason."""
        reply, parsed = await self.ask(self.prompt(unit), len(unit.slots), ctx)
        records = _assign(unit, parsed.records)
        problem = _problem(reply, parsed)
        kept: list[Record] = []
        for slot, fields in zip(unit.slots, records, strict=True):
            whole = self.whole(fields, slot) if fields is not None else {}
            record = Record(slot.index, unit.attempt, whole, examples=unit.examples, repaired=parsed.repaired)
            kept.append(record if fields is not None else record.rejected(problem))
        last, over = unit.slots[-1].index, Rejection("generate", "surplus", "more records came than were asked for")
        return kept + [Record(last, unit.attempt, dict(fields), rejection=over) for fields in parsed.surplus]

    async def ask(
        self, prompt: Prompt, count: int, ctx: Context, *, purpose: str = "generate"
    ) -> tuple[Reply, ParsedReply]:
        """Asks for `count` records and reads the reply; one that was cut off is asked again with twice the tokens."""
        form = self.format(count)
        reply = await ctx.ask("generator", prompt, purpose=purpose, response_format=form)
        if reply.finish_reason == "length":
            reply = await ctx.ask("generator", prompt, purpose=purpose, response_format=form, more_tokens=2)
        if self._composer.is_text(count):
            return reply, parse_text(reply.text, reply.finish_reason, self._specs[0])
        return reply, parse_reply(reply.text, reply.finish_reason, self._specs, count)


def _assign(unit: Unit, records: Sequence[Mapping[str, Any] | None]) -> list[Mapping[str, Any] | None]:
    """Records to slots by position. With a gap nothing tells which record is missing: unless all slots of the call want
    the same, none is kept, and each is asked for again, singly."""
    wanted = len(unit.slots)
    missing = wanted - len(records)
    alike = all((slot.label, slot.attributes) == (unit.slots[0].label, unit.slots[0].attributes) for slot in unit.slots)
    if missing > 0 and not alike:
        return [None] * wanted
    return [*records[:wanted], *[None] * missing]


def _problem(reply: Reply, parsed: ParsedReply) -> Rejection:
    """Why a slot of this reply has no record."""
    excerpt = " ".join(reply.text.split())[:EXCERPT]
    if reply.finish_reason == "length":
        return Rejection("generate", "truncated", f"cut off twice at the token limit: {excerpt}")
    if parsed.refused:
        return Rejection("generate", "refused", f"the model declined: {excerpt}")
    what = parsed.problems[0] if parsed.problems else "a record is missing"
    return Rejection("generate", "malformed", f"{what}; the reply: {excerpt}")
