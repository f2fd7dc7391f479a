"""What lies inside a value of a row: objects as columns of their own, named by their path, and conversations.

`{"data": {"text": …}}` has a column `data.text`. A conversation is a list of turns, as chat APIs (`role`, `content`)
and ShareGPT (`from`, `value`) write them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST_KEYS, DEEPEST = 20, 4
_KEYS = (("role", "content"), ("from", "value"))
_ROLES = {"human": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant"}


def unfolded(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without objects inside; one of many keys, or none, stays as it is, as do those that lie deep."""
    if not any(isinstance(value, dict) for value in row.values()):
        return dict(row)
    return dict(_leaves(row, "", 0))


def _leaves(row: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict) and 0 < len(value) <= MOST_KEYS and depth < DEEPEST:
            yield from _leaves(value, f"{path}{name}.", depth + 1)
        else:
            yield f"{path}{name}", value


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
