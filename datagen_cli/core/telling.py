"""Long loops that say how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
EVERY = 256


def telling(items: Iterable[T], tell: Callable[[int], None]) -> Iterator[T]:
    """The items; before the first and after each `EVERY` of them, `tell` is told how many have been handed out."""
    for done, item in enumerate(items):
        if done % EVERY == 0:
            tell(done)
        yield item
