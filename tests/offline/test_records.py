"""What the offline model writes: the right fields, types, labels and constraints, on bases of many kinds."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.task import Task, Wanted
from datagen_cli.offline.problems.reading import read
from datagen_cli.text.answers import final_answer
from tests.offline.asking import ANSWER, PROBLEMS, QUESTION, TICKET_SPECS, Asker, only, problems, rows, rule, tickets

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


@pytest.mark.slow
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
        program = read(record["question"])
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
            program = read(record["question"])
            number = final_answer(record["answer"])
            assert program is not None and number is not None and float(number) == program.answer


async def test_classes_can_be_told_apart_by_their_words() -> None:
    for asker in (KINDS["tickets"], KINDS["news"], KINDS["reviews"]):
        right = 0
        for record in await asker.whole(150):
            asked = {"question": next(iter(record.values())), "more": {"values": list(asker.values)}}
            right += (await asker.found("solve", **asked))["answer"] == record[asker.label]
        assert right >= 135


async def test_the_right_choice_stands_at_the_labelled_place() -> None:
    asker = KINDS["choice"]
    places: Counter[int] = Counter()
    for record in await asker.whole(200):
        at = "ABCD".index(record["answer"])
        places[at] += 1
        assert len(set(record["choices"])) == 4
        found = await asker.found("solve", question=record["question"], more={"choices": record["choices"]})
        assert found["answer"] == record["choices"][at]
    assert set(places.values()) == {50}


async def test_an_index_counts_from_where_the_label_does() -> None:
    for values in ((0, 1, 2, 3), (1, 2, 3, 4)):
        specs = (
            text("ctx"),
            FieldSpec("endings", "list", item_type="text"),
            FieldSpec("label", "label", values=values),
        )
        asker = Asker("Choose the ending", specs, label="label")
        for record in await asker.whole(40):
            found = await asker.found("solve", question=record["ctx"], more={"choices": record["endings"]})
            assert record["endings"].index(found["answer"]) == record["label"] - values[0]


CONSTRAINTS: list[tuple[str, dict[str, Any]]] = [
    ("length", {"min_words": 20, "max_words": 40}),
    ("length", {"max_words": 8}),
    ("length", {"min_characters": 150, "max_characters": 180}),
    ("length", {"min_tokens": 60, "max_tokens": 70}),
    ("pattern", {"regex": r"\?$"}),
    ("pattern", {"regex": r"^Re: [A-Z]{2}-\d{4}\b"}),
    ("pattern", {"regex": "THANK YOU", "ignore_case": True}),
    ("contains", {"all": ["tracking", "voucher"]}),
    ("contains", {"any": ["zebra", "walrus"]}),
    ("excludes", {"words": ["please", "the"]}),
    ("excludes", {"texts": ["account", "!"]}),
    ("language", {"is": "en"}),
    ("language", {"is": "fr"}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "options"), CONSTRAINTS)
@pytest.mark.parametrize(
    "description", ["Messages of customers to the support of a shop.", "Questions about many things."]
)
async def test_every_text_satisfies_its_constraint(kind: str, options: dict[str, Any], description: str) -> None:
    constraint = rule(kind, field="text", **options)
    asker = Asker(description, TICKET_SPECS, label="category", constraints=[constraint])
    for record in await asker.whole(100):
        assert constraint.check(record).outcome == "pass", (constraint.describe(), record["text"])


async def test_several_constraints_hold_together_on_word_problems() -> None:
    specs = (QUESTION, ANSWER)
    found = [
        rule("length", *specs, field="question", min_words=25, max_words=60),
        rule("pattern", *specs, field="question", regex=r"\?$"),
        rule("excludes", *specs, field="question", words=["marbles"]),
        rule("range", *specs, field="answer", min=1, max=80, integer=True),
        rule("pattern", *specs, field="answer", regex=r"^\d+$"),
    ]
    for record in await problems(constraints=found).whole(200):
        assert [one.check(record).outcome for one in found] == ["pass"] * 5, record
        program = read(record["question"])
        assert program is not None and program.answer == record["answer"]


async def test_numbers_and_choices_hold() -> None:
    specs = (text("note"), FieldSpec("age", "number"), text("size"))
    found = [
        rule("range", *specs, field="age", above=17, below=31),
        rule("choices", *specs, field="size", values=["small", "large"]),
    ]
    asker = Asker("Customers of a shoe shop", specs, constraints=found)
    for record in await asker.whole(100):
        assert [one.check(record).outcome for one in found] == ["pass", "pass"], record


async def test_fields_stand_to_each_other_as_they_have_to() -> None:
    specs = (text("passage"), text("reply"), FieldSpec("low", "number"), FieldSpec("high", "number"))
    found = [
        rule("compare", *specs, field="reply", other="passage", **{"is": "found_in"}),
        rule("compare", *specs, field="high", other="low", **{"is": "above"}),
        rule("range", *specs, field="low", min=1, max=80, integer=True),
    ]
    for record in await Asker("Notes on old bridges", specs, constraints=found).whole(100):
        assert [one.check(record).outcome for one in found] == ["pass"] * 3, record


async def test_a_constraint_broken_on_purpose_fails_its_check() -> None:
    constraint = rule("length", field="text", min_words=12, max_words=90)
    asker = tickets(faults=only(off_constraint=1.0), constraints=[constraint])
    for record in await asker.whole(50):
        assert constraint.check(record).outcome == "fail"
    assert {(plant["field"], plant["truth"]) for plant in asker.plants} == {("text", "length")}


@pytest.mark.parametrize("kind", ["problems", "tickets", "choice", "endings", "truth", "instructions"])
async def test_what_the_base_gives_is_answered(kind: str) -> None:
    asker = KINDS[kind]
    given = {"problems": "question", "tickets": "text", "choice": "question", "endings": "ctx"}.get(kind)
    names = [spec.name for spec in asker.specs]
    kept = names[: names.index(given) + 1] if given else names[:1]
    kept += ["choices"] if kind == "choice" else ["endings"] if kind == "endings" else []
    specs = tuple(replace(spec, written=spec.name not in kept) for spec in asker.specs)
    right = 0
    for record in await asker.whole(40):
        task = Task(
            "generate", About(asker.description, specs), wanted=(Wanted({name: record[name] for name in kept}),)
        )
        (found,) = json.loads((await asker.asked(task)).text)["records"]
        assert list(found) == [name for name in names if name not in kept]
        right += all(found[name] == record[name] for name in found)
    assert right >= 36 or kind in ("truth", "instructions")


async def test_gsm8k_gives_solutions_with_right_answers(sample: Sample) -> None:
    base = rows(sample("gsm8k/train.jsonl"), "question", "answer")
    asker = Asker("Grade-school math word problems.", (QUESTION, text("answer")), examples=base)
    known = {row["question"] for row in base}
    for record in await asker.whole(200):
        assert re.search(r"\n#### -?\d[\d.]*$", record["answer"]) and "<<" in record["answer"]
        program = read(record["question"])
        assert program is not None and program.answer == float(record["answer"].rpartition(" ")[2])
        assert record["question"] not in known


@pytest.mark.slow
async def test_no_question_of_gsm8k_is_taken_for_one_of_ours(sample: Sample) -> None:
    base = rows(sample("gsm8k/train.jsonl"), "question", "answer", limit=1500)
    for row in base:
        program = read(row["question"])
        assert (
            program is None or program.answer is None or program.answer == float(final_answer(row["answer"]) or "nan")
        )


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
