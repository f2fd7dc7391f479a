"""The text of a chat message, in whatever form it comes: a text, parts, an object, the arguments of a call.

Reasoning beside or among the parts is no text. Pure functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from datagen_cli.llm.foreign_json import inside, loaded

REASONING = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "analysis")
TEXT_PARTS = ("text", "output_text", "json", "markdown", "plain_text", "text/plain", "text_delta")
OTHER_PARTS = (
    *("thinking", "redacted", "reasoning", "thought", "tool", "function", "refusal", "image", "audio"),
    *("reference", "citation", "document", "input_", "server_tool", "web_search", "code_execution", "executable"),
)
"""What the types of parts that are no text begin with."""
CHANNELS = ("channel", "phase")
OF_PART = frozenset(
    (
        *("text", "thought", "thoughtSignature", "thought_signature", "signature", "annotations", "citations"),
        *("logprobs", "index", "id", "role", "cache_control", *CHANNELS),
    )
)
"""Keys of a part of text that has no type; an object with others is an answer, unless such a part stands beside it."""
IS_TEXT = ("text", "nested")
OF_NESTED = OF_PART | {"type", "content", "status"}
HIDDEN = ("analysis", "commentary", "thinking", "thought", "reasoning", "critic", "tool")
"""What channels that are no answer are called."""
_THOUGHTS = re.compile(
    r"\A.*</(?:think|thinking|thoughts?|reasoning|analysis)>|<(?:think|thinking|thoughts?|reasoning|analysis)>.*\Z"
    r"|\A.*\[/THINK\]|\[THINK\].*\Z",
    re.DOTALL | re.IGNORECASE,
)
_WORDS_FOR_NOTHING = ("", "null", "none", "nil", "undefined", "{}", "[]", '""', "''", "n/a")
_CALLED = ("function", "custom", "functionCall", "function_call", "toolUse", "tool_use")
"""Keys of a call below which its name and arguments may stand."""
_ARGUMENTS = ("arguments", "parameters", "input", "args", "params", "kwargs")
_IN_CONTENT = ("tool_use", "toolUse", "tool_call", "toolCall", "function_call", "functionCall")
_THINKS = re.compile(
    r"(?:.*[_.-])?(?:think|thinking|thought|thoughts|reason|reasoning|plan|scratchpad|reflect)s?", re.I
)
"""Names of tools that only hold what a model thinks."""
_NOTHING: tuple[Any, ...] = (None, "", "{}", "null", {}, [])


def text_of(message: Mapping[str, Any], *, called: bool = False) -> tuple[str, str]:
    """The text of a message, and what came in its place where there is none: `tool_calls`, `reasoning`.

    The arguments of a call of a tool, those of several calls of one tool as a list, and an answer that the endpoint has
    already read, are the text where content is nothing but reasoning or a word for nothing; so are they where the reply
    ended in order to be `called` and its content does not begin as JSON does.
    """
    text = _text(next((message[name] for name in ("content", "parts", "text") if is_filled(message.get(name))), None))
    calls = calls_of(message)
    said = arguments(calls) if calls else message.get("parsed")
    if text.strip() and not (said and _is_mere(text, called=called)):
        return text, ""
    if isinstance(said, Mapping | list) and said:
        return json.dumps(said, ensure_ascii=False), ""
    if isinstance(said, str) and said.strip():
        return said, ""
    spoken = inside(message, "audio", "transcript")
    if not text.strip() and isinstance(spoken, str) and spoken.strip():
        return spoken, ""
    parts = message["content"] if isinstance(message.get("content"), list) else []
    thoughts = (str(inside(part, "type")).startswith(("thinking", "reasoning")) for part in parts)
    reasoning = any(message.get(name) for name in REASONING) or any(thoughts)
    return text, "" if text.strip() else "tool_calls" if calls else "reasoning" if reasoning else ""


def _is_mere(text: str, *, called: bool) -> bool:
    """Whether a text beside a call, or beside an answer that was read, is none itself."""
    bare = _THOUGHTS.sub("", text).strip()
    return bare.lower() in _WORDS_FOR_NOTHING or (called and not bare.startswith(("{", "[", "```")))


def refusal_of(message: Mapping[str, Any]) -> str:
    """The model's refusal, in a field or in parts of its own; empty where there is none."""
    said, content = message.get("refusal"), message.get("content")
    if isinstance(said, str) and said:
        return said
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return "".join(str(part.get("refusal") or "") for part in parts if part.get("type") == "refusal")


def is_hidden(message: Any) -> bool:
    """Whether a message, or a part of one, stands in a channel that is no answer."""
    return isinstance(message, Mapping) and _channel(message).startswith(HIDDEN)


