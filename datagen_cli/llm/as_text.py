"""A conversation as one text that a model goes on with: for models that were never trained to chat.

The text names who speaks, and ends where the answer begins. Where the model would go on with another question its
answer has ended. Does *not* screen: what stands in messages has been (`prompts/foreign.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SPEAKERS = {"user": "User", "assistant": "Assistant"}
NEXT = "\nUser:"
"""What comes after an answer."""
MOST_STOPS = 4
"""As many as OpenAI takes."""


def as_text(messages: Sequence[Mapping[str, str]]) -> str:
    """The messages in their order: the words of the system first and bare, every other with its speaker."""
    parts = []
    for message in messages:
        speaker, said = SPEAKERS.get(message["role"]), message["content"].strip()
        parts.append(f"{speaker}: {said}" if speaker else said)
    return "\n\n".join([*parts, "Assistant:"])


def answer_in(text: str) -> str:
    """What a model wrote, up to where it would go on with another question."""
    return text.partition(NEXT)[0].strip()


def completed(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a conversation as one of a text to go on with: it has no `response_format`, and stops before another
    question, beside where it says itself. Of a group the rows keep their texts only."""
    if "group" in payload:
        rows = [{name: _texts_only(value) for name, value in row.items()} for row in payload["group"]["rows"]]
        return {**payload, "group": {**payload["group"], "rows": rows}}
    found = {name: value for name, value in payload.items() if name not in ("messages", "response_format")}
    stops = found.get("stop") or []
    found["stop"] = [NEXT, *([stops] if isinstance(stops, str) else stops)][:MOST_STOPS]
    return {**found, "prompt": as_text(payload["messages"])}


def _texts_only(value: Any) -> Any:
    """A prompt, and the shorter ones in it, without their messages; prompts in a list; anything else as it is."""
    if isinstance(value, Mapping):
        return {name: _texts_only(inner) for name, inner in value.items() if name != "messages"}
    return [_texts_only(inner) for inner in value] if isinstance(value, list | tuple) else value
