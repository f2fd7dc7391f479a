"""Manners of endpoints that answer by calls of tools, or in parts of several channels.

See `tests/manners.py`.
"""

from __future__ import annotations

import json
from typing import Any

from tests.endpoint import Answer
from tests.manners import COUNT, USED, Body, Manner, completed, message, replies

ALL = (COUNT * USED["prompt_tokens"], COUNT * USED["completion_tokens"])
DRAFT = json.dumps({"records": [{"text": "a draft", "mood": "none"}]})


def called(content: Any, call: dict[str, Any], end: str = "tool_calls") -> Any:
    """A message of this content, and a call; `$` stands for the answer's text, `%` for it as an object."""

    def change(text: str, body: Body) -> Answer:
        made = json.loads(json.dumps(call).replace('"$"', json.dumps(text)).replace('"%"', text))
        return Answer(message={"content": content, "tool_calls": [made]}, finish_reason=end)

    return replies(change)


def function(**parts: Any) -> dict[str, Any]:
    return {"id": "1", "type": "function", "function": {"name": "records", **parts}}


CALLED = (
    Manner("reasons in `<think>` beside a call, a draft in it", "reads the call's arguments", called(
        f"<think>maybe {DRAFT}</think>", function(arguments="$"), "stop"), used=ALL),
    Manner("says `null` or `None` beside a call", "the same", called(
        "null", function(arguments="$"), "stop"), used=ALL),
    Manner("announces a call with a draft of it", "the same", called(f"I will send {DRAFT}", function(arguments="$")),
           used=ALL),
    Manner("puts a call's arguments under `parameters`, as an object", "the same", called(
        None, function(parameters="%")), used=ALL),
    Manner("calls a `custom` tool", "the same", called(
        None, {"id": "1", "type": "custom", "custom": {"name": "records", "input": "$"}}), used=ALL),
    Manner("calls a function as models of 2023 did (`function_call`)", "the same", replies(message(
        content=None, function_call={"name": "records", "arguments": "$"})), used=ALL),
    Manner("calls a tool for its thoughts, then one for the answer", "the same", replies(lambda text, body: Answer(
        message={"content": None, "tool_calls": [function(name="think", arguments='{"thought": "hm"}'), function(
            arguments=text)]}, finish_reason="tool_calls")), used=ALL),
    Manner("answers in parts of several channels", "takes the final one", replies(message(content=[
        {"channel": "analysis", "text": DRAFT}, {"channel": "final", "text": "$"}])), used=ALL),
    Manner("puts content into the content of its parts", "takes the text", replies(message(content=[
        {"type": "message", "content": [{"type": "output_text", "text": "$"}]}])), used=ALL),
    Manner("sends each channel as a choice of its own", "takes the final one", replies(completed(
        lambda value: {**value, "choices": [
            {"index": 0, "message": {"channel": "analysis", "content": DRAFT}, "finish_reason": "stop"},
            {"index": 1, "message": {**value["choices"][0]["message"], "channel": "final"},
             "finish_reason": "stop"}]})), used=ALL),
)  # fmt: skip
