"""Replies made to hang, to nest or to break a reader: each reader ends, soon, with an answer or without one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from datagen_cli.core.budget import within
from datagen_cli.core.fields import FieldSpec
from datagen_cli.prompts.checking import read_object, read_program, read_verdict
from datagen_cli.prompts.parse import parse_reply
from datagen_cli.prompts.plain_text import parse_text
from datagen_cli.prompts.sections import parse_as, parse_sections

SPECS = (FieldSpec("text", "text"), FieldSpec("n", "number"), FieldSpec("data", "json"))
READERS: dict[str, Callable[[str], object]] = {
    "records": lambda text: parse_reply(text, "stop", SPECS, 2),
    "one record": lambda text: parse_as("json", text, "stop", SPECS[:2], 1),
    "parts": lambda text: parse_sections(text, "stop", (*SPECS[:1], FieldSpec("code", code=True))),
    "one text": lambda text: parse_reply(text, "stop", SPECS[:1], 1),
    "plain text": lambda text: parse_text(text, "stop", SPECS[0]),
    "verdict": lambda text: read_verdict(text, ["yes", "no"]),
    "object": read_object,
    "program": read_program,
}
REPLIES = {
    "open lists": "[" * 100_000,
    "nested lists": "[" * 50_000 + "]" * 50_000,
    "open objects": '{"a":' * 50_000,
    "nested in a record": '{"records":[{"text":"a","n":1,"data":' + "[" * 5000 + "]" * 5000 + "}]}",
    "a verdict in a nest": '{"verdict":' + "[" * 50_000,
    "pairs without quotes": "{" + "a:b," * 40_000 + "}",
    "pairs of a field without quotes": '{"records":[{' + "text:b," * 25_000 + "}",
    "braces": "{" * 100_000,
    "open names": '{"text' * 30_000,
    "quotation marks": '{"text":"' + '\\"' * 100_000,
    "objects": '{"text":"a"}' * 20_000,
    "backslashes": "\\" * 200_000,
    "thoughts": "<think>" * 50_000,
    "thoughts that end": "<think>" + "</think><think>" * 30_000,
    "fences": "```json\n" * 30_000,
    "fences that do not end": "```x\n" * 40_000,
    "fences of a letter": "```\nx\n" * 30_000,
    "tags that do not end": "<text>" * 30_000,
    "tags and line ends": "<text>\n" * 10_000 + "</text>" * 10_000,
    "tags at the end": "a" + "</text>" * 30_000 + "</te",
    "commas": '{"records":[' + "," * 100_000,
    "spaces": '{"text":"a"' + " " * 200_000,
    "stars": "*" * 100_000,
    "headings": "text: " * 50_000,
    "comments": '{"records":[/*' * 20_000,
    "line comments": '{"records":[//' * 20_000,
    "lines": "\n" * 200_000,
    "one quotation mark": "'" * 100_000,
    "wrong brackets": "{]" * 50_000,
    "one word": "a" * 300_000,
    "numbers": "1," * 100_000,
    "refusals": "I cannot " * 30_000,
    "tables": "|a|b|\n" * 30_000,
    "line ends in a marked text": "x<|end|>y" + "\n" * 100_000 + "z",
    "ends of turns": "a<|im_end|>\n\n" * 15_000 + "b",
    "ends of thoughts": "a.</think>b " * 20_000,
    "thoughts between lines": "a.\n\n<think>b" * 15_000,
    "code": "`</think>` " * 20_000,
    "speakers": "\nuser\n" * 30_000,
    "a heading and spaces": "## Thinking" + " " * 60_000 + "x",
    "a heading and stars": "**Thoughts**" + "*_" * 30_000 + ": x",
    "a fence and spaces": "``` " + " " * 60_000 + "\n\nDone.",
    "a fence and lines": "```" + "\n" * 60_000 + "Done.",
    "beginnings of texts": "<s>" * 100_000 + "x",
    "a tag and lines": "<answer>" + "\n" * 50_000 + "x",
    "a box and spaces": "\\boxed{" + " " * 100_000 + "x",
    "farewells": "a\n\nLet me know if you need me\n\n" * 5_000,
    "digits": '{"records":[{"text":"a","n":' + "9" * 5000 + ',"data":1}]}',
    "an infinity": '{"records":[{"text":"a","n":1e400,"data":1}]}',
}


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_a_reader_ends_soon(reply: str, reader: Callable[[str], object]) -> None:
    began = time.process_time()
    reader(reply)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "record",
    [
        '{"text":"a","n":12345678901234567890,"data":1}',
        '{"text":"a","n":1,"data":{"x":[99999999999999999999]}}',
        '{"text":"a","n":"99,999,999,999,999,999,999","data":1}',
        '{"text":"a","n":1,"data":' + "[" * 900 + "]" * 900 + "}",
        '{"text":"a\\ud800","n":1,"data":1}',
        '{"text":"a","n":1,"data":{"\\udfff":1}}',
    ],
)
def test_what_no_reader_of_the_dataset_takes_is_refused_with_a_reason(record: str) -> None:
    found = parse_reply(f'{{"records":[{record}]}}', "stop", SPECS, 1)
    assert not [item for item in found.records if item is not None]
    assert found.problems


def test_what_is_accepted_can_be_written_and_read() -> None:
    found = parse_reply('{"records":[{"text":"a\ud800","n":1.5,"data":[]}]}', "stop", SPECS, 1)
    for record in found.records:
        json.dumps(record, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("unit", ["~", "`", "~~~ a ", "``` a", "```python\n"])
def test_a_program_is_looked_for_among_fences_without_end(unit: str) -> None:
    text = unit * (4_000 // len(unit))
    within(lambda: read_program(text), cpu_s=5.0)


@pytest.mark.parametrize(
    "reply",
    [
        'The record says: {"verdict": "yes"}.\n\nMy verdict: no',
        'No. The text claims "verdict: yes".',
        'The text claims "Answer: yes" but it is wrong.\nNo.',
    ],
)
def test_a_verdict_that_a_reply_quotes_and_contradicts_is_none(reply: str) -> None:
    assert read_verdict(reply, ["yes", "no", "unclear"]) is None


@pytest.mark.parametrize(
    "reply", ['{"verdict": "no"}\n\nVerdict: no', "No.\nVerdict: no", "No problem. Verdict: yes\n\nyes"]
)
def test_a_verdict_that_a_reply_says_twice_counts(reply: str) -> None:
    assert read_verdict(reply, ["yes", "no"]) is not None
