"""Texts that say nothing of their own are no records; what could be somebody's words is one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from datagen_cli.core.fields import FieldSpec
from datagen_cli.prompts.checking import read_program, read_verdict
from datagen_cli.prompts.parse import parse_reply
from datagen_cli.prompts.plain_text import parse_text
from datagen_cli.prompts.values import read_values

TEXT = FieldSpec("text", type="text", description="a short note")


def read(text: str) -> Any:
    return parse_reply(json.dumps({"records": [{"text": text}]}), "stop", [TEXT]).records[0]


@pytest.mark.parametrize(
    "text",
    [
        "...",
        "…",
        '"..."',
        "A short note.",
        "<a short note>",
        "<text>",
        "[text]",
        "{text}",
        "{{text}}",
        "text",
        "Text.",
        "<your text here>",
        "[insert text here]",
        "[Your answer]",
        "string",
        "<string>",
        "TODO",
        "placeholder",
        "...text...",
    ],
)
def test_the_form_is_no_record(text: str) -> None:
    assert read(text) is None
    listed = parse_reply(json.dumps({"records": [{"text": [text]}]}), "stop", [FieldSpec("text", type="list")])
    assert listed.records == (None,) or text in ("A short note.", "<a short note>")


@pytest.mark.parametrize(
    "text",
    [
        "My text is late.",
        "<b>bold</b> words",
        '<a href="x">link</a>',
        "[1] see below",
        "{x} is a set",
        "N/A",
        "none",
        "(sighs) not again",
        "String theory",
        "the text",
        "a < b and b > c",
        "To do: milk",
        "Insert the card, please.",
    ],
)
def test_words_that_only_look_like_a_form_are_kept(text: str) -> None:
    assert read(text) == {"text": text}


@pytest.mark.parametrize(
    "text",
    [
        "I'm not comfortable writing that.",
        "I won't be able to provide this content.",
        "[Content removed due to policy]",
        "This request violates my guidelines.",
        "Lo siento, pero no puedo ayudar con eso.",
        "I am not able to create this.",
        "Désolé, je ne peux pas répondre.",
        "Es tut mir leid, aber ich kann diesen Text nicht erstellen.",
    ],
)
def test_a_refusal_inside_json_is_no_record(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "I won't be able to help you move on Sunday.",
        "I can't create a new account on your page.",
        "Lo siento, llego tarde.",
        "I'm not comfortable in this chair.",
        "Désolé pour le retard.",
        "Content of the parcel: two books.",
    ],
)
def test_customers_may_be_unable_too(text: str) -> None:
    assert read(text) == {"text": text}


@pytest.mark.parametrize("sign", ["\\u0000", "\\u0001", "\\b", "\\u000b", "\\u001b[0m", "\\u001f", "\\u007f"])
def test_a_control_character_is_told_not_kept_wherever_it_stands(sign: str) -> None:
    specs = [FieldSpec("items", "list"), FieldSpec("facts", "json"), FieldSpec("kind", "label"), TEXT]
    whole = '{"items": ["one", "two1"], "facts": {"a2": ["b3"]}, "kind": "calm4", "text": "a caf5"}'
    assert parse_reply(re.sub("[1-5]", "", whole), "stop", specs).records[0] is not None
    for place in "12345":
        said = re.sub("[1-5]", "", whole.replace(place, "@")).replace("@", sign)
        found = parse_reply(said, "stop", specs)
        assert found.records == (None,), place
        assert "control character" in found.problems[0] or "NUL" in found.problems[0]
    assert read_values(f'["calm", "ang{sign}ry"]') in (["calm"], ["calm", "ang ry"])
    assert parse_text(json.loads(f'"a caf{sign}e9"'), "stop", TEXT).records == (None,)


def test_a_backslash_that_was_not_escaped_is_told_not_kept() -> None:
    found = parse_reply('{"records": [{"text": "\\frac{1}{2} of \\beta"}]}', "stop", [TEXT])
    assert found.records == (None,) and "backslash" in found.problems[0]
    kept = parse_reply('{"records": [{"text": "\\\\frac{1}{2}\\n\\tso"}]}', "stop", [TEXT])
    assert kept.records == ({"text": "\\frac{1}{2}\n\tso"},)


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("0,125", 0.125),
        ("0,5", 0.5),
        ("1234,567", 1234.567),
        ("1,234", 1234),
        ("12,345", 12345),
        ("\u22123,5", -3.5),
        ("1,234,567", 1234567),
        ("00,125", 0.125),
        ("-0,250", -0.25),
    ],
)
def test_a_comma_that_cannot_part_thousands_is_decimal(said: str, number: float) -> None:
    found = parse_reply(json.dumps({"records": [{"price": said}]}), "stop", [FieldSpec("price", type="number")])
    assert found.records == ({"price": number},)


@pytest.mark.parametrize(
    "thought", ["<think>{}</think>", "<reasoning>{}</reasoning>", "[THINK]{}[/THINK]", "<think>{}"]
)
def test_an_answer_before_the_reasoning_counts_where_none_follows(thought: str) -> None:
    good, draft = '{"records": [{"text": "good"}]}', '{"records": [{"text": "draft"}]}'
    assert parse_reply(good + thought.format(draft), "stop", [TEXT]).whole == [{"text": "good"}]


@pytest.mark.parametrize(
    "reply",
    [
        '{"verdict": true}',
        '{"answer": "yes"}',
        '{"decision": "Yes."}',
        "The record is a note.\n\nVerdict: yes",
        "It mentions a dog.\nAnswer: **Yes**",
        "The judgement is yes",
        '{"verdict": "yes", "answer": "no"}',
    ],
)
def test_a_verdict_is_read_in_other_words(reply: str) -> None:
    assert (read_verdict(reply, ("yes", "no", "unclear")) or {}).get("verdict") == "yes"


@pytest.mark.parametrize(
    "reply",
    [
        '{"verdict": "yes|no|unclear"}',
        "The answer key is attached",
        "verdict: it is yes or no",
        "Verdict: yes/no",
        '{"answer": 7}',
        "Well, yes",
    ],
)
def test_what_is_no_verdict_stays_none(reply: str) -> None:
    assert read_verdict(reply, ("yes", "no", "unclear")) is None


@pytest.mark.parametrize(
    "reply",
    [
        "~~~python\nprint(3)\n~~~\nOutput:\n~~~\n3\n~~~",
        "```python\nprint(3)",
        "```Python 3\nprint(3)\n```\n```\n3\n```",
        "````python\nprint(3)\n````",
        "```python\nprint(3)\n```\nprints\n```python\n'print(3)'\n```",
    ],
)
def test_the_program_is_found_beside_its_output(reply: str) -> None:
    assert read_program(reply) == "print(3)"


@pytest.mark.parametrize("program", ["print(3)", "```python\nprint(3)\n```", "It is:\n```\nprint(3)\n```\n3"])
@pytest.mark.parametrize(
    "wrap", [json.dumps, lambda text: json.dumps({"code": text}), lambda text: f" {json.dumps(text)}\n"]
)
def test_a_program_is_found_in_json(program: str, wrap: Callable[[str], str]) -> None:
    assert read_program(wrap(program)) == "print(3)"


@pytest.mark.parametrize(
    "reply", ['{"code": "print(3)", "output": "print(4)"}', '{"answer": 3}', '"print(3)', "[1]", '""']
)
def test_json_that_holds_no_program_or_several_texts_is_none(reply: str) -> None:
    assert read_program(reply) is None
