"""Generation (DataGen, arXiv 2406.18966): one call for one record, or for several in a batched call.

A reply with too few or broken records yields those that are whole; every other slot of the call has lost one attempt,
with the reason. A reply that was cut off is asked for once more with twice the tokens; of one that is cut off again the
records before the cut are kept, where several were asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from datagen_cli.core.chat import End, Prompt, Reply
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Rejection, Slot
from datagen_cli.prompts.announcing import only_announces
from datagen_cli.prompts.compose import Composer
from datagen_cli.prompts.dialogue import settled
from datagen_cli.prompts.ends import AROUND, end_after, most_characters, most_items
from datagen_cli.prompts.framing import text_of
from datagen_cli.prompts.parse import LOOPS, ParsedReply, cut_within, parse_cut, response_format
from datagen_cli.prompts.plain_text import clean, reads_like_opening
from datagen_cli.prompts.sections import parse_as
from datagen_cli.text.repetition import repeats_at_end
from datagen_cli.text.tokens import estimate_tokens

VERSION = 7
ECHO = "echo"
"""The reason given for a text that repeats the prompt (`prompts/echo.py`)."""
EXCERPT = 300
MORE = 4
BLANK = "\n\n"
WHOLE = 200
"""The draw that asks for a whole reply after one that was stopped at its opening."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What one call asks for: slots, which attempt, the examples shown, and what earlier attempts repeated.

    `drawn` are examples before they were screened, which the unit is made from; empty where none was screened.
    `lessons` are what people said of records that they rejected.
    """

    slots: tuple[Slot, ...]
    attempt: int
    examples: tuple[str, ...] = ()
    avoid: tuple[Mapping[str, Any], ...] = ()
    drawn: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()

    @property
    def first(self) -> int:
        """Index of the first slot, which names the unit."""
        return self.slots[0].index

    def made_from(self) -> list[Any]:
        """What a finished unit depends on beside the stage's fingerprint."""
        slots = [
            [slot.index, slot.label, dict(slot.attributes), *([slot.parent] if slot.parent else [])]
            for slot in self.slots
        ]
        made = [slots, self.attempt, list(self.drawn or self.examples), [dict(item) for item in self.avoid]]
        return [*made, list(self.lessons)] if self.lessons else made


@dataclass(frozen=True, slots=True)
class Allowed:
    """What constraints allow: values of fields as parts of a JSON Schema; more tokens than a value may have; whether
    values are longer than allowed."""

    bounds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    most_tokens: Mapping[str, int] = field(default_factory=dict)
    outgrown: Callable[[Mapping[str, Any]], bool] = lambda fields: False


