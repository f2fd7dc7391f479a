"""The solve check: what the solver sees, how answers vote, and what a majority leads to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.record import Record, Slot, Verdict
from datagen_cli.prompts.solving import END, Item
from datagen_cli.validators.solve import Solve, SolveOptions, shuffled
from tests.validators.asked import Scripted

QUIZ = {
    "question": FieldSpec("question"),
    "choices": FieldSpec("choices", "list", item_type="text"),
    "answer": FieldSpec("answer", "label", values=tuple("ABCD")),
}
CITIES = ["Oslo", "Lima", "Nairobi", "Paris"]
TOPICS = ("billing", "login", "delivery")
MEANINGS = {"billing": "charges and refunds", "login": "passwords", "delivery": "parcels"}
TICKETS = {"text": FieldSpec("text"), "topic": FieldSpec("topic", "label", values=TOPICS)}


async def solved(
    fields: Mapping[str, Any],
    script: Any,
    specs: Mapping[str, FieldSpec],
    meanings: Mapping[Any, str] | None = None,
    base: Sequence[Mapping[str, Any]] = (),
    **options: Any,
) -> tuple[Verdict, Scripted]:
    check = Solve(SolveOptions(**options), specs, About("A dataset", tuple(specs.values()), meanings or {}))
    check.learn(base)
    ctx = Scripted(script)
    return await check.verify(Record(0, 1, fields), Slot(0, "x"), ctx), ctx


def letter_of(city: str, text: str) -> str:
    """The letter that a prompt gives to a choice."""
    found = re.search(rf'"([A-Z])\. {city}"', text)
    assert found
    return found[1]


def says(city: str) -> Any:
    return lambda purpose, k, text: json.dumps({"reason": "I know.", "answer": letter_of(city, text)})


def quiz(answer: Any = "C", **more: Any) -> dict[str, Any]:
    return {"question": "What is the capital of Kenya?", "choices": CITIES, "answer": answer, **more}


FIELDS: dict[str, Any] = {"question": "question", "answer": "answer", "choices": "choices"}


@pytest.mark.parametrize(("answer", "outcome"), [("C", "pass"), ("A", "fail"), ("(c)", "pass")])
async def test_a_majority_for_the_choice_under_the_label_passes_and_against_it_fails(answer: str, outcome: str) -> None:
    found, ctx = await solved(quiz(answer), says("Nairobi"), QUIZ, **FIELDS)
    assert found.outcome == outcome
    assert len(ctx.asked) == 2  # the third answer could not change it
    assert found.evidence == {"answers": ["Nairobi", "Nairobi"]}
    if outcome == "fail":
        assert found.fix == {"answer": "C"}
        assert found.detail == "answer: answers agree on 'Nairobi', the record says 'Oslo'"


@pytest.mark.parametrize(
    ("rows", "answer", "fix"),
    [
        ([quiz(0), quiz(3)], 1, 2),
        ([quiz(1), quiz(4)], 1, 3),
        ([quiz("0"), quiz("3")], "1", "2"),
        ([quiz("(A)"), quiz("(D)")], "(B)", "(C)"),
        ([quiz("Oslo"), quiz("Paris")], "Oslo", "Nairobi"),
    ],
)
async def test_the_label_points_as_it_does_in_the_base_and_its_fix_keeps_the_form(
    rows: list[dict[str, Any]], answer: Any, fix: Any
) -> None:
    specs = {**QUIZ, "answer": FieldSpec("answer", "label", values=tuple(row["answer"] for row in rows))}
    found, _ = await solved(quiz(answer), says("Nairobi"), specs, base=rows, **FIELDS)
    assert (found.outcome, found.fix) == ("fail", {"answer": fix})


async def test_the_solver_never_sees_the_label_and_choices_are_shuffled_each_time() -> None:
    seen: list[str] = []

    def script(purpose: str, k: int, text: str) -> str:
        seen.append(text)
        return json.dumps({"answer": f"nothing {k}"})

    found, _ = await solved(quiz("A"), script, QUIZ, attempts=5, **FIELDS)
    orders = {tuple(re.findall(r'"[A-Z]\. (\w+)"', text)) for text in seen}
    assert len(orders) >= 4 and all(sorted(order) == sorted(CITIES) for order in orders)
    assert found.outcome == "unknown"
    other: list[str] = []
    await solved(quiz("D"), lambda p, k, text: other.append(text) or "", QUIZ, attempts=5, **FIELDS)  # type: ignore[func-returns-value]
    assert set(other) == set(seen)


def test_the_order_depends_on_the_question_and_the_draw_alone() -> None:
    item = Item("q", tuple("abcdefgh"))
    assert shuffled(item, 0) == shuffled(item, 0) != shuffled(item, 1)
    assert shuffled(Item("p", tuple("abcdefgh")), 0) != shuffled(item, 0)


async def test_a_label_that_points_nowhere_fails_without_a_call() -> None:
    found, ctx = await solved(quiz("E"), says("Oslo"), QUIZ, **FIELDS)
    assert found.outcome == "fail" and ctx.asked == []


async def test_a_majority_that_finds_no_choice_right_is_a_fail_without_a_fix() -> None:
    found, _ = await solved(quiz(), lambda p, k, t: '{"reason": "", "answer": "none"}', QUIZ, **FIELDS)
    assert (found.outcome, found.fix) == ("fail", None)


async def test_the_class_of_a_text_is_asked_for_with_the_meanings() -> None:
    seen: list[str] = []

    def script(purpose: str, k: int, text: str) -> str:
        seen.append(text)
        return '{"reason": "a parcel", "answer": "Delivery."}'

    text = {"text": "Where is my parcel?", "topic": "login"}
    found, _ = await solved(text, script, TICKETS, MEANINGS, question="text", answer="topic")
    assert (found.outcome, found.fix) == ("fail", {"topic": "delivery"})
    assert "- delivery: parcels" in seen[0] and "its topic" in seen[0].lower()
    assert seen[0].index("- ") and {text.count("- ") for text in seen} == {3}


async def test_values_of_a_class_keep_their_type() -> None:
    specs = {"text": FieldSpec("text"), "topic": FieldSpec("topic", "label", values=(0, 1))}
    found, _ = await solved(
        {"text": "x", "topic": 1}, lambda p, k, t: '{"answer": "0"}', specs, {0: "bad", 1: "good"},
        question="text", answer="topic",
    )  # fmt: skip
    assert (found.outcome, found.fix) == ("fail", {"topic": 0})


@pytest.mark.parametrize(
    ("answer", "replies", "outcome"),
    [
        ("Lake Victoria", ["lake victoria", "The Lake Victoria."], "pass"),
        ("1,200", ["1200", "1200.0"], "pass"),
        ("Lake Victoria", ["Lake Chad", "Lake Chad"], "fail"),
        ("Lake Victoria", ["Lake Chad", "Lake Victoria", "Lake Tanganyika"], "unknown"),
        ("Lake Victoria", ["null", "null", "null"], "unknown"),
    ],
)
async def test_short_answers_are_compared_as_numbers_or_words(answer: str, replies: list[str], outcome: str) -> None:
    def script(purpose: str, k: int, text: str) -> str:
        said = replies[k % 3] if k < len(replies) else "null"
        return json.dumps({"reason": "r", "answer": None if said == "null" else said})

    specs = {"question": FieldSpec("question"), "answer": FieldSpec("answer")}
    fields = {"question": "Which lake is it?", "answer": answer}
    found, _ = await solved(fields, script, specs, question="question", answer="answer")
    assert found.outcome == outcome


async def test_replies_that_cannot_be_read_are_asked_for_once_more_and_then_unknown() -> None:
    found, ctx = await solved(quiz(), lambda p, k, t: "I would rather not say.\nSorry.", QUIZ, **FIELDS)
    assert found.outcome == "unknown"
    assert sorted(k for _, _, k in ctx.asked) == [0, 1, 3, 4]


async def test_a_number_is_fixed_in_the_form_of_the_label() -> None:
    specs = {"question": FieldSpec("question"), "answer": FieldSpec("answer", "number")}
    found, _ = await solved(
        {"question": "6 times 7?", "answer": 41}, lambda p, k, t: '{"answer": "42"}', specs,
        question="question", answer="answer",
    )  # fmt: skip
    assert found.fix == {"answer": 42}


def test_what_would_show_the_label_or_is_no_list_is_refused() -> None:
    with pytest.raises(RecipeError, match="same field"):
        Solve(SolveOptions(question="answer", answer="answer"), QUIZ, About())
    with pytest.raises(RecipeError, match="not list"):
        Solve(SolveOptions(question="question", answer="answer", choices="question"), QUIZ, About())


async def test_a_model_that_runs_here_is_stopped_where_any_answer_has_ended() -> None:
    _, ctx = await solved(quiz(), says("Nairobi"), QUIZ, **FIELDS)
    assert ctx.ends and all(end == END for end in ctx.ends) and END.tokens is not None
