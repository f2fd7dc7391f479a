"""Enhancement: some records are made harder after their checks (DataGen's difficulty operators).

An operator writes a child of the record. The child goes through all checks again, so that its answer is verified anew,
and takes the record's place only where every check that passed before passes still; otherwise the parent stays. What
was tried, what came of it and the parent's values stand in the record's lineage. Which slots are made harder, and by
which operator, depends on the slot and the seed only. On request a solver answers parent and child several times, which
measures what the operator did. Without operators records pass as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from datagen_cli.core.digest import rng
from datagen_cli.core.errors import CallRefused
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.pointer import Pointer
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Slot
from datagen_cli.prompts.checking import harder_prompt
from datagen_cli.prompts.ends import end_of_rewrite
from datagen_cli.prompts.parse import parse_reply, response_format
from datagen_cli.stages.generate import Unit
from datagen_cli.stages.validate import Validate
from datagen_cli.text.normalise import fold
from datagen_cli.text.tokens import terms
from datagen_cli.validators.asking import ask_whole

VERSION = 2
ON_CHOICES = ("paraphrase_choices", "add_choice")


class Solver(Protocol):
    """Answers a record's question several times."""

    async def pass_rate(self, record: Record, ctx: Context) -> tuple[int, int] | None:
        """How many answers agree with the label, and how many there are; None where that cannot be told."""


@dataclass(frozen=True, slots=True)
class Operators:
    """Which share of the slots is made harder, by which operators in turn, and on which fields they work.

    `text` is the field that is made harder, `choices` the list of choices or empty; `moves` are the fields that one
    more step may change, `pointer` says how the label names a choice. `solver` measures, where that is asked for.
    """

    seed: int
    share: float
    names: tuple[str, ...]
    text: str
    choices: str
    moves: tuple[str, ...]
    pointer: Pointer | None = None
    solver: Solver | None = None

    def of(self, index: int) -> str:
        """The operator of a slot, empty for one that stays as it is. Of n slots `share` · n have one, to within 1."""
        start = rng(self.seed, "difficulty").random()
        number = math.floor(index * self.share + start)
        if math.floor((index + 1) * self.share + start) == number:
            return ""
        return self.names[number % len(self.names)]

    def asked(self, operator: str) -> tuple[str, ...]:
        """The fields that an operator writes."""
        if operator in ON_CHOICES:
            return (self.choices,)
        return self.moves if operator == "more_steps" else (self.text,)


class Enhance:
    """Works on one record after its checks. `validate` runs them on the child, without asking for it again."""

    def __init__(self, operators: Operators, about: About, specs: Sequence[FieldSpec], validate: Validate) -> None:
        self._operators = operators
        self._about = about
        self._specs = {spec.name: spec for spec in specs}
        self._validate = validate

    async def run(self, record: Record, slot: Slot, unit: Unit, ctx: Context) -> Record:
        """The child where there is a good one, else the record as it came."""
        operator = self._operators.of(slot.index)
        if not operator:
            return record
        solver = self._operators.solver
        before = await solver.pass_rate(record, ctx) if solver is not None else None
        child, why = await self._child(record, operator, slot, unit, ctx)
        told: dict[str, Any] = {"operator": operator, "harder": child is not None}
        if child is None:
            told["why_not"] = why
        else:
            told["before"] = {name: old for name, old in record.fields.items() if child.fields.get(name) != old}
        if solver is not None:
            after = await solver.pass_rate(child, ctx) if child is not None else before
            told["pass_rate"] = {"before": _rate(before), "after": _rate(after)}
        return replace(child or record, lineage={**record.lineage, **told})

    async def _child(
        self, record: Record, operator: str, slot: Slot, unit: Unit, ctx: Context
    ) -> tuple[Record | None, str]:
        """A verified child, or why there is none."""
        if operator in ON_CHOICES and not isinstance(record.fields.get(self._operators.choices), list):
            return None, "the record has no choices"
        try:
            fields, why = await self._written(record, operator, ctx)
        except CallRefused as refused:
            return None, f"the endpoint refused the request: {refused}"
        if fields is None:
            return None, why
        bare = replace(record, fields=fields, verdicts={}, first_verdicts={}, notes={}, evidence={}, changes=())
        found = await self._validate.run(bare, slot, unit, ctx)
        if found.rejection is not None:
            return None, f"{found.rejection.reason}: {found.rejection.detail}"
        worse = [name for name, verdict in record.verdicts.items() if verdict == "pass" != found.verdicts.get(name)]
        if worse:
            return None, f"{worse[0]}: {found.notes.get(worse[0]) or 'it no longer passes'}"
        if not self._differs(record.fields, found.fields, operator):
            return None, "the checks made it what it was"
        changes = (*record.changes, *found.changes)
        return replace(found, first_verdicts=record.first_verdicts, changes=changes), ""

    async def _written(self, record: Record, operator: str, ctx: Context) -> tuple[Mapping[str, Any] | None, str]:
        """The child's fields, those that the operator does not work on as they were; or why there are none."""
        asked = self._operators.asked(operator)
        specs = [self._specs[name] for name in asked]
        shown = {spec.name: record.fields.get(spec.name) for spec in self._about.specs}
        names = {"text": self._operators.text, "choices": self._operators.choices}
        prompt, form = harder_prompt(self._about, shown, operator, asked, **names), response_format(specs, 1, {})
        end = end_of_rewrite({name: shown[name] for name in asked})
        reply = await ask_whole(ctx, "generator", prompt, purpose="enhance", form=form, end=end)
        parsed = parse_reply(reply.text, reply.finish_reason, specs)
        written = parsed.records[0] if parsed.records else None
        if written is None:
            return None, parsed.problems[0] if parsed.problems else "no record came"
        fields = {**record.fields, **{name: written[name] for name in asked if name in written}}
        if not self._differs(record.fields, fields, operator):
            return None, "nothing was changed"
        return self._with_choices(record.fields, fields, operator)

    def _differs(self, before: Mapping[str, Any], after: Mapping[str, Any], operator: str) -> bool:
        name = self._operators.choices if operator in ON_CHOICES else self._operators.text
        one, two = before.get(name), after.get(name)
        return _said(one) != _said(two)

    def _with_choices(
        self, before: Mapping[str, Any], after: dict[str, Any], operator: str
    ) -> tuple[Mapping[str, Any] | None, str]:
        """The child with a label that points at the same choice as before; or why its choices cannot stand."""
        name, pointer = self._operators.choices, self._operators.pointer
        if operator not in ON_CHOICES:
            return after, ""
        old, new = before[name], after[name]
        more = int(operator == "add_choice")
        if not isinstance(new, list) or len(new) != len(old) + more:
            return None, f"{name}: {len(old) + more} were asked for"
        if more and new[: len(old)] != old:
            return None, f"{name}: others than the new one were changed"
        if len({fold(str(one)) for one in new}) < len(new):
            return None, f"{name}: two of them are the same"
        if pointer is not None and (place := pointer.place(before.get(pointer.label), old)) is not None:
            return {**after, pointer.label: pointer.label_for(place, new, before[pointer.label])}, ""
        return after, ""


def _said(value: Any) -> Any:
    """What a value says, its case, white space and punctuation apart: a sign more makes nothing harder."""
    if isinstance(value, list):
        return [_said(item) for item in value]
    return (terms(value) or fold(value)) if isinstance(value, str) else value


def _rate(found: tuple[int, int] | None) -> float | None:
    return None if found is None or not found[1] else found[0] / found[1]
