"""What a message says by calls of tools: their arguments, in whatever form a call comes. Pure functions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_CALLED = ("function", "custom", "functionCall", "function_call", "toolUse", "tool_use")
"""Keys of a call below which its name and arguments may stand."""
_ARGUMENTS = ("arguments", "parameters", "input", "args", "params", "kwargs")
_IN_CONTENT = ("tool_use", "toolUse", "tool_call", "toolCall", "function_call", "functionCall")
_THINKS = re.compile(
    r"(?:.*[_.-])?(?:think|thinking|thought|thoughts|reason|reasoning|plan|scratchpad|reflect)s?", re.I
)
"""Names of tools that only hold what a model thinks."""
_NOTHING: tuple[Any, ...] = (None, "", "{}", "null", {}, [])


def calls_of(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The calls of a message; of several those that say something, without a tool that is for thinking."""
    calls = message.get("tool_calls") or message.get("function_call") or message.get("functionCall")
    if isinstance(calls, str):
        calls = _read(calls)
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
    """The arguments of a call."""
    inner = _inner(call)
    return next((inner[name] for name in _ARGUMENTS if inner.get(name) not in _NOTHING), inner.get("arguments"))


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