def _text(content: Any) -> str:
    if isinstance(content, Mapping):
        if _kind(content) in IS_TEXT:
            return _part(content)
        for name in ("parts", "content"):
            if name in content and content.keys() <= {name, "role"}:
                return _text(content[name])
        return json.dumps(content, ensure_ascii=False)
    if isinstance(content, str | int | float) and not isinstance(content, bool):
        return str(content)
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict)]
        if parts and not any(map(_kind, parts)):
            return json.dumps(content, ensure_ascii=False)  # the answer itself
        return text_of_parts(content)
    return ""


def text_of_parts(content: list[Any]) -> str:
    """The text of parts, without what else stands among them; of parts in channels that of the final one."""
    kept = [part for part in content if not is_hidden(part)]
    final = [part for part in kept if isinstance(part, dict) and _channel(part).startswith(("final", "answer"))]
    return "".join(part if isinstance(part, str) else _part(part) for part in final or kept if _counts(part))


def is_filled(value: Any) -> bool:
    """Whether a value says anything: 0 does, an empty text does not."""
    return bool(value) or (value == 0 and isinstance(value, int | float) and not isinstance(value, bool))


def _channel(part: Mapping[str, Any]) -> str:
    said = next((part[name] for name in CHANNELS if isinstance(part.get(name), str)), "")
    return str(said).strip().lower()


def _kind(part: Mapping[str, Any]) -> str:
    """What an object among parts is: `text`, `nested` (a text that stands under `content`), `other` (no text); empty
    for one of no known kind."""
    typed, kind = "type" in part, part.get("type")
    if "content" in part and part.keys() <= OF_NESTED:
        of_message = kind == "message" and (_channel(part) or isinstance(part["content"], list | dict))
        if kind in TEXT_PARTS or of_message or (_channel(part) and not typed):
            return "nested"
    if kind in TEXT_PARTS or (not typed and "text" in part and part.keys() <= OF_PART):
        return "text"
    no_text = kind.startswith(OTHER_PARTS) if isinstance(kind, str) else any(part.get(name) for name in REASONING)
    return "other" if no_text else ""


def _counts(part: Any) -> bool:
    """Whether this is a part of text among parts: what has a text and no type is one, whatever else it says."""
    if not isinstance(part, dict):
        return isinstance(part, str)
    kind = _kind(part)
    return part.get("thought") is not True and (kind in IS_TEXT or (not kind and "text" in part and "type" not in part))


def _part(part: Mapping[str, Any]) -> str:
    """The text of a part, which some put one level deeper."""
    text = part.get("text")
    if part.get("type") == "json":
        return json.dumps(part.get("json"), ensure_ascii=False)
    if isinstance(text, Mapping):
        text = text.get("value", text.get("text"))
    if not isinstance(text, str) and _kind(part) == "nested":
        return _text(part["content"])
    return text if isinstance(text, str) else ""


def calls_of(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The calls of a message; of several those that say something, without a tool that is for thinking."""
    calls = message.get("tool_calls") or message.get("function_call") or message.get("functionCall")
    calls = loaded(calls) if isinstance(calls, str) else calls
    if isinstance(calls, Mapping):
        calls = list(calls.values()) if calls and all(isinstance(one, Mapping) for one in calls.values()) else [calls]
    if not calls and isinstance(message.get("content"), list):
        calls = [part for part in message["content"] if isinstance(part, dict) and _is_call(part)]
    calls = [call for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []
    if len(calls) < 2:
        return calls
    said = [call for call in calls if _said_in(call) not in _NOTHING]
    return [call for call in said if not _THINKS.fullmatch(_name_of(call))] or said


def arguments(calls: list[Mapping[str, Any]]) -> Any:
    """What a call says, or several calls of one tool in a list; None for calls of several tools."""
    if len(calls) == 1:
        return _said_in(calls[0])
    said = [_said_in(call) for call in calls]
    texts = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in said]
    return f"[{', '.join(texts)}]" if len({_name_of(call) for call in calls}) == 1 and texts else None


def _is_call(part: Mapping[str, Any]) -> bool:
    """Whether a part of content is a call, by its type or as the only thing in an object."""
    return part.get("type") in _IN_CONTENT or (len(part) == 1 and next(iter(part)) in _IN_CONTENT)


def _inner(call: Mapping[str, Any]) -> Mapping[str, Any]:
    found = next((call[name] for name in _CALLED if isinstance(call.get(name), Mapping)), None)
    return call if found is None else found


def _name_of(call: Mapping[str, Any]) -> str:
    return str(_inner(call).get("name") or call.get("name"))


def _said_in(call: Mapping[str, Any]) -> Any:
    inner = _inner(call)
    return next((inner[name] for name in _ARGUMENTS if inner.get(name) not in _NOTHING), inner.get("arguments"))
