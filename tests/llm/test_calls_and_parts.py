"""What a message says by calls of tools, and in parts and channels: the answer is read, drafts and thoughts are not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from datagen_cli.llm.completion import read_reply

GOOD: dict[str, Any] = {"records": [{"text": "A", "mood": "b"}]}
TEXT = json.dumps(GOOD)
DRAFT = '{"text": "a draft"}'


def call(**parts: Any) -> dict[str, Any]:
    return {"id": "1", "type": "function", "function": {"name": "records", **parts}}


def read(message: Any, end: str = "stop") -> Any:
    body = {"choices": [{"message": message, "finish_reason": end}]}
    text = read_reply(json.dumps(body).encode()).text
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.mark.parametrize("end", ["stop", "tool_calls"])
@pytest.mark.parametrize(
    "content",
    [
        f"<think>maybe {DRAFT}</think>",
        f"<thinking>maybe {DRAFT}",
        f"maybe {DRAFT} </think>",
        f"[THINK]maybe {DRAFT}[/THINK]",
        *("null", "None", " NULL\n", "undefined", "{}", "[]", '""', "N/A", ""),
    ],
)
def test_thoughts_and_words_for_nothing_beside_a_call_are_no_answer(content: str, end: str) -> None:
    assert read({"content": content, "tool_calls": [call(arguments=TEXT)]}, end) == GOOD
    assert read({"content": content, "parsed": GOOD}, end) == GOOD


@pytest.mark.parametrize("content", [f"I will call with {DRAFT}", "Let me call it.", f"<think>a</think>So: {DRAFT}"])
def test_what_announces_a_call_is_no_answer(content: str) -> None:
    assert read({"content": content, "tool_calls": [call(arguments=TEXT)]}, "tool_calls") == GOOD


@pytest.mark.parametrize("content", [TEXT, f"<think>{DRAFT}</think>{TEXT}", f"```json\n{TEXT}\n```", "A kettle sings."])
def test_an_answer_beside_a_call_of_another_tool_stays(content: str) -> None:
    search = {"function": {"name": "search", "arguments": '{"query": "kettle"}'}}
    end = "stop" if content[0] == "A" else "tool_calls"
    assert json.dumps(read({"content": content, "tool_calls": [search]}, end)).count("query") == 0


@pytest.mark.parametrize(
    "calls",
    [
        [call(arguments=GOOD)],
        [call(parameters=GOOD)],
        [call(arguments="", input=TEXT)],
        [{"type": "custom", "custom": {"name": "r", "input": TEXT}}],
        [{"name": "r", "args": GOOD, "id": "1"}],
        [{"type": "tool_use", "name": "r", "input": GOOD}],
        [{"functionCall": {"name": "r", "args": GOOD}}],
        {"name": "r", "arguments": TEXT},
        {"0": call(arguments=TEXT)},
        json.dumps([{"name": "r", "arguments": GOOD}]),
        [call(name="think", arguments='{"thought": "hm"}'), call(arguments=TEXT)],
        [call(arguments=TEXT), call(name="final_reasoning", arguments='{"x": 1}')],
        [None, call(arguments=TEXT)],
    ],
)
def test_a_call_is_read_in_whatever_form_it_comes(calls: Any) -> None:
    assert read({"content": None, "tool_calls": calls}, "tool_calls") == GOOD


@pytest.mark.parametrize("one", [{"arguments": TEXT}, {"parameters": GOOD}, {"arguments": GOOD}])
def test_the_older_form_of_a_call_is_read_too(one: dict[str, Any]) -> None:
    assert read({"content": None, "function_call": {"name": "r", **one}}, "function_call") == GOOD


@pytest.mark.parametrize(
    "content",
    [
        [{"channel": "analysis", "text": DRAFT}, {"channel": "final", "text": TEXT}],
        [{"type": "text", "channel": "analysis", "text": DRAFT}, {"type": "text", "channel": "final", "text": TEXT}],
        [{"channel": "analysis", "content": DRAFT}, {"channel": "final", "content": TEXT}],
        [{"phase": "commentary", "text": DRAFT}, {"phase": "final_answer", "text": TEXT}],
        [{"channel": "analysis", "text": DRAFT}, {"type": "text", "text": TEXT}],
        [{"type": "message", "content": [{"type": "output_text", "text": TEXT}]}],
        [{"type": "text", "content": TEXT}],
        [{"type": "reasoning", "content": DRAFT}, {"type": "text", "content": TEXT}],
        [{"type": "markdown", "text": TEXT}],
        {"type": "text", "content": TEXT},
    ],
)
def test_parts_give_the_text_of_the_final_channel_however_deep_it_lies(content: Any) -> None:
    assert read({"content": content}) == GOOD


@pytest.mark.parametrize(
    "record",
    [
        {"id": 1, "content": "A"},
        {"type": "complaint", "content": "A"},
        {"type": "message", "content": "A"},
        {"channel": "mail", "content": "A", "mood": "b"},
        {"phase": "final", "title": "A"},
    ],
)
def test_a_record_with_such_fields_is_an_answer_and_no_part(record: dict[str, Any]) -> None:
    assert read({"content": record}) == record
    assert read({"content": [record, record]}) == [record, record]


def test_of_two_choices_that_of_the_final_channel_counts() -> None:
    hidden = {"index": 0, "message": {"channel": "analysis", "content": DRAFT}, "finish_reason": "stop"}
    final = {"index": 1, "message": {"channel": "final", "content": TEXT}, "finish_reason": "stop"}
    assert json.loads(read_reply(json.dumps({"choices": [hidden, final]}).encode()).text) == GOOD


def test_a_transcript_is_the_text_where_nothing_else_is() -> None:
    assert read({"content": None, "audio": {"transcript": TEXT}}) == GOOD
