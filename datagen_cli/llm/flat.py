"""Replies without choices whose text stands in one field, as chat completions in OpenAI's form.

So answer Cloudflare's Workers AI (`response`), DashScope's and watsonx's own APIs (`output.text`, `results`), TGI
(`generated_text`), llama.cpp's `/completion`, Cohere's first API and many servers that somebody wrote. Such an object
is a reply only where something says that a model wrote the text: counts of tokens, how it ended, a role, calls of
tools, or a field that holds nothing else. A note such as `{"message": "ok"}` is none. Pure functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datagen_cli.llm.counted import inside, usage_in
from datagen_cli.llm.finish import reason_in
from datagen_cli.llm.message import is_filled

SURE = ("generated_text", "generatedText", "response_text", "output_text", "outputText")
"""Fields that hold what a model wrote, and nothing else."""
TEXTS = (*SURE, "response", "generation", "completion", "text", "content", "reply", "answer", "output", "result")
ANSWERS = ("response", "output", "result")
"""Fields that may hold an answer as an object."""
LISTS = ("results", "outputs", "generations", "output")
"""Fields that hold a list of such objects."""
ROLES = ("assistant", "model", "chatbot")
_ENDS = (
    *(("details", "finish_reason"), ("meta_info", "finish_reason"), ("completionReason",), ("stop_type",)),
    *(("generationInfo", "finish_reason"), ("metadata", "finish_reason")),
)
"""Where such an object says how it ended, besides the usual places."""


def of_flat(value: Mapping[str, Any], *around: Mapping[str, Any]) -> dict[str, Any] | None:
    """The chat completion that such an object stands for; None for what is none. `around` are the objects that it lay
    in, which may say what was used.

    >>> of_flat({"response": "Hello.", "usage": {"prompt_tokens": 3}})["choices"]
    [{'message': {'content': 'Hello.'}, 'finish_reason': None}]
    >>> of_flat({"message": "ok"}) is of_flat({"response": "ok"}) is None
    True
    """
    parts = [value, *around]
    for name in LISTS:
        listed = value.get(name)
        if isinstance(listed, list) and listed and isinstance(listed[0], Mapping):
            return of_flat(listed[0], *parts)
    inner = next((value[name] for name in ANSWERS if isinstance(value.get(name), Mapping)), None)
    if inner is not None and (end_of(inner) or usage_in(inner) or any(name in inner for name in SURE)):
        return of_flat(inner, *parts)
    message = _message_of(value, parts)
    if message is None:
        return None
    used = usage_in(*parts)
    model = next((part[name] for part in parts for name in ("model", "model_id") if part.get(name)), None)
    return {"choices": [{"message": message, "finish_reason": end_of(*parts)}], "usage": used, "model": model}


def end_of(*parts: Mapping[str, Any]) -> Any:
    """How a reply ended, as the first of these objects says that says it; None where none does."""
    for part in parts:
        if any(part.get(name) is True for name in ("truncated", "is_truncated", "stopped_limit")):
            return "length"
        said = next((found for place in _ENDS if (found := inside(part, *place))), None) or reason_in(part, {})
        if said:
            return said
    return None


def text_in(value: Mapping[str, Any]) -> Any:
    """What stands in the field of a text, if one does: a text, the only one of a list, or an answer as an object."""
    for name in TEXTS:
        said = value.get(name)
        said = said[0] if isinstance(said, list) and len(said) == 1 else said
        if isinstance(said, str) and said:
            return said
        if isinstance(said, Mapping) and said and name in ANSWERS:
            return dict(said)
    return None


def _message_of(value: Mapping[str, Any], parts: list[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The message of a reply; None where nothing says that a model wrote it."""
    message = value.get("message")
    if isinstance(message, Mapping) and message.get("role") in ROLES:
        return dict(message)
    calls = value.get("tool_calls")
    calls = calls if isinstance(calls, list) else []
    said = text_in(value)
    if said is None and not calls:
        return None
    by_model = value.get("role") in ROLES or isinstance(value.get("tool_calls"), list)
    sure = any(is_filled(value.get(name)) for name in SURE)
    if not (sure or by_model or isinstance(usage_in(*parts), Mapping) or end_of(*parts) or _answers(value, parts)):
        return None
    return {"content": said, "tool_calls": calls} if calls else {"content": said}


def _answers(value: Mapping[str, Any], parts: list[Mapping[str, Any]]) -> bool:
    """Whether this is the result in Cloudflare's envelope, which says nothing else of it."""
    envelope = parts[-1]
    return "response" in value and envelope.get("success") is True and isinstance(envelope.get("errors"), list)
