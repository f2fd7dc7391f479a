"""A conversation as a value: a list of turns, as chat APIs (`role`, `content`) and ShareGPT (`from`, `value`) write
them."""

from __future__ import annotations

from typing import Any

_KEYS = (("role", "content"), ("from", "value"))
_ROLES = {"human": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant"}


def turns_of(value: Any) -> list[tuple[str, Any]]:
    """Who says what, by the names of chat APIs (`user`, `assistant`, `system`); empty for what is no conversation."""
    for role, said in _KEYS:
        if (
            isinstance(value, list)
            and value
            and all(isinstance(turn, dict) and {role, said} <= {*turn} for turn in value)
        ):
            return [(_ROLES.get(str(turn[role]), str(turn[role])), turn[said]) for turn in value]
    return []
