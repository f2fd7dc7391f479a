"""What to leave out or change when an endpoint refuses a parameter that we chose to send.

An endpoint that refuses `seed`, `response_format` or another parameter (in its sentence or in a field of the reply's
body) gets the request again without it or in another form; one that takes no system message gets its text inside the
first user message. A parameter that the recipe sets is never dropped. Pure functions; the client remembers what helped
and says it once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from datagen_cli.core.pattern import PatternFile, compiled_later

SYSTEM = "system"
STREAM = "stream"
STREAMED = {STREAM: True, "stream_options": {"include_usage": True}}
RENAMED = {"max_tokens": "max_completion_tokens"}
OPTIONAL = ("response_format", "max_tokens", "max_completion_tokens", "seed", "temperature", "top_p", "top_k")
_PARTS = PatternFile(Path(__file__).with_suffix(".yaml"))
NO_SYSTEM = _PARTS.pattern("NO_SYSTEM", re.IGNORECASE)
NO_GRAMMAR = _PARTS.pattern("NO_GRAMMAR", re.IGNORECASE)
ONLY_STREAM = _PARTS.pattern("ONLY_STREAM", re.IGNORECASE)
UNKNOWN = _PARTS.pattern("UNKNOWN", re.IGNORECASE)
_AS_PARAMETER = r"(?<![\w/:-])(?<!model )(?<!model ['\"`])%s(?![\w/-]|\.\d)"
"""The name of a parameter in a sentence, not that of a model which is called so (`any/seed-36b`)."""
_NAMES: dict[str, re.Pattern[str]] = {
    "response_format": compiled_later(
        r"response[_ ]?(?:format|schema)|json[_ -]?(?:schema|mode|object)|structured|guided|grammar|\bschema\b",
        re.IGNORECASE,
    ),
    "max_tokens": compiled_later(r"max_completion_tokens"),
    "max_completion_tokens": compiled_later(r"max_completion_tokens"),
    **{name: compiled_later(_AS_PARAMETER % name, re.IGNORECASE) for name in ("seed", "temperature")},
}
_NOT_BOTH = _PARTS.pattern("NOT_BOTH", re.IGNORECASE)
_VALUE = compiled_later(r"too (large|long|many|high)|at most|maximum|exceed|less than|context", re.IGNORECASE)


def named_as_parameter(name: str, message: str) -> bool:
    """Whether a sentence names a parameter, not a model that is called so."""
    return re.search(_AS_PARAMETER % name, message) is not None


def objection(
    message: str,
    payload: Mapping[str, Any],
    chosen: Collection[str],
    named: Collection[str] = (),
    dropped: Collection[str] = (),
) -> str | None:
    """What a refusal objects to and may be left out: a parameter of the payload, or `system`; `stream` for an endpoint
    that answers in a stream alone.

    `chosen` are the recipe's own parameters, `named` those that fields of the refusal's body name, `dropped` what was
    left out already. A limit on tokens is left out only where its name is refused, not its value. Of `temperature` and
    `top_p`, which some take one of, the second is left out.
    """
    pair = ("top_p", "temperature")
    if _NOT_BOTH.search(message) and all(name in payload and named_as_parameter(name, message) for name in pair):
        return next((name for name in pair if name not in chosen and name not in dropped), None)
    for name in OPTIONAL:
        if name not in payload or name in chosen or name in dropped:
            continue
        if name in RENAMED and RENAMED[name] in chosen:
            continue
        if name == "max_completion_tokens" and "max_tokens" not in dropped:
            continue
        if name in named and not (name in ("max_tokens", "max_completion_tokens") and _VALUE.search(message)):
            return name
        if name in _NAMES and _NAMES[name].search(message):
            return name
        minded = message.partition("expected one of")[0]
        if named_as_parameter(name, minded) and UNKNOWN.search(minded) and not _VALUE.search(message):
            return name
    if STREAM not in (*payload, *dropped, *chosen) and ONLY_STREAM.search(message):
        return STREAM
    messages = payload.get("messages") or ()
    if SYSTEM not in dropped and any(item["role"] == SYSTEM for item in messages):
        in_messages = any(name.startswith("messages") for name in named) and not _VALUE.search(message)
        objects = NO_SYSTEM.search(message) or in_messages
        return SYSTEM if objects else None
    return None


def amended(payload: dict[str, Any], dropped: Collection[str]) -> dict[str, Any]:
    """The payload without what is dropped; `max_tokens` is renamed first, a system text goes into a question, and a
    stream is asked for."""
    if not dropped:
        return payload
    found = {name: value for name, value in payload.items() if name not in dropped}
    found |= STREAMED if STREAM in dropped else {}
    for name, other in RENAMED.items():
        if name in dropped and name in payload and other not in dropped:
            found.setdefault(other, payload[name])
    if SYSTEM in dropped and "messages" in found:
        found["messages"] = merged(found["messages"])
    return found


def merged(messages: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """The messages with the system texts before the first question."""
    system = "\n\n".join(item["content"] for item in messages if item["role"] == SYSTEM)
    others = [dict(item) for item in messages if item["role"] != SYSTEM]
    if not system:
        return others
    if not others or others[0]["role"] != "user":
        return [{"role": "user", "content": system}, *others]
    return [{**others[0], "content": f"{system}\n\n{others[0]['content']}"}, *others[1:]]


NOTES = {
    "max_tokens": "takes max_completion_tokens instead of max_tokens; sent so from now on",
    STREAM: "answers in a stream alone, and is asked for one from now on",
    SYSTEM: "takes no system message; its text stands in the first user message from now on",
}


def note(name: str, label: str) -> str:
    """What the user is told, once a model."""
    said = f"does not take {name}; the request went again without it, as all later ones do"
    return f"{label} {NOTES.get(name, said)}"
