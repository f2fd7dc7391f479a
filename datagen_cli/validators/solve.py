"""`solve`: independent answers to the question must agree with the label (self-consistency, arXiv 2203.11171).

For labels that no program computes: one of some choices, a label's value, a short answer. The solver answers `attempts`
times from the question alone. It is given the choices, or the label's values with their meanings, in an order that is
shuffled anew each time, and never the label. Pass: a majority of all attempts agrees with the label. Fail: a majority
gives one other answer, or finds no choice right. Anything else is unknown. No answer is drawn once the majority is
certain. The fix is the majority's answer, written in the label's own form; a planned label is never moved.

Not covered: answers that are sentences. Two short answers are the same if they are the same number, or the same words
but for case, articles and signs around them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from datagen_cli.config.checks import AskingCost, CheckOptions, OnUnknown, ValidatorFacts
from datagen_cli.constraints.fields import check_fields
from datagen_cli.core.digest import rng
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import About, FieldSpec, plain_text
from datagen_cli.core.pointer import Pointer, find_pointer
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Slot, Verdict
from datagen_cli.prompts.checking import CheckPrompts
from datagen_cli.prompts.solving import (
    END,
    MOST_CHOICES,
    NONE,
    SOLVE,
    Item,
    answer_format,
    read_answer,
    same_answer,
    solve_prompt,
)
from datagen_cli.text.answers import in_form_of, parse_number
from datagen_cli.validators.asking import Unread, ask_whole
from datagen_cli.validators.voting import drawn, majority

ROLE = "solver"


class SolveOptions(CheckOptions):
    """Which field is the question, which the answer, and how many answers vote."""

    question: str = Field(min_length=1, description="the field that is answered")
    answer: str = Field(min_length=1, description="the field that answers must agree with")
    choices: str | None = Field(None, min_length=1, description="a list field with the choices; shuffled each time")
    attempts: int = Field(3, ge=1, le=25, description="independent answers")


class Solve(ValidatorFacts):
    """The majority of independent answers agrees with the label."""

    options: ClassVar[type[CheckOptions]] = SolveOptions
    asks: ClassVar[tuple[str, ...]] = ("solve",)
    finds: ClassVar[tuple[str, ...]] = ("wrong_label",)
    roles: ClassVar[tuple[str, ...]] = (ROLE,)
    prompts: ClassVar[CheckPrompts] = SOLVE
    finds_answers: ClassVar[bool] = True
    on_unknown: ClassVar[OnUnknown] = "drop"
    learns: ClassVar[bool] = True

    @classmethod
    def cost(cls, options: SolveOptions) -> AskingCost:
        """As many answers as make a majority, at most all and each once more."""
        return AskingCost(calls=(options.attempts // 2 + 1, 2 * options.attempts), reply=(30, 200))

    @classmethod
    def reads(cls, options: SolveOptions) -> tuple[str, ...]:
        """The question, the answer and the choices, where there are any."""
        return (options.question, options.answer, *([options.choices] if options.choices else []))

    def __init__(self, options: SolveOptions, specs: Mapping[str, FieldSpec], about: About) -> None:
        check_fields(specs, self.reads(options))
        if options.choices:
            check_fields(specs, [options.choices], ("list",))
        if options.question == options.answer:
            raise RecipeError("question and answer are the same field", hint="the solver would see the label")
        self._options = options
        self._spec = specs[options.answer]
        self._about = about
        self._pointer = _pointer_of(options, self._spec.values)

    def learn(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Takes from the base's rows how the label points at a choice."""
        options = self._options
        found = find_pointer(options.answer, [options.choices] if options.choices else [], rows)
        self._pointer = found or self._pointer

    async def verify(self, record: Record, slot: Slot, ctx: Context) -> Verdict:
        """See the module's docstring."""
        options = self._options
        item = self._item(record.fields)
        said = self._said(record.fields, item)
        if said is None:
            return Verdict("fail", f"{options.answer}: it names none of the {options.choices}")
        if len(item.choices) > MOST_CHOICES:
            return Verdict("unknown", f"{options.choices}: more than {MOST_CHOICES} choices")
        same = self._same(item)
        found = await drawn(lambda k: self._answer(item, k, ctx), _read, options.attempts, same)
        unread = [answer for answer in found if isinstance(answer, Unread)]
        answers = [_read(answer) for answer in found]
        evidence = {"answers": answers}
        winner = majority(answers, options.attempts, same)
        if winner is None:
            shown = ", ".join(repr(answer) if answer is not None else "no answer" for answer in answers)
            detail = f"answers do not agree: {shown}"
            if len(unread) == len(found):
                return Unread.of_all(unread).verdict(detail)
            return Verdict("unknown", detail, None, evidence)
        if same(winner, said):
            return Verdict("pass", "", None, evidence)
        if winner == NONE and item.choices:
            return Verdict("fail", f"{options.question}: the solver finds no answer right", None, evidence)
        detail = f"{options.answer}: answers agree on {winner!r}, the record says {said!r}"
        return Verdict("fail", detail, self._fix(winner, record.fields, item), evidence)

    async def pass_rate(self, record: Record, ctx: Context) -> tuple[int, int] | None:
        """How many of all `attempts` answers agree with the label, and how many there are; None where the label names
        no choice. These answers are drawn apart from those that judge."""
        item = self._item(record.fields)
        said = self._said(record.fields, item)
        if said is None or len(item.choices) > MOST_CHOICES:
            return None
        draws = range(self._options.attempts)
        answers = await asyncio.gather(*(self._answer(item, k, ctx, purpose="measure") for k in draws))
        read = [answer for answer in answers if not isinstance(answer, Unread)]
        return sum(self._same(item)(answer, said) for answer in read), len(answers)

    def _item(self, fields: Mapping[str, Any]) -> Item:
        options = self._options
        question = plain_text(fields.get(options.question))
        if options.choices:
            found = fields.get(options.choices)
            return Item(question, tuple(plain_text(one) for one in found) if isinstance(found, list) else ())
        number = self._spec.type == "number"
        return Item(question, (), self._spec.values, options.answer, self._about.meanings, number)

    def _said(self, fields: Mapping[str, Any], item: Item) -> str | None:
        """What the record's label says, as answers are compared; None where it points at no choice."""
        label = fields.get(self._options.answer)
        if not self._options.choices:
            return plain_text(label)
        if self._pointer is None:
            return plain_text(label) if plain_text(label) in item.choices else None
        place = self._pointer.place(label, fields.get(self._options.choices))
        return None if place is None else item.choices[place]

    def _fix(self, winner: str, fields: Mapping[str, Any], item: Item) -> dict[str, Any] | None:
        name = self._options.answer
        label = fields.get(name)
        if self._options.choices:
            place = item.choices.index(winner)
            items = fields[self._options.choices]
            return {name: self._pointer.label_for(place, items, label) if self._pointer else items[place]}
        if item.values:
            return {name: next(value for value in item.values if plain_text(value) == winner)}
        if label is not None and (isinstance(label, int | float) or parse_number(plain_text(label)) is not None):
            return {name: in_form_of(winner, label)} if parse_number(winner) is not None else None
        return {name: winner}

    def _same(self, item: Item) -> Any:
        return (lambda first, second: first == second) if item.known else same_answer

    async def _answer(self, item: Item, k: int, ctx: Context, *, purpose: str = "solve") -> str | Unread:
        """One answer; where none came that can be read, another is asked for once."""
        several, form = self._options.attempts > 1, answer_format(item)
        replies = []
        for draw in (k, k + self._options.attempts):
            order = shuffled(item, draw)
            prompt = solve_prompt(self._about, item, order)
            reply = await ask_whole(ctx, ROLE, prompt, purpose=purpose, k=draw, form=form, several=several, end=END)
            replies.append(reply)
            answer = None if reply.finish_reason == "length" else read_answer(reply.text, item, order)
            if answer is not None:
                return answer
        return Unread.of(replies)


def _read(answer: str | Unread) -> str | None:
    return None if isinstance(answer, Unread) else answer


def shuffled(item: Item, draw: int) -> list[int]:
    """The order in which choices or values are shown: another one for each draw, the same for the same question."""
    order = list(range(len(item.known)))
    rng("solve", item.question, list(item.known), draw).shuffle(order)
    return order


def _pointer_of(options: SolveOptions, values: Sequence[Any]) -> Pointer | None:
    """How a label points at a choice, as far as its values tell: letters, or numbers from 0 or from 1."""
    if options.choices is None or not values:
        return None
    texts = [plain_text(value).strip().strip("().") for value in values]
    if all(len(text) == 1 and text.isalpha() for text in texts):
        return Pointer(options.answer, options.choices, "letter")
    if all(text.isdigit() for text in texts):
        return Pointer(options.answer, options.choices, "index" if "0" in texts else "place")
    return None
