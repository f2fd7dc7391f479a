"""What an endpoint turns out not to take: the request goes again without it, or with another name for it.

A 400 or 422 that names a parameter which we chose to send (not one that the recipe set) is no reason to give up the
request. Pure functions; the client remembers what helped, and says it once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

_NAMES: dict[str, re.Pattern[str]] = {
    "response_format": re.compile(r"response_?format|json_?schema|structured|guided|grammar", re.IGNORECASE),
    "max_tokens": re.compile(r"max_completion_tokens"),
    "seed": re.compile(r"\bseed\b", re.IGNORECASE),
    "temperature": re.compile(r"\btemperature\b", re.IGNORECASE),
}


def objection(message: str, payload: Mapping[str, Any], chosen: Collection[str]) -> str | None:
    """The parameter of the payload that a refusal names and that may be left out; `chosen` are those of the recipe.

    `max_tokens` counts as named when the endpoint wants `max_completion_tokens` instead.
    """
    for name, pattern in _NAMES.items():
        if name in payload and name not in chosen and pattern.search(message):
            return name
    return None


def amended(payload: dict[str, Any], dropped: Collection[str]) -> dict[str, Any]:
    """The payload without the dropped parameters; `max_tokens` is renamed, never dropped."""
    if not dropped:
        return payload
    found = {name: value for name, value in payload.items() if name not in dropped}
    if "max_tokens" in dropped and "max_tokens" in payload:
        found.setdefault("max_completion_tokens", payload["max_tokens"])
    return found


def note(name: str, label: str) -> str:
    """What the user is told, once a model."""
    if name == "max_tokens":
        return f"{label} takes max_completion_tokens instead of max_tokens; sent so from now on"
    return f"{label} does not take {name}; the request went again without it, as all later ones do"
