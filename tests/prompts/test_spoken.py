"""Replies in other forms than the one that was asked for: what states a record, a verdict or an answer is read, what
only resembles one is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datagen_cli.core.fields import FieldSpec
from datagen_cli.prompts.checking import read_verdict
from datagen_cli.prompts.plain_text import clean
from datagen_cli.prompts.sections import parse_as
from datagen_cli.prompts.solving import Item, read_answer
from datagen_cli.prompts.values import read_values

NOTE = {"text": "good", "mood": "calm"}
NOTES = (FieldSpec("text"), FieldSpec("mood"))
LABEL = FieldSpec("label", "label", values=("billing", "login help"))
WHOLE = json.dumps({"records": [NOTE]})
FORM = '{"records": [{"text": "...", "mood": "..."}]}'
KNOWN = ("yes", "no", "unclear")
COLOURS = Item("q?", choices=("red", "green", "blue"))
CLASSES = Item("q?", values=("billing", "login help"), label="category")
FREE = Item("how many?")


def record(text: str, *specs: FieldSpec) -> dict[str, Any] | None:
    return next(iter(parse_as("json", text, "stop", specs or NOTES, 1).records), None)


@pytest.mark.parametrize(
    "text",
    [
        "text: good\nmood: calm",
        "**Text:** good\n**Mood:** calm\n\nLet me know if you need more!",
        "```yaml\nrecords:\n  - text: |\n      good\n    mood: 'calm'\n```",
        "<record><text>good</text><mood><![CDATA[calm]]></mood></record>",
        "<record><text><![cdata[good]]></text><mood>calm</mood></record>",
        "| Text | Mood |\n|---|---|\n| good | calm |",
        f"[{WHOLE}]",
        json.dumps({"records": [json.dumps(NOTE)]}),
        json.dumps({"records": json.dumps([NOTE])}),
        '{"records": [{"text": {"text": "good"}, "mood": {"value": "calm"}}]}',
        f"{WHOLE}\n\nThe form was: {FORM}",
        WHOLE.replace('"', "&quot;"),
        WHOLE.replace('"', '\\"'),
        WHOLE.replace("good", "<think>so?</think> good"),
    ],
)
def test_a_record_is_read_in_whatever_form_it_came(text: str) -> None:
    assert record(text) == NOTE


@pytest.mark.parametrize(
    "text",
    [
        "text: good\nmood: calm\n\nI chose a calm mood because it fits.",
        "text: good\nmood: calm\ntext: bad\nmood: sad",
        '{\n text: "go"d",\n mood: "calm"\n}',
        "| text | mood |\n|---|---|\n| good | calm |\n| bad | sad |",
        "text: ...\nmood: ...",
        WHOLE.replace("good", "<think>never ends"),
    ],
)
def test_what_may_be_no_record_is_asked_for_again(text: str) -> None:
    assert record(text) is None


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("number", "3,50 €", 3.5),
        ("number", "EUR 1.299,99", 1299.99),
        ("number", "$1,299", 1299),
        ("number", "5 kg", None),
        ("number", "$5 or €6", None),
        ("boolean", "Yes", True),
        ("boolean", "no.", False),
        ("boolean", "maybe", None),
        ("list", ["a", None], None),
    ],
)
def test_a_value_is_read_without_what_stands_around_it(kind: str, value: Any, read: Any) -> None:
    found = record(json.dumps({"records": [{"it": value}]}), FieldSpec("it", kind))
    assert found == (None if read is None else {"it": read})


def test_a_number_that_begins_with_its_point_is_read() -> None:
    assert record('{"records": [{"it": .5}]}', FieldSpec("it", "number")) == {"it": 0.5}


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("<verdict>yes</verdict><reason>no doubt</reason>", "yes"),
        ("| verdict | reason |\n|---|---|\n| no | two questions |", "no"),
        ("So \\boxed{yes}", "yes"),
        ("# Verdict\n\nNo", "no"),
        ("✅ Yes", "yes"),
        ("It has one question.\n\nyes", "yes"),
        ('{"verdict": "no - two questions"}', "no"),
        ('{"verdict": ["yes"]}', "yes"),
        ('{"answer": {"verdict": "no", "reason": "x"}}', "no"),
        ('{"verdict": "ja"}', "yes"),
        ('{"verdict": "no"}\nForm: {"verdict": "yes|no|unclear"}', "no"),
        ("Nein.", "no"),
        ("No problem, let me look at the record.", None),
        ("No one is named in the record.", None),
        ("Yes and no.", None),
        ("Not yes.", None),
        ("The answer is no longer visible.", None),
        ('{"verdict": "yes if the price is right"}', None),
        ('{"verdict": "yes"}\n{"verdict": "unsure"}', None),
        ('{"verdict": 1}', None),
    ],
)
def test_a_verdict_is_what_a_reply_states(text: str, verdict: str | None) -> None:
    found = read_verdict(text, KNOWN)
    assert (found and found["verdict"]) == verdict


@pytest.mark.parametrize(
    ("item", "text", "answer"),
    [
        (COLOURS, "\\boxed{B}", "green"),
        (COLOURS, '{"answer": ["Option B"]}', "green"),
        (COLOURS, "I think it is B.", "green"),
        (COLOURS, "B. green", "green"),
        (COLOURS, "None of the above", "none"),
        (COLOURS, "A lot of thought is needed.", None),
        (COLOURS, "A blue thing would be nice", None),
        (COLOURS, '{"answer": "A and B"}', None),
        (COLOURS, "It cannot be B", None),
        (CLASSES, "login_help", "login help"),
        (CLASSES, "category: Billing", "billing"),
        (CLASSES, '{"category": "billing (money)"}', "billing"),
        (CLASSES, "billing\n\nThe customer speaks of money.", "billing"),
        (CLASSES, "billing, login help", None),
        (CLASSES, "not billing", None),
        (FREE, "40 + 2\n#### 42", "42"),
        (FREE, "So \\boxed{42}.", "42"),
        (FREE, "final: 42", "42"),
    ],
)
def test_an_answer_is_what_a_reply_states(item: Item, text: str, answer: str | None) -> None:
    assert read_answer(text, item, range(len(item.known))) == answer


@pytest.mark.parametrize(
    "text",
    [
        '```json\n["red", "blue"]\n```',
        "Here you go: ['red', 'blue',]",
        '{"colours": ["red", "blue"]}',
        '{"values": {"red": "fire", "blue": "sky"}}',
        "* **red**: like fire\n* **blue:** like sky",
        "Values: red, blue",
        "red\nblue",
    ],
)
def test_values_are_read_in_whatever_list_they_came(text: str) -> None:
    assert read_values(text) == ["red", "blue"]


def test_a_sentence_names_no_values() -> None:
    assert read_values("I could not find any values, sorry.") == []


@pytest.mark.parametrize("sign", ["\n", " ", "~", "* ", ", "])
def test_long_replies_without_words_are_read_in_one_go(sign: str) -> None:
    reply = f"ok {sign * 100_000} ok."
    assert read_verdict(reply, KNOWN) is None
    assert clean(reply.replace("ok.", "end"), "text").endswith("end")
    assert all(value.startswith("ok") for value in read_values(reply))
