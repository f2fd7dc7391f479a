"""Replies inside envelopes of gateways: the chat completion, or the reply of another API, below keys of the gateway's
own, as an object or as a text of JSON. Pure functions.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from datagen_cli.llm.counted import usage_in
from datagen_cli.llm.foreign_json import inside, loaded
from datagen_cli.llm.other_apis import advice, as_completion, of_flat

WRAPPERS = ("data", "result", "response", "output", "body", "payload", "prediction")
"""Keys under which gateways put a whole reply, whatever its form."""
NOT_REPLIES = ("request", "input", "inputs", "prompt", "params", "parameters", "history", "usage")
"""Keys below which no reply is looked for."""
OF_COMPLETION = frozenset(
    (
        *("id", "model", "choices", "index", "message", "role", "content", "finish_reason", "tool_calls", "function"),
        *("name", "arguments", "usage", "prompt_tokens", "completion_tokens", "total_tokens", "error", "code"),
        *WRAPPERS,
    )
)
DEEPEST = 4
_CAPITAL = re.compile(r"(?<!^)[A-Z]")
_OF_CHOICE = ("message", "messages", "delta", "finish_reason", "text")
Found = tuple[Mapping[str, Any], list[Mapping[str, Any]]]


def unwrapped(value: dict[str, Any]) -> dict[str, Any]:
    """The chat completion in what came, or that which a reply of another API stands for, else the error that lies below
    such keys; what came itself where there is none of these."""
    if value.get("choices"):
        return value
    layers = list(_layers(value, [], DEEPEST))
    for inner, around in layers:
        if around and _has_choices(inner):
            return _counted({**inner}, inner, around)
        if (said := as_completion(inner)) is not None:
            return _counted(said, inner, around)
    failed = next((inner for inner, around in layers if around and inside(inner, "error", "message")), None)
    return value if failed is None or value.get("error") else dict(failed)


def flat_in(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """The completion that a reply whose text stands in one field stands for, wherever that lies; None for none."""
    layers = list(_layers(value, [], DEEPEST))
    if any(advice(inner) for inner, _ in layers):  # of an API that is known, without a text or an end
        return None
    return next((said for inner, around in layers if (said := of_flat(inner, *around)) is not None), None)


def in_small_letters(value: Any, depth: int = DEEPEST + 4) -> Any:
    """A value whose keys are written as those of a chat completion are, where they differ from them in their letters
    alone (`Choices`, `FinishReason`, `promptTokens`).

    >>> in_small_letters({"Choices": [{"Message": {"Content": "Hi."}, "FinishReason": "stop"}]})
    {'choices': [{'message': {'content': 'Hi.'}, 'finish_reason': 'stop'}]}
    """
    if depth and isinstance(value, list):
        return [in_small_letters(item, depth - 1) for item in value]
    if not (depth and isinstance(value, dict)):
        return value
    found = {}
    for name, item in value.items():
        small = _CAPITAL.sub(lambda match: f"_{match[0].lower()}", str(name)).lower().lstrip("_")
        found[small if small in OF_COMPLETION else name] = in_small_letters(item, depth - 1)
    return found


def bare_event(event: dict[str, Any]) -> dict[str, Any]:
    """An event of a stream without what a gateway has put it into."""
    if "choices" in event:
        return event
    inner = (event.get(name) for name in WRAPPERS)
    return next((one for one in inner if isinstance(one, dict) and "choices" in one), event)


def _has_choices(inner: Mapping[str, Any]) -> bool:
    """Whether this is a chat completion. An object that merely has a field of this name, such as a record, is none."""
    choices = inner.get("choices")
    if not isinstance(choices, list) or not choices:
        return False
    return isinstance(choices[0], Mapping) and any(name in choices[0] for name in _OF_CHOICE)


def _counted(said: dict[str, Any], inner: Mapping[str, Any], around: list[Mapping[str, Any]]) -> dict[str, Any]:
    """A completion with what the objects around it say of its use and its model, where it does not."""
    if not around:
        return said
    if usage_in(inner) is None and not said.get("usage"):
        said["usage"] = usage_in(*around)
    if not said.get("model"):
        said["model"] = next((part["model"] for part in around if part.get("model")), None)
    return said


def _layers(value: Mapping[str, Any], around: list[Mapping[str, Any]], depth: int) -> Iterator[Found]:
    """An object and those below it, outermost first, each with what it lies in, nearest first."""
    yield value, around
    if depth == 0:
        return
    for name, inner in value.items():
        if name in NOT_REPLIES:
            continue
        if isinstance(inner, str) and name in WRAPPERS:
            inner = _read(inner, packed=value.get("isBase64Encoded") is True)
        if isinstance(inner, list) and len(inner) == 1:
            inner = inner[0]
        if isinstance(inner, Mapping):
            yield from _layers(inner, [value, *around], depth - 1)


def _read(text: str, *, packed: bool) -> Any:
    """The object in a text of JSON; None where it is something else."""
    try:
        text = base64.b64decode(text).decode() if packed else text
        return loaded(text) if text.lstrip()[:1] == "{" else None
    except (ValueError, binascii.Error):
        return None