def no_record(composer: Composer, fields: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why a text is the model's own talk and no record: the reason and a sentence; None for a record."""
    if echo := composer.echoes.found(fields):
        return ECHO, f"the prompt came back: {echo}"
    if said := only_announces(composer.about, fields):
        return "malformed", f"a text is announced or asked about, and not written: {said!r}"
    return None


class Generate:
    """Asks the generator for a unit's records. `rows` maps example ids to base rows in the recipe's fields."""

    def __init__(
        self,
        composer: Composer,
        specs: Sequence[FieldSpec],
        rows: Mapping[str, Mapping[str, Any]],
        label_field: str = "",
        allowed: Allowed | None = None,
    ) -> None:
        self._composer = composer
        self._specs = composer.asked
        self._names = [spec.name for spec in specs]
        self._allowed = allowed or Allowed()
        self._enough = _enough_tokens(self._specs, self._allowed.most_tokens)
        self._rows = rows
        self._label_field = label_field
        self._formats: dict[int, dict[str, Any]] = {}

    def prompt(self, unit: Unit) -> Prompt:
        """What is asked for a unit."""
        shown = [self._rows[name] for name in unit.examples]
        return self._composer.generate(unit.slots, examples=shown, avoid=unit.avoid, lessons=unit.lessons)

    def format(self, count: int) -> dict[str, Any] | None:
        """The response format for so many records; None where free text is asked for."""
        if self._composer.form(count) != "json":
            return None
        if count not in self._formats:
            self._formats[count] = response_format(self._specs, count, self._allowed.bounds)
        return self._formats[count]

    def whole(self, fields: Mapping[str, Any], slot: Slot) -> dict[str, Any]:
        """The fields that came, with the planned label and what the base row gives, in the recipe's order."""
        planned = {self._label_field: slot.label} if self._label_field and slot.label is not None else {}
        values = {**self._composer.given(slot), **fields, **planned}
        return {name: values[name] for name in self._names if name in values}

    async def run(self, unit: Unit, ctx: Context) -> list[Record]:
        """One record per slot, in slot order, then surplus ones; what is not whole is rejected with its reason."""
        prompt = self.prompt(unit)
        reply, parsed = await self.ask(prompt, len(unit.slots), ctx)
        parsed = _without_extra(unit, parsed, prompt.task.examples)
        records = _assign(unit, parsed)
        problem = _problem(reply, parsed)
        kept: list[Record] = []
        for slot, fields in zip(unit.slots, records, strict=True):
            whole = self.whole(fields, slot) if fields is not None else self._composer.given(slot)
            record = Record(
                slot.index,
                unit.attempt,
                whole,
                examples=unit.examples,
                repaired=parsed.repaired,
                lineage=self._composer.lineage(slot),
            )
            if fields is not None and self._composer.leaves(slot, fields):
                record = record.rejected(Rejection("generate", "unchanged", f"{slot.parent} came back as it was"))
            elif fields is not None and (reason := no_record(self._composer, whole)):
                record = record.rejected(Rejection("generate", *reason))
            kept.append(record if fields is not None else record.rejected(problem))
        last, over = unit.slots[-1].index, Rejection("generate", "surplus", "more records came than were asked for")
        return kept + [Record(last, unit.attempt, dict(fields), rejection=over) for fields in parsed.surplus]

    async def ask(
        self, prompt: Prompt, count: int, ctx: Context, *, purpose: str = "generate"
    ) -> tuple[Reply, ParsedReply]:
        """Asks for `count` records and reads the reply; one that was cut off is asked again with twice the tokens.

        One that was stopped when it had outgrown what constraints allow is a whole reply that is too long; one that was
        stopped for its tokens alone is asked for again with four times as many: other scripts take more than English.
        One that has its end and goes on with a conversation is whole, too.
        One that only repeated itself is not asked for again: more tokens would be more of the same.
        Of several records those before the cut are kept.
        """
        form, text = self.format(count), self._composer.is_text(count)
        end = self._end(prompt, count)
        reply = await ctx.ask("generator", prompt, purpose=purpose, response_format=form, end=end)
        if reply.end.mark and reads_like_opening(reply.text):
            end = replace(end, mark=None)
            reply = await ctx.ask("generator", prompt, purpose=purpose, k=WHOLE, response_format=form, end=end)
        reply = reply if text else settled(reply)
        if reply.finish_reason == "length" and repeats_at_end(reply.text):
            reply = replace(reply, finish_reason=LOOPS)
        if reply.finish_reason == "length" and reply.end.tokens and count == 1:
            reply = self._ended_where_outgrown(reply, text=text)
        cut = reply.finish_reason == "length"
        if cut and reply.end.tokens and count > 1 and (before := parse_cut(reply.text, self._specs, count)).whole:
            return reply, before
        if cut:
            more = MORE if reply.end.tokens else 2
            reply = await ctx.ask("generator", prompt, purpose=purpose, response_format=form, more_tokens=more, end=end)
        if reply.finish_reason in ("length", LOOPS) and count > 1:
            return reply, parse_cut(reply.text, self._specs, count)
        way, known = self._composer.form(count), _named_in(prompt) if count > 1 else ()
        return reply, parse_as(way, reply.text, reply.finish_reason, self._specs, count, known)

    def _end(self, prompt: Prompt, count: int) -> End:
        """Where a fitting answer has ended: at tokens that constraints give, else at four times those of the longest
        answer that is shown as a turn; and at a blank line where the texts that are shown have none. Lists end at
        twice the entries of the longest that is shown, their texts at four times its length."""
        weak = "weak" in prompt.task.more  # the answer that is to be bettered says nothing of how long a good one is
        shown = [message.content for message in prompt.messages if message.role == "assistant" and not weak]
        whole = self._composer.is_text(count) and shown and not any(BLANK in text for text in shown)
        seen = end_after(max(map(estimate_tokens, shown))).tokens if shown else None
        rows = () if weak else prompt.task.examples
        lists = {
            spec.name: most for spec in self._specs if spec.type == "list" and (most := most_items(spec.name, rows))
        }
        texts = {name: most for name in lists if (most := most_characters(name, rows)) is not None}
        return End(count * self._enough if self._enough else seen, BLANK if whole else None, lists, texts)

    def _ended_where_outgrown(self, reply: Reply, *, text: bool) -> Reply:
        """A reply that was stopped in a text that is longer than constraints allow, as one that ends there; its
        reasoning is not counted."""
        last = self._specs[-1].name
        found = (reply.text, last, clean(text_of(reply.text))) if text else cut_within(reply.text)
        if found is None or found[1] != last or not self._allowed.outgrown({last: found[2]}):
            return reply
        return replace(reply, text=found[0], finish_reason="stop")


def _enough_tokens(specs: Sequence[FieldSpec], most: Mapping[str, int]) -> int | None:
    """More tokens than a record of these fields has, as JSON; None where a field may have any number."""
    found = [_most_of(spec, most) for spec in specs]
    return None if None in found else AROUND + sum(AROUND + tokens for tokens in found if tokens is not None)


def _most_of(spec: FieldSpec, most: Mapping[str, int]) -> int | None:
    if spec.type == "label" and spec.values:
        return max(len(str(value).encode()) for value in spec.values)
    return most.get(spec.name) if spec.type == "text" else {"number": 24, "boolean": 8}.get(spec.type)


def _named_in(prompt: Prompt) -> Collection[str]:
    """The names of fields, given values and attributes in a prompt."""
    wanted = [name for one in prompt.task.wanted for name in (*one.given, *one.attributes)]
    return {spec.name for spec in prompt.task.about.specs} | set(wanted)


def _without_extra(unit: Unit, parsed: ParsedReply, shown: Sequence[Mapping[str, Any]]) -> ParsedReply:
    """A reply of more records than slots that want different things, without those that repeat an example or the one
    before them. Where still too many are left, and they bear no numbers, nothing tells which is whose: none is kept."""
    if not parsed.surplus or parsed.numbered or _alike(unit):
        return parsed
    own: list[dict[str, Any] | None] = []
    for record in (*parsed.records, *parsed.surplus):
        if record is None or not any(record.items() <= one.items() for one in (*shown, *filter(None, own[-1:]))):
            own.append(record)
    if len(own) == len(unit.slots):
        return replace(parsed, records=tuple(own), surplus=())
    said = f"{len(own)} records came where {len(unit.slots)} were asked for, and nothing says which is whose"
    return replace(parsed, records=(), surplus=(), problems=(said,))


def _alike(unit: Unit) -> bool:
    """Whether all slots of a call want the same."""
    wants = [(slot.label, slot.attributes, slot.parent) for slot in unit.slots]
    return all(one == wants[0] for one in wants)


def _assign(unit: Unit, parsed: ParsedReply) -> list[Mapping[str, Any] | None]:
    """Records to slots by position. With a gap nothing tells which record is missing: unless the reply was cut off at
    its end, or all slots of the call want the same, none is kept, and each is asked for again, singly."""
    records, wanted = parsed.records, len(unit.slots)
    missing = wanted - len(records)
    if missing > 0 and not _alike(unit) and not parsed.truncated:
        return [None] * wanted
    return [*records[:wanted], *[None] * missing]


def _problem(reply: Reply, parsed: ParsedReply) -> Rejection:
    """Why a slot of this reply has no record."""
    excerpt = " ".join(reply.text.split())[:EXCERPT]
    if reply.finish_reason == "length":
        return Rejection("generate", "truncated", f"cut off at the token limit: {excerpt}")
    if parsed.refused:
        return Rejection("generate", "refused", f"the model declined: {excerpt}")
    what = parsed.problems[0] if parsed.problems else "a record is missing"
    return Rejection("generate", "malformed", f"{what}; the reply: {excerpt}" if excerpt else what)
