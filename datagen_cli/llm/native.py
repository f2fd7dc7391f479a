"""Replies of vendors' own APIs, as chat completions in OpenAI's form: a gateway, or an address of another API of the
same server, sends them where a chat completion is asked for.

Read are those of Ollama (`/api/chat`, `/api/generate`), Anthropic (Messages), Google (`generateContent`), OpenAI
(Responses), Cohere (`/v2/chat`) and Bedrock (Converse), whole or as the events of a stream, where their text stands
unmistakably and they say how they ended. Pure functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datagen_cli.llm.counted import inside

V1 = "give the base_url that is OpenAI-compatible, which ends in /v1"
ANTHROPIC = "give base_url: https://api.anthropic.com/v1, or the name anthropic/..."
GOOGLE = "give base_url: https://generativelanguage.googleapis.com/v1beta/openai, or the name gemini/..."
COHERE = "give base_url: https://api.cohere.ai/compatibility/v1, or the name cohere/..."
BEDROCK = "give the name bedrock/... without a base_url"


def as_completion(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """The chat completion that a reply of a vendor's own API stands for; None for what is none of these, or says no
    text or no end."""
    read = _kind_of(value)[1]
    return read(value) if read is not None else None


def advice(value: Mapping[str, Any]) -> str:
    """What kind of API sends such an object, and which address is the right one; empty for one that nobody knows."""
    return _kind_of(value)[0]


def of_events(events: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The chat completion of a stream of a vendor's own events, without a reason of its end where it is broken off;
    None for events of another kind."""
    first = events[0] if events else {}
    if str(first.get("type")).startswith("response."):
        whole = [event["response"] for event in events if isinstance(event.get("response"), Mapping)]
        return (as_completion(whole[-1]) if whole else None) or _completion({"content": ""}, None, {})
    if first.get("type") in ("message_start", "ping") and any("message" in event for event in events):
        return _of_anthropic_events(events)
    if isinstance(first.get("candidates"), list):
        return _joined([_google(event, part=True) for event in events])
    if isinstance(first.get("done"), bool):
        return _joined([_ollama(event, part=True) for event in events])
    return None


def is_event(value: Mapping[str, Any]) -> bool:
    """Whether a line of JSON is one of several that a reply of Ollama's own API comes in."""
    return value.get("done") is False and ("message" in value or "response" in value)


def _completion(message: Any, finish: Any, value: Mapping[str, Any], usage: Any = None) -> dict[str, Any]:
    choice = {"message": message, "finish_reason": finish}
    used = usage if usage is not None else value.get("usage")
    return {"choices": [choice], "usage": used, "model": value.get("model") or value.get("modelVersion")}


def _ollama(value: Mapping[str, Any], *, part: bool = False) -> dict[str, Any] | None:
    message = value.get("message")
    if not isinstance(message, Mapping) and isinstance(value.get("response"), str):
        message = {"content": value["response"], "thinking": value.get("thinking")}
    if not isinstance(message, Mapping) or not (value.get("done") is True or part):
        return None
    counts = {name: value[name] for name in ("prompt_eval_count", "eval_count") if name in value}
    ended = value.get("done_reason") or "stop"
    return _completion(message, ended if value.get("done") is True else None, value, counts)


def _anthropic(value: Mapping[str, Any]) -> dict[str, Any] | None:
    reason = value.get("stop_reason")
    return _completion({"content": value["content"]}, reason, value) if reason else None


def _google(value: Mapping[str, Any], *, part: bool = False) -> dict[str, Any] | None:
    candidates = value.get("candidates")
    first = candidates[0] if isinstance(candidates, list) and candidates else None
    used = value.get("usageMetadata")
    if not isinstance(first, Mapping):
        blocked = inside(value, "promptFeedback", "blockReason")
        return _completion({"content": ""}, "content_filter", value, used) if blocked else None
    ended = first.get("finishReason")
    return _completion({"content": first.get("content")}, ended, value, used) if ended or part else None


