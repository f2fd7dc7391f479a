"""Objects inside a row as columns of its own, named by their path: `{"data": {"text": …}}` has a column `data.text`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST_KEYS, DEEPEST = 20, 4


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
