"""Streams of vendors' own events, as chat completions in OpenAI's form.

Read are those of Ollama, Anthropic, Google, OpenAI's Responses API, Cohere (both of its APIs), Bedrock, Workers AI, TGI
and llama.cpp. A stream that broke off has no reason of its end. Pure functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datagen_cli.llm.counted import inside, usage_in
from datagen_cli.llm.flat import end_of, text_in
from datagen_cli.llm.native import as_completion, completion_of, google, ollama

Event = Mapping[str, Any]


def of_events(events: Sequence[Event], *, ended: bool = False) -> dict[str, Any] | None:
    """The chat completion of a stream of a vendor's own events, without a reason of its end where it is broken off;
    None for events of another kind. `ended`: the mark of the end came."""
    first = next((event for event in events if event.get("type") != "ping"), {})
    if any("choices" in event for event in events[:3]):
        return None
    if str(first.get("type")).startswith("response."):
        whole = [event["response"] for event in events if isinstance(event.get("response"), Mapping)]
        return (as_completion(whole[-1]) if whole else None) or completion_of({"content": ""}, None, {})
    read = next((read for signs, read in _KINDS if any(sign(first) for sign in signs)), None)
    if read is not None:
        return read(events)
    if "token" in first and "generated_text" in first:
        said = next((event for event in events if event.get("generated_text")), {})
        return completion_of({"content": str(said.get("generated_text") or "")}, end_of(said) if said else None, said)
    if isinstance(text_in(first), str) or isinstance(first.get("stop"), bool):
        return _of_flat_events(events, ended)
    return None


def is_event(value: Event) -> bool:
    """Whether a line of JSON is one of several that a reply comes in."""
    of_ollama = value.get("done") is False and ("message" in value or "response" in value)
    return of_ollama or value.get("is_finished") is False or value.get("stop") is False


def _of_anthropic(events: Sequence[Event]) -> dict[str, Any]:
    begun = (event["message"] for event in events if isinstance(event.get("message"), Mapping))
    start: Event = next(begun, {})
    parts, calls = [], ""
    ended, said = None, start.get("usage")
    used = dict(said) if isinstance(said, Mapping) else {}
    for event in events:
        block = event.get("content_block") if event.get("type") == "content_block_start" else event.get("delta")
        if isinstance(block, Mapping):
            parts += [block["text"]] if block.get("type") in ("text", "text_delta") and block.get("text") else []
            calls += str(block.get("partial_json") or "")
            ended = block.get("stop_reason") or ended
        if event.get("type") == "message_delta" and isinstance(event.get("usage"), Mapping):
            used |= event["usage"]
    message = {"content": [str(part) for part in parts], "tool_calls": [{"arguments": calls}] if calls else []}
    return completion_of(message, ended, start, used)


def _of_cohere(events: Sequence[Event]) -> dict[str, Any]:
    """Of Cohere's second API: the text and the arguments of calls are added to, the last event says how it ended."""
    text = calls = ""
    end: Event = {}
    for event in events:
        said = inside(event, "delta", "message", "content")
        text += str(inside(said, "text") or "")
        calls += str(inside(event, "delta", "message", "tool_calls", "function", "arguments") or "")
        if event.get("type") == "message-end" and isinstance(event.get("delta"), Mapping):
            end = event["delta"]
    message = {"content": text, "tool_calls": [{"arguments": calls}] if calls else []}
    return completion_of(message, end.get("finish_reason"), end)


def _of_cohere_1(events: Sequence[Event]) -> dict[str, Any]:
    """Of Cohere's first API: the last event holds the whole reply."""
    pieces = [str(event.get("text") or "") for event in events if event.get("event_type") == "text-generation"]
    end = next((event for event in events if event.get("is_finished") is True), {})
    whole = end.get("response")
    whole = whole if isinstance(whole, Mapping) else {}
    finish = end.get("finish_reason") or whole.get("finish_reason")
    return completion_of({"content": whole.get("text") or "".join(pieces)}, finish, whole, usage_in(whole))


def _of_bedrock(events: Sequence[Event]) -> dict[str, Any]:
    deltas = [inside(event, "contentBlockDelta", "delta") for event in events]
    text = "".join(str(inside(delta, "text") or "") for delta in deltas)
    calls = "".join(str(inside(delta, "toolUse", "input") or "") for delta in deltas)
    ended = next((found for event in events if (found := inside(event, "messageStop", "stopReason"))), None)
    used = next((found for event in events if (found := inside(event, "metadata", "usage"))), None)
    message = {"content": text, "tool_calls": [{"arguments": calls}] if calls else []}
    return completion_of(message, ended, {}, used)


def _of_flat_events(events: Sequence[Event], ended: bool) -> dict[str, Any] | None:
    """Of events that each hold a piece of the text in one field. Where none says how it ended, the mark does."""
    pieces = [text_in(event) for event in events]
    if any(isinstance(piece, Mapping) for piece in pieces) or any(event.get("error") for event in events):
        return None
    last = events[-1]
    finish = end_of(last) or ("stop" if ended or last.get("stop") is True else None)
    return completion_of({"content": "".join(piece or "" for piece in pieces)}, finish, last, usage_in(*events[::-1]))


def _joined(pieces: Sequence[dict[str, Any] | None]) -> dict[str, Any] | None:
    """One completion of the pieces that the events of a stream hold."""
    found = [piece for piece in pieces if piece is not None]
    if not found:
        return None
    contents: list[Any] = []
    for piece in found:
        content = piece["choices"][0]["message"].get("content")
        content = content.get("parts") if isinstance(content, Mapping) else content
        contents += content if isinstance(content, list) else [content] if isinstance(content, str) else []
    last = found[-1]
    return {**last, "choices": [{**last["choices"][0], "message": {"content": contents}}]}


Sign = Callable[[Event], bool]
_KINDS: tuple[tuple[tuple[Sign, ...], Callable[[Sequence[Event]], dict[str, Any] | None]], ...] = (
    ((lambda first: first.get("type") == "message_start",), _of_anthropic),
    ((lambda first: first.get("type") == "message-start",), _of_cohere),
    ((lambda first: first.get("event_type") == "stream-start",), _of_cohere_1),
    ((lambda first: "messageStart" in first, lambda first: "contentBlockDelta" in first), _of_bedrock),
    (
        (lambda first: isinstance(first.get("candidates"), list),),
        lambda events: _joined([google(event, part=True) for event in events]),
    ),
    (
        (lambda first: isinstance(first.get("done"), bool),),
        lambda events: _joined([ollama(event, part=True) for event in events]),
    ),
)
"""What the first event of a stream looks like, and what reads it."""
