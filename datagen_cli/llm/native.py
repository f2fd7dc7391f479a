"""Replies of vendors' own APIs, as chat completions in OpenAI's form: a gateway, or an address of another API of the
same server, sends them where a chat completion is asked for.

Read are those of Ollama (`/api/chat`, `/api/generate`), Anthropic (Messages), Google (`generateContent`), OpenAI
(Responses), Cohere (`/v2/chat`) and Bedrock (Converse), where their text stands unmistakably and they say how they
ended; `llm/native_events.py` reads their streams. Pure functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


def completion_of(message: Any, finish: Any, value: Mapping[str, Any], usage: Any = None) -> dict[str, Any]:
    """A chat completion of this message; `value` says what was used, where `usage` does not, and the model."""
    choice = {"message": message, "finish_reason": finish}
    used = usage if usage is not None else value.get("usage")
    return {"choices": [choice], "usage": used, "model": value.get("model") or value.get("modelVersion")}


def ollama(value: Mapping[str, Any], *, part: bool = False) -> dict[str, Any] | None:
    """A reply of Ollama; with `part` one that may be a piece of it."""
    message = value.get("message")
    if not isinstance(message, Mapping) and isinstance(value.get("response"), str):
        message = {"content": value["response"], "thinking": value.get("thinking")}
    if not isinstance(message, Mapping) or not (value.get("done") is True or part):
        return None
    counts = {name: value[name] for name in ("prompt_eval_count", "eval_count") if name in value}
    ended = value.get("done_reason") or "stop"
    return completion_of(message, ended if value.get("done") is True else None, value, counts)


def _anthropic(value: Mapping[str, Any]) -> dict[str, Any] | None:
    reason = value.get("stop_reason")
    return completion_of({"content": value["content"]}, reason, value) if reason else None


def google(value: Mapping[str, Any], *, part: bool = False) -> dict[str, Any] | None:
    """A reply of Google; with `part` one that may be a piece of it."""
    candidates = value.get("candidates")
    first = candidates[0] if isinstance(candidates, list) and candidates else None
    used = value.get("usageMetadata")
    if not isinstance(first, Mapping):
        blocked = inside(value, "promptFeedback", "blockReason")
        return completion_of({"content": ""}, "content_filter", value, used) if blocked else None
    ended = first.get("finishReason")
    return completion_of({"content": first.get("content")}, ended, value, used) if ended or part else None


def _responses(value: Mapping[str, Any]) -> dict[str, Any] | None:
    ended = inside(value, "incomplete_details", "reason") or value.get("status")
    if ended in (None, "in_progress", "queued", "failed", "cancelled"):
        return None
    items = [item for item in value["output"] if isinstance(item, Mapping)]
    contents = [item.get("content") for item in items if item.get("type") == "message"]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    calls = [{"function": dict(item)} for item in items if item.get("type") == "function_call"]
    thought = any(item.get("type") == "reasoning" for item in items)
    return completion_of({"content": parts, "tool_calls": calls, "reasoning": "…" if thought else ""}, ended, value)


def _cohere(value: Mapping[str, Any]) -> dict[str, Any] | None:
    return completion_of(value["message"], value["finish_reason"], value)


def _bedrock(value: Mapping[str, Any]) -> dict[str, Any] | None:
    return completion_of(inside(value, "output", "message"), value["stopReason"], value)


def _kind_of(value: Mapping[str, Any]) -> tuple[str, Callable[[Mapping[str, Any]], dict[str, Any] | None] | None]:
    """What sends such an object, with what to do about it, and what reads it."""
    listed = value.get("data") if value.get("object") == "list" else None
    listed = str(listed[0].get("object")) if isinstance(listed, list) and listed and isinstance(listed[0], dict) else ""
    if isinstance(value.get("done"), bool) and ("message" in value or "response" in value):
        return f"Ollama's own API answered: {V1}", ollama
    if value.get("type") == "message" and isinstance(value.get("content"), list):
        return f"Anthropic's Messages API answered: {ANTHROPIC}", _anthropic
    if isinstance(value.get("candidates"), list) or isinstance(value.get("promptFeedback"), Mapping):
        return f"Google's own API answered: {GOOGLE}", google
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
