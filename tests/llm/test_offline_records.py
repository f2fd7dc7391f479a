"""What the offline model writes: the right fields, types, labels and constraints, on bases of many kinds."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.constraints.choices import Choices, ChoicesOptions
from datagen_cli.constraints.contains import Contains, ContainsOptions
from datagen_cli.constraints.excludes import Excludes, ExcludesOptions
from datagen_cli.constraints.length import Length, LengthOptions
from datagen_cli.constraints.pattern import Pattern, PatternOptions
from datagen_cli.constraints.range import Range, RangeOptions
from datagen_cli.core.constraint import Constraint
from datagen_cli.core.fields import FieldSpec
from datagen_cli.llm.simulation import word_problems
from datagen_cli.llm.simulation.judging import class_of
from datagen_cli.llm.simulation.labelled import subjects_for
from datagen_cli.llm.simulation.prompt import Asked
from datagen_cli.llm.simulation.solutions import last_number
from tests.llm.simulation.prompting import ANSWER, PROBLEMS, QUESTION, TICKET_SPECS, Asker, problems, rows, tickets

Sample = Callable[[str], Path]


def text(name: str, description: str = "") -> FieldSpec:
    return FieldSpec(name, "text", description)


def folded(record: dict[str, Any]) -> str:
    return " ".join(json.dumps(record).casefold().split())


KINDS: dict[str, Asker] = {
    "problems": problems(),
    "tickets": tickets(),
    "news": Asker(
        "News",
        (text("text"), FieldSpec("label", "label", values=("World", "Sports", "Business", "Sci/Tech"))),
        label="label",
    ),
    "headlines": Asker(
        "Headlines of a newspaper",
        (text("headline"), FieldSpec("label", "label", values=("sports", "city"))),
        label="label",
    ),
    "reviews": Asker("Movie reviews", (text("text"), FieldSpec("label", "label", values=(0, 1))), label="label"),
    "humor": Asker(
        "Short texts, humorous or not", (text("text"), FieldSpec("humor", "label", values=(True, False))), label="humor"
    ),
    "unknown labels": Asker("Notes", (text("text"), FieldSpec("kind", "label", values=("zorb", "quib"))), label="kind"),
    "choice": Asker(
        "Multiple choice questions",
        (
            text("question"),
            FieldSpec("choices", "list", item_type="text"),
            FieldSpec("answer", "label", values=tuple("ABCD")),
        ),
        label="answer",
    ),
    "endings": Asker(
        "Choose the ending that fits",
        (text("ctx"), FieldSpec("endings", "list", item_type="text"), FieldSpec("label", "label", values=(0, 1, 2, 3))),
        label="label",
    ),
    "truth": Asker(
        "Questions that invite false answers", (text("question"), text("best_answer"), text("incorrect_answers"))
    ),
    "instructions": Asker("Instructions", (text("instruction"), text("input"), text("output"))),
    "code": Asker("Python tasks", (text("text"), text("code"))),
    "plain": Asker(
        "Diary entries",
        (text("entry"), FieldSpec("mood", "number"), FieldSpec("tags", "list"), FieldSpec("kept", "boolean")),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_five_thousand_slots_give_distinct_readable_records(kind: str) -> None:
    asker = KINDS[kind]
    records = await asker.whole(5000)
    assert len({folded(record) for record in records}) >= 4995
    assert all(list(record) == [spec.name for spec in asker.specs] for record in records)
    if asker.label:
        assert [record[asker.label] for record in records] == [asker.slot(at).label for at in range(5000)]


async def test_batched_calls_give_one_record_a_slot() -> None:
    asker = tickets()
    records = await asker.whole(60, per_call=6)
    assert [record["category"] for record in records] == [asker.slot(at).label for at in range(60)]
    assert len({folded(record) for record in records}) == 60


async def test_answers_of_word_problems_are_right() -> None:
    for record in await problems().whole(300):
        program = word_problems.read(record["question"])
        assert program is not None and program.answer == record["answer"]


@pytest.mark.parametrize("steps", ["1", "2", "5", "8"])
async def test_a_number_of_steps_is_kept(steps: str) -> None:
    solved = Asker(PROBLEMS, (QUESTION, text("solution"), ANSWER), attributes={"steps": [steps]})
    for record in await solved.whole(60):
        assert len(record["solution"].splitlines()) == int(steps) + 1


async def test_attributes_shape_the_problem() -> None:
    asker = problems(attributes={"currency": ["eur (amounts in euro)"], "setting": ["a ferry"], "topic": ["cooking"]})
    for record in await asker.whole(60):
        assert "€" in record["question"] and "$" not in record["question"]
        assert "at a ferry" in record["question"]


async def test_a_topic_no_scene_knows_is_taken_up() -> None:
    for record in await problems(attributes={"topic": ["falconry"]}).whole(30):
        assert "falconry" in record["question"]


async def test_solutions_take_the_form_of_the_examples() -> None:
    shown = [{"question": "How many is 2 and 3?", "answer": "It is 2 + 3 = <<2+3=5>>5.\n#### 5"}] * 3
    boxed = [{"question": "How many is 2 and 3?", "answer": "It is $2+3=5$, so $\\boxed{5}$."}] * 3
    for examples, ending in ((shown, r"#### \d[\d.]*$"), (boxed, r"\\boxed\{\d[\d.]*\}\$\.$")):
        asker = Asker(PROBLEMS, (QUESTION, text("answer")), examples=examples)
        for record in await asker.whole(30):
            assert re.search(ending, record["answer"])
            program = word_problems.read(record["question"])
            number = last_number(record["answer"])
            assert program is not None and number is not None and float(number) == program.answer


async def test_classes_can_be_told_apart_by_their_words() -> None:
    for asker in (KINDS["tickets"], KINDS["news"], KINDS["reviews"]):
        asked = Asked(asker.payload(asker.messages(0)))
        subjects = subjects_for(asked, asker.label, asker.values)[2]
        right = 0
        for record in await asker.whole(150):
            right += class_of(next(iter(record.values())), subjects) == str(record[asker.label])
        assert right >= 135


async def test_the_right_choice_stands_at_the_labelled_place() -> None:
    asker = KINDS["choice"]
    places: Counter[int] = Counter()
    for record in await asker.whole(200):
        at = "ABCD".index(record["answer"])
        places[at] += 1
        assert len(set(record["choices"])) == 4
        reply = await asker.told("solve", _solved(record["question"], record["choices"]))
        assert json.loads(reply.text)["answer"] == record["choices"][at]
    assert set(places.values()) == {50}


def _solved(question: str, choices: list[str]) -> str:
    lines = "\n".join(json.dumps(choice) for choice in choices)
    return f"<question>\n{json.dumps(question)}\n</question>\n<choices>\n{lines}\n</choices>\n"


async def test_an_index_counts_from_where_the_label_does() -> None:
    for values in ((0, 1, 2, 3), (1, 2, 3, 4)):
        specs = (
            text("ctx"),
            FieldSpec("endings", "list", item_type="text"),
            FieldSpec("label", "label", values=values),
        )
        asker = Asker("Choose the ending", specs, label="label")
        for record in await asker.whole(40):
            reply = await asker.told("solve", _solved(record["ctx"], record["endings"]))
            assert record["endings"].index(json.loads(reply.text)["answer"]) == record["label"] - values[0]


CONSTRAINTS: list[tuple[type[Any], Any]] = [
    (Length, LengthOptions(field="text", min_words=20, max_words=40)),
    (Length, LengthOptions(field="text", max_words=8)),
    (Length, LengthOptions(field="text", min_characters=150, max_characters=180)),
    (Length, LengthOptions(field="text", min_tokens=60, max_tokens=70)),
    (Pattern, PatternOptions(field="text", regex=r"\?$")),
    (Pattern, PatternOptions(field="text", regex=r"^Re: [A-Z]{2}-\d{4}\b")),
    (Pattern, PatternOptions(field="text", regex="THANK YOU", ignore_case=True)),
    (Contains, ContainsOptions(field="text", all=["tracking", "voucher"])),
    (Contains, ContainsOptions(field="text", any=["zebra", "walrus"])),
    (Excludes, ExcludesOptions(field="text", words=["please", "the"])),
    (Excludes, ExcludesOptions(field="text", texts=["account", "!"])),
]


@pytest.mark.parametrize("place", range(len(CONSTRAINTS)))
@pytest.mark.parametrize(
    "description", ["Messages of customers to the support of a shop.", "Questions about many things."]
)
async def test_every_text_satisfies_its_constraint(place: int, description: str) -> None:
    kind, options = CONSTRAINTS[place]
    specs = {spec.name: spec for spec in TICKET_SPECS}
    constraint: Constraint = kind(options, specs)
    asker = Asker(description, TICKET_SPECS, label="category", constraints=[constraint.describe()])
    for record in await asker.whole(100):
        assert constraint.check(record).outcome == "pass", (constraint.describe(), record["text"])


async def test_several_constraints_hold_together_on_word_problems() -> None:
    specs = {"question": QUESTION, "answer": ANSWER}
    found: list[Constraint] = [
        Length(LengthOptions(field="question", min_words=25, max_words=60), specs),
        Pattern(PatternOptions(field="question", regex=r"\?$"), specs),
        Excludes(ExcludesOptions(field="question", words=["marbles"]), specs),
        Range(RangeOptions(field="answer", min=1, max=80, integer=True), specs),
        Pattern(PatternOptions(field="answer", regex=r"^\d+$"), specs),
    ]
    asker = problems(constraints=[one.describe() for one in found])
    for record in await asker.whole(200):
        assert [one.check(record).outcome for one in found] == ["pass"] * 5, record
        program = word_problems.read(record["question"])
        assert program is not None and program.answer == record["answer"]


async def test_numbers_and_choices_hold() -> None:
    specs = {spec.name: spec for spec in (text("note"), FieldSpec("age", "number"), text("size"))}
    found: list[Constraint] = [
        Range(RangeOptions(field="age", above=17, below=31), specs),
        Choices(ChoicesOptions(field="size", values=["small", "large"]), specs),
    ]
    asker = Asker("Customers of a shoe shop", tuple(specs.values()), constraints=[one.describe() for one in found])
    for record in await asker.whole(100):
        assert [one.check(record).outcome for one in found] == ["pass", "pass"], record


async def test_a_constraint_broken_on_purpose_fails_its_check() -> None:
    from tests.llm.simulation.prompting import only

    specs = {spec.name: spec for spec in TICKET_SPECS}
    constraint = Length(LengthOptions(field="text", min_words=12, max_words=90), specs)
    asker = tickets(faults=only(off_constraint=1.0), constraints=[constraint.describe()])
    for record in await asker.whole(50):
        assert constraint.check(record).outcome == "fail"
    assert {(plant["field"], plant["truth"]) for plant in asker.plants} == {("text", "length")}


async def test_gsm8k_gives_solutions_with_right_answers(sample: Sample) -> None:
    base = rows(sample("gsm8k/train.jsonl"), "question", "answer")
    asker = Asker("Grade-school math word problems.", (QUESTION, text("answer")), examples=base)
    known = {row["question"] for row in base}
    for record in await asker.whole(200):
        assert re.search(r"\n#### -?\d[\d.]*$", record["answer"]) and "<<" in record["answer"]
        program = word_problems.read(record["question"])
        assert program is not None and program.answer == float(record["answer"].rpartition(" ")[2])
        assert record["question"] not in known


async def test_no_question_of_gsm8k_is_taken_for_one_of_ours(sample: Sample) -> None:
    base = rows(sample("gsm8k/train.jsonl"), "question", "answer", limit=1500)
    for row in base:
        program = word_problems.read(row["question"])
        assert program is None or program.answer is None or program.answer == float(last_number(row["answer"]) or "nan")


async def test_ag_news_gives_new_texts_for_each_section(sample: Sample) -> None:
    base = rows(sample("ag_news/train.jsonl"), "text", "label")
    values = tuple(sorted({row["label"] for row in base}))
    asker = Asker(
        "News of four sections.",
        (text("text"), FieldSpec("label", "label", values=values)),
        label="label",
        examples=base,
    )
    records = await asker.whole(200)
    assert len({folded(record) for record in records}) == 200
    assert not {record["text"] for record in records} & {row["text"] for row in base}


async def test_mmlu_gives_four_choices_and_a_letter(sample: Sample) -> None:
    base = rows(sample("mmlu/test.jsonl"), "question", "choices", "answer", "subject")
    specs = (
        text("question"),
        FieldSpec("choices", "list", item_type="text"),
        FieldSpec("answer", "label", values=tuple("ABCD")),
        text("subject"),
    )
    asker = Asker("Multiple choice exam questions.", specs, label="answer", examples=base)
    subjects = {row["subject"] for row in base}
    for record in await asker.whole(200):
        assert len(set(record["choices"])) == 4
        assert record["subject"] in subjects


async def test_a_tone_is_heard_inside_the_message() -> None:
    asker = tickets(attributes={"tone": ["annoyed"]})
    for record in await asker.whole(40):
        assert "I am really annoyed by now." in record["text"]
