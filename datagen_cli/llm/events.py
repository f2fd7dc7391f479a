"""One chat completion put together from the events of a stream, which some endpoints send although none was asked for.

An event adds to the answer (`delta`, `text`), or holds all of it so far or a part of it (`message`). An event that
cannot be read is a fault: a part of the answer would be missing. Pure functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from datagen_cli.core.pattern import compiled_later
from datagen_cli.llm.counted import usage_in
from datagen_cli.llm.faults import TransportError
from datagen_cli.llm.finish import reason_in
from datagen_cli.llm.foreign_json import loaded
from datagen_cli.llm.message import REASONING, refusal_of, text_of, text_of_parts
from datagen_cli.llm.other_apis import of_events
from datagen_cli.llm.wrapped import bare_event

EVENTS = b"data:"
_ERROR = compiled_later(
    r"\s*[A-Za-z][^{}]{0,200}\b(?:error|fail\w*|exception|time-?out|unavailable|overloaded|abort\w*)\b", re.I
)
"""Words of a server that fails in the middle of a stream."""
LINE_END = compiled_later(r"\r\n|\n|\r")


class _Parts:
    """What the events of a stream have said so far of its first choice."""

    def __init__(self) -> None:
        self.content = self.refusal = self.reasoning = ""
        self.wholes: list[str] = []
        self.calls: dict[int, dict[str, str]] = {}

    def add(self, choice: Mapping[str, Any]) -> None:
        delta = choice.get("delta")
        delta = delta if isinstance(delta, dict) else {"content": choice.get("text")}
        said = delta.get("content")  # of parts their text only, for no part of an answer is one as a whole
        self.content += text_of_parts(said) if isinstance(said, list) else text_of({"content": said})[0]
        self._add_calls(delta)
        self.refusal += refusal_of(delta)
        self.reasoning += "…" if any(delta.get(name) for name in REASONING) else ""
        whole = choice.get("message")
        if isinstance(whole, dict) and (said := text_of({"content": whole.get("content")})[0]):
            self.wholes.append(said)

    @property
    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = {"role": "assistant", "content": self._text()}
        if self.calls:
            found["tool_calls"] = [{"function": self.calls[number]} for number in sorted(self.calls)]
        more = {"refusal": self.refusal, "reasoning_content": self.reasoning}
        return found | {name: value for name, value in more.items() if value}

    def _text(self) -> str:
        """What the deltas add up to, or the messages: the last, where each holds all so far, else all of them."""
        grows = all(after.startswith(before) for before, after in zip(self.wholes, self.wholes[1:], strict=False))
        whole = "".join(self.wholes if not grows else self.wholes[-1:])
        return whole if whole.strip().startswith(self.content.strip()) else self.content

    def _add_calls(self, delta: Mapping[str, Any]) -> None:
        """Takes what an event adds to the calls of tools; a call without a number is the first."""
        calls = delta.get("tool_calls") or [{"function": delta.get("function_call")}]
        for call in calls if isinstance(calls, list) else ():
            function = call.get("function") if isinstance(call, dict) else None
            if not isinstance(function, dict):
                continue
            number = call.get("index")
            so_far = self.calls.setdefault(number if isinstance(number, int) else 0, {"name": "", "arguments": ""})
            said = function.get("arguments")
            so_far["name"] = so_far["name"] or str(function.get("name") or "")
            so_far["arguments"] += said if isinstance(said, str) else json.dumps(said) if said else ""


def joined(marked: Sequence[dict[str, Any] | None], size: int) -> dict[str, Any] | None:
    """One chat completion of the events of a stream, None for the mark of its end, or the error that came instead; None
    where neither did. `size` is that of the stream in bytes.

    Raises `TransportError` for a stream without an end.
    """
    parts, finish = _Parts(), None
    found: dict[str, Any] = {}
    events = [bare_event(event) for event in marked if event is not None]
    ended = len(events) < len(marked)
    if (own := of_events(events, ended=ended)) is not None:
        if own["choices"][0]["finish_reason"] is None:
            raise _broken_off(size)
        return own
    numbers = (choice.get("index") for event in events for choice in _choices(event))
    index = min((number for number in numbers if isinstance(number, int)), default=0)
    for event in events:
        found.update((name, event[name]) for name in ("model", "usage", "error") if event.get(name))
        if "error" in (event.get("object"), event.get("type")):
            found.setdefault("error", event)
        choice = choice_of(event, index)
        used = usage_in(choice, event)
        if used and "usage" not in found:
            found["usage"] = used
        parts.add(choice)
        finish = reason_in({}, choice) or finish
        if "choices" in event:
            found["choices"] = []
    if "choices" not in found:
        return found if "error" in found else None
    if finish is None and not ended and "error" not in found:
        raise _broken_off(size)
    return {**found, "choices": [{"message": parts.message, "finish_reason": finish}]}


def _broken_off(size: int) -> TransportError:
    return TransportError("dropped", f"the event stream is broken off ({size:,} bytes)", status=200)


def choice_of(event: Mapping[str, Any], index: int = 0) -> dict[str, Any]:
    """What an event adds to the choice of this number."""
    numbers = (index, str(index), None)
    return next((item for item in _choices(event) if item.get("index") in numbers), {})


def _choices(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    choices = event.get("choices")
    return [item for item in choices if isinstance(item, dict)] if isinstance(choices, list) else []


def events_in(body: bytes) -> Iterator[dict[str, Any] | None]:
    """The objects of an event stream; None for its end mark. The lines of an event's data belong together.

    Raises `TransportError` for an object that cannot be read: a part of the answer would be missing.
    """
    held: list[str] = []
    for line in [*LINE_END.split(body.decode("utf-8", "replace")), ""]:
        name, _, data = line.partition(":")
        data = data.strip()
        if held and (not line.strip() or (name == "data" and _is_whole(held[-1], data))):
            if (event := loaded("\n".join(held))) is None:
                said = f"an event of the stream cannot be read ({len(body):,} bytes)"
                raise TransportError("dropped", said, status=200)
            yield event
            held = []
        if name == "error" or (name == "data" and _ERROR.match(data)):  # in place of an object
            yield {"error": {"message": data}}
        if name == "data" and held:
            held.append(data)
        elif name == "data" and data.upper() == "[DONE]":
            yield None
        elif name == "data" and data.startswith("{"):
            if (event := loaded(data)) is None:
                held = [data]
            else:
                yield event


def _is_whole(line: str, following: str) -> bool:
    """Whether an object ends with a line: what goes on with it behind a brace is a comma or a bracket."""
    return line.endswith("}") and not following.startswith((",", "}", "]"))