def _responses(value: Mapping[str, Any]) -> dict[str, Any] | None:
    ended = inside(value, "incomplete_details", "reason") or value.get("status")
    if ended in (None, "in_progress", "queued", "failed", "cancelled"):
        return None
    items = [item for item in value["output"] if isinstance(item, Mapping)]
    contents = [item.get("content") for item in items if item.get("type") == "message"]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    calls = [{"function": dict(item)} for item in items if item.get("type") == "function_call"]
    thought = any(item.get("type") == "reasoning" for item in items)
    return _completion({"content": parts, "tool_calls": calls, "reasoning": "…" if thought else ""}, ended, value)


def _cohere(value: Mapping[str, Any]) -> dict[str, Any] | None:
    return _completion(value["message"], value["finish_reason"], value)


def _bedrock(value: Mapping[str, Any]) -> dict[str, Any] | None:
    return _completion(inside(value, "output", "message"), value["stopReason"], value)


def _kind_of(value: Mapping[str, Any]) -> tuple[str, Callable[[Mapping[str, Any]], dict[str, Any] | None] | None]:
    """What sends such an object, with what to do about it, and what reads it."""
    listed = value.get("data") if value.get("object") == "list" else None
    listed = str(listed[0].get("object")) if isinstance(listed, list) and listed and isinstance(listed[0], dict) else ""
    if isinstance(value.get("done"), bool) and ("message" in value or "response" in value):
        return f"Ollama's own API answered: {V1}", _ollama
    if value.get("type") == "message" and isinstance(value.get("content"), list):
        return f"Anthropic's Messages API answered: {ANTHROPIC}", _anthropic
    if isinstance(value.get("candidates"), list) or isinstance(value.get("promptFeedback"), Mapping):
        return f"Google's own API answered: {GOOGLE}", _google
    if value.get("object") == "response" and isinstance(value.get("output"), list):
        return f"OpenAI's Responses API answered: {V1}", _responses
    if isinstance(inside(value, "message", "content"), list | str) and isinstance(value.get("finish_reason"), str):
        return f"Cohere's own API answered: {COHERE}", _cohere
    if isinstance(inside(value, "output", "message", "content"), list) and isinstance(value.get("stopReason"), str):
        return f"Bedrock's own API answered: {BEDROCK}", _bedrock
    if isinstance(value.get("models"), list) or listed == "model":
        return f"a list of models came: {V1}", None
    if isinstance(value.get("embeddings", value.get("embedding")), list) or listed == "embedding":
        return "embeddings came: the address or the model is one for these; give that of a chat model", None
    return "", None


def _of_anthropic_events(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    begun = (event["message"] for event in events if isinstance(event.get("message"), Mapping))
    start: Mapping[str, Any] = next(begun, {})
    parts: list[Any] = []
    ended, used = None, dict(start.get("usage") or {})
    for event in events:
        block = event.get("content_block") if event.get("type") == "content_block_start" else event.get("delta")
        if isinstance(block, Mapping):
            parts += [block["text"]] if block.get("type") in ("text", "text_delta") and block.get("text") else []
            ended = block.get("stop_reason") or ended
        if event.get("type") == "message_delta" and isinstance(event.get("usage"), Mapping):
            used |= event["usage"]
    return _completion({"content": [str(part) for part in parts]}, ended, start, used)


def _joined(parts: Sequence[dict[str, Any] | None]) -> dict[str, Any] | None:
    """One completion of the pieces that the events of a stream hold."""
    found = [part for part in parts if part is not None]
    if not found:
        return None
    contents: list[Any] = []
    for part in found:
        content = part["choices"][0]["message"].get("content")
        content = content.get("parts") if isinstance(content, Mapping) else content
        contents += content if isinstance(content, list) else [content] if isinstance(content, str) else []
    last = found[-1]
    return {**last, "choices": [{**last["choices"][0], "message": {"content": contents}}]}
