"""JSON that somebody else wrote, in whatever form and however deep: nothing here raises. Pure functions."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

DEEPEST = 6
MOST_ITEMS = 20
"""Entries of a list that `items` looks at."""
_SPACE = re.compile(r"\s*")


def loaded(text: str | bytes) -> Any:
    """The value that a text of JSON is; None for any other text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def within(text: str) -> Any:
    """The object or list that a text holds, as gateways put one answer into another; None for words."""
    return loaded(text) if text[:1] in ("{", "[") else None


def values_in(text: str, most: float = math.inf) -> tuple[list[Any], str]:
    """JSON values one after the other, at most so many, and what follows."""
    values: list[Any] = []
    at, decoder = len(text) - len(text.lstrip()), json.JSONDecoder(strict=False)
    with suppress(ValueError, RecursionError):
        while len(values) < most:
            value, at = decoder.raw_decode(text, at)
            values.append(value)
            at = _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
    return values, text[at:]


def inside(value: Any, *names: str) -> Any:
    """What lies below these keys; None where there is nothing."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def items(value: Any, depth: int = DEEPEST) -> Iterator[tuple[str, Any]]:
    """Names and values of all objects in a value, those in texts of JSON among them, outermost first."""
    value = within(value) if isinstance(value, str) else value
    if depth == 0:
        return
    if isinstance(value, Mapping):
        yield from ((str(name), item) for name, item in value.items())
    inner = value.values() if isinstance(value, Mapping) else value[:MOST_ITEMS] if isinstance(value, list) else ()
    for item in inner:
        yield from items(item, depth - 1)
