"""The text of a chat message, in whatever form it comes: a text, parts, an object, the arguments of a call.

Reasoning beside or among the parts is no text. Pure functions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from datagen_cli.llm.counted import inside

REASONING = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "analysis")
TEXT_PARTS = ("text", "output_text", "json")
OTHER_PARTS = (
    *("thinking", "redacted", "reasoning", "thought", "tool", "function", "refusal", "image", "audio"),
    *("reference", "citation", "document", "input_", "server_tool", "web_search", "code_execution", "executable"),
)
"""What the types of parts that are no text begin with."""
OF_PART = frozenset(
    (
        *("text", "thought", "thoughtSignature", "thought_signature", "signature", "annotations", "citations"),
        *("logprobs", "index", "id", "role", "cache_control"),
    )
)
"""Keys of a part of text that has no type; an object with others is an answer, unless such a part stands beside it."""


def text_of(message: Mapping[str, Any], *, called: bool = False) -> tuple[str, str]:
    """The text of a message, and what came in its place where there is none: `tool_calls`, `reasoning`.

    The arguments of a call of a tool, those of several calls of one tool as a list, and an answer that the endpoint has
    already read, are the text; so are they where the reply ended in order to be `called` and its text is mere words.
    """
    text = _text(next((message[name] for name in ("content", "parts", "text") if is_filled(message.get(name))), None))
    calls = _calls(message)
    if text.strip() and not (called and not any(sign in text for sign in "{[")):
        return text, ""
    said = message.get("parsed") if not calls else _arguments(calls)
    if isinstance(said, Mapping | list) and said:
        return json.dumps(said, ensure_ascii=False), ""
    if isinstance(said, str) and said.strip():
        return said, ""
    reasoning = any(message.get(name) for name in REASONING) or _holds(message.get("content"), "thinking", "reasoning")
    return text, "" if text.strip() else "tool_calls" if calls else "reasoning" if reasoning else ""


def refusal_of(message: Mapping[str, Any]) -> str:
    """The model's refusal, in a field or in parts of its own; empty where there is none."""
    said, content = message.get("refusal"), message.get("content")
    if isinstance(said, str) and said:
        return said
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return "".join(str(part.get("refusal") or "") for part in parts if part.get("type") == "refusal")


def _calls(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The calls of a message; of several those that say something."""
    calls = message.get("tool_calls") or [item for item in [message.get("function_call")] if item]
    if not calls and isinstance(message.get("content"), list):
        calls = [part for part in message["content"] if isinstance(part, dict) and part.get("type") == "tool_use"]
    calls = [call for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []
    return calls if len(calls) < 2 else [call for call in calls if _said_in(call) not in (None, "", "{}", {})]


def _said_in(call: Mapping[str, Any]) -> Any:
    """The arguments of a call."""
    function = call.get("function", call)
    return function.get("arguments", function.get("input")) if isinstance(function, Mapping) else None


def _arguments(calls: list[Mapping[str, Any]]) -> Any:
    """What a call says, or several calls of one tool in a list; None for calls of several tools."""
    if len(calls) == 1:
        return _said_in(calls[0])
    names = {str(inside(call, "function", "name") or call.get("name")) for call in calls}
    said = [_said_in(call) for call in calls]
    texts = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in said]
    return f"[{', '.join(texts)}]" if len(names) == 1 and texts else None


def _text(content: Any) -> str:
    if isinstance(content, Mapping):
        if _is_part(content):
            return _part(content)
        if "parts" in content and content.keys() <= {"parts", "role"}:
            return _text(content["parts"])
        if "content" in content and content.keys() <= {"content", "role"}:
            return _text(content["content"])
        return json.dumps(content, ensure_ascii=False)
    if isinstance(content, str | int | float) and not isinstance(content, bool):
        return str(content)
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict)]
        if parts and not any(_is_part(part) or _is_other(part) for part in parts):
            return json.dumps(content, ensure_ascii=False)  # the answer itself
        return text_of_parts(content)
    return ""


def text_of_parts(content: list[Any]) -> str:
    """The text of parts, without what else stands among them."""
    return "".join(part if isinstance(part, str) else _part(part) for part in content if _counts(part))


def is_filled(value: Any) -> bool:
    """Whether a value says anything: 0 does, an empty text does not."""
    return bool(value) or (value == 0 and isinstance(value, int | float) and not isinstance(value, bool))


def _is_part(part: Mapping[str, Any]) -> bool:
    return part["type"] in TEXT_PARTS if "type" in part else "text" in part and part.keys() <= OF_PART


def _is_other(part: Mapping[str, Any]) -> bool:
    """Whether this is a part that is no text."""
    kind = part.get("type")
    return kind.startswith(OTHER_PARTS) if isinstance(kind, str) else any(part.get(name) for name in REASONING)


def _counts(part: Any) -> bool:
    """Whether this is a part of text among parts: what has a text and no type is one, whatever else it says."""
    if not isinstance(part, dict):
        return isinstance(part, str)
    is_text = _is_part(part) if "type" in part else "text" in part and not _is_other(part)
    return is_text and part.get("thought") is not True


def _holds(content: Any, *kinds: str) -> bool:
    return isinstance(content, list) and any(
        isinstance(part, dict) and str(part.get("type")).startswith(kinds) for part in content
    )


def _part(part: Mapping[str, Any]) -> str:
    """The text of a part, which some put one level deeper."""
    text = part.get("text")
    if part.get("type") == "json":
        return json.dumps(part.get("json"), ensure_ascii=False)
    if isinstance(text, Mapping):
        text = text.get("value", text.get("text"))
    return text if isinstance(text, str) else ""
