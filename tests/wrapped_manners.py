"""Manners of gateways and servers of somebody's own: envelopes around replies, texts in one field, streams of events
that are not OpenAI's, several choices, tokens that are used up without a word.

See `tests/manners.py`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any

from tests.endpoint import Answer, completion
from tests.manners import COUNT, STREAM, USED, Body, Manner, always, completed, named, once_each, replies

ALL = (COUNT * USED["prompt_tokens"], COUNT * USED["completion_tokens"])
META = {"input_tokens": 10, "output_tokens": 5}
STOP = {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": USED}


def form(value: Any) -> Any:
    """The answer as a body of this form; `$` stands for its text, `%` for it as an object."""

    def change(text: str, body: Body) -> Answer:
        said = json.dumps(value).replace('"$"', json.dumps(text)).replace('"%"', text)
        return Answer(body=said.encode())

    return replies(change)


def pieces(text: str) -> list[str]:
    """A text in pieces of nine characters."""
    return [text[at : at + 9] for at in range(0, len(text), 9)]


def stream(events: Iterable[Any], end: str = "data: [DONE]", sign: str = "data: ", gap: str = "\n\n") -> Answer:
    """Events as a stream, and what stands at its end."""
    lines = [*(sign + json.dumps(event) for event in events), end]
    return Answer(body=gap.join(lines).encode(), headers=STREAM)


def streams(make: Callable[[list[str]], Iterable[Any]], **more: str) -> Any:
    """The answer as a stream of the events that are made of its pieces."""
    return replies(lambda text, body: stream(make(pieces(text)), **more))


def adds(piece: str, **more: Any) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": piece}, **more}]}


def cohere(parts: list[str]) -> list[dict[str, Any]]:
    """The events of Cohere's own API."""
    events: list[dict[str, Any]] = [{"type": "message-start", "delta": {"message": {"role": "assistant"}}}]
    events += [{"type": "content-delta", "delta": {"message": {"content": {"text": part}}}} for part in parts]
    return [*events, {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": {"tokens": META}}}]


def chosen(*choices: dict[str, Any]) -> Any:
    """A completion of these choices; `$` stands for the answer's text."""
    return form({"choices": list(choices), "usage": USED})


def packed(text: str, body: Body) -> Answer:
    """The answer as a gateway's function hands it out."""
    inner = base64.b64encode(completion(body, Answer(text))).decode()
    return named(200, statusCode=200, isBase64Encoded=True, body=inner)


def used_up(text: str, body: Body) -> Answer:
    """A reply that lacks its end because the tokens are used up, which it does not say."""
    most = body.get("max_tokens") or body.get("max_completion_tokens") or 0
    return Answer(text) if most > 5000 else Answer(text[:25], usage=(10, most))


def fails_midway(end: str) -> Any:
    """A stream that ends so after half of its events, now and then."""
    return once_each(lambda text, body: stream([adds(piece) for piece in pieces(text)[:3]], end))


WRAPPED = (
    Manner("puts the text under `result.response`, as Workers AI does", "reads it", form(
        {"result": {"response": "$", "usage": USED}, "success": True, "errors": [], "messages": []}), used=ALL),
    Manner("puts the answer as an object there", "reads it", form({"response": "%", "tool_calls": [], "usage": USED}),
           used=ALL),
    Manner("puts another API's answer under a key of its own", "reads it", form({"statusCode": 200, "body": {
        "type": "message", "role": "assistant", "content": [{"type": "text", "text": "$"}], "stop_reason": "end_turn",
        "usage": META}}), used=ALL),
    Manner("puts the completion into two envelopes", "reads it", replies(completed(
        lambda value: {"code": 0, "data": {"result": value}})), used=ALL),
    Manner("says beside the envelope what was used", "counts it", replies(completed(
        lambda value: {"data": {**value, "usage": None}, "usage": USED})), used=ALL),
    Manner("hands the body out in base64", "reads it", replies(packed), used=ALL),
    Manner("puts the text under `output.text`", "reads it", form(
        {"output": {"text": "$", "finish_reason": "stop"}, "usage": META, "request_id": "1"}), used=ALL),
    Manner("puts the text into `results`", "reads it", form({"results": [{
        "generated_text": "$", "generated_token_count": 5, "input_token_count": 10, "stop_reason": "eos_token"}]}),
           used=ALL),
    Manner("sends a message without choices", "reads it", form(
        {"message": {"role": "assistant", "content": "$"}, "usage": USED}), used=ALL),
    Manner("says `ok` whatever is asked", "says what came, ends at once; costs nothing", always(
        named(200, message="ok", response="ok")), 0, 5, says="no chat completion"),
    Manner("streams Cohere's events", "reads them", streams(cohere, end=""), used=ALL),
    Manner("streams Workers AI's events", "reads them", streams(
        lambda parts: [*({"response": part} for part in parts), {"response": "", "usage": USED}]), used=ALL),
    Manner("puts each event into an envelope", "reads them", streams(
        lambda parts: [{"code": 0, "data": event} for event in (*map(adds, parts), STOP)]), used=ALL),
    Manner("sends an event after the other without a line's end", "reads them", streams(
        lambda parts: [*map(adds, parts), STOP], end="", sign="", gap=""), used=ALL),
    Manner("streams a choice of another number", "reads it", streams(lambda parts: [
        *({"choices": [{"index": 1, "delta": {"content": part}}]} for part in parts), STOP]), used=ALL),
    Manner("fails in the middle of a stream, in words, then sends the end mark", "tries again; keeps no half",
           fails_midway("data: Internal server error\n\ndata: [DONE]")),
    Manner("fails in the middle of a stream on a line of its own", "the same", fails_midway(
        'error: {"error": "overloaded"}\n\ndata: [DONE]')),
    Manner("sends a second choice that is whole where the first is cut off", "reads the second", chosen(
        {"index": 0, "message": {"content": '{"rec'}, "finish_reason": "length"},
        {"index": 1, "message": {"content": "$"}, "finish_reason": "stop"}), used=ALL),
    Manner("announces a call in one choice and calls in the next", "reads the call's arguments", chosen(
        {"message": {"content": "I will answer."}, "finish_reason": "tool_calls"},
        {"message": {"tool_calls": [{"function": {"name": "r", "arguments": "$"}}]}, "finish_reason": "tool_calls"}),
           used=ALL),
    Manner("puts the text beside an empty message", "reads it", chosen(
        {"message": {"role": "assistant", "content": None}, "text": "$", "finish_reason": "stop"}), used=ALL),
    Manner("says `stop`, or nothing, when the tokens are used up", "asks again with twice the tokens, then ends, names"
           " `max_tokens`", replies(used_up), 0, 3, says="max_tokens"),
    Manner("counts tokens in the message", "counts them", replies(completed(lambda value: {
        "choices": [{"message": value["choices"][0]["message"]}], "message": {"usage": USED}})), used=ALL),
)  # fmt: skip
