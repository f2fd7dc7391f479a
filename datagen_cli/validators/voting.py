"""Majorities among independent answers, with no more draws than it takes to be certain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Same = Callable[[str, str], bool]
T = TypeVar("T")


def votes(values: Sequence[str | None], same: Same) -> list[tuple[str, int]]:
    """Groups of equal answers with their sizes, largest first, ties in order of appearance; None is no answer."""
    groups: list[tuple[str, int]] = []
    for value in values:
        if value is None:
            continue
        for index, (known, count) in enumerate(groups):
            if same(known, value):
                groups[index] = (known, count + 1)
                break
        else:
            groups.append((value, 1))
    return sorted(groups, key=lambda group: -group[1])


def majority(values: Sequence[str | None], draws: int, same: Same) -> str | None:
    """The answer of more than half of all `draws`, or None."""
    groups = votes(values, same)
    return groups[0][0] if groups and 2 * groups[0][1] > draws else None


def undecided(values: Sequence[str | None], draws: int, same: Same) -> int:
    """How many more draws are worth asking for at once: 0 when a majority stands or can no longer come about."""
    groups = votes(values, same)
    largest = groups[0][1] if groups else 0
    needed = draws // 2 + 1 - largest
    left = draws - len(values)
    return 0 if needed <= 0 or needed > left else needed


async def drawn(ask: Callable[[int], Awaitable[T]], said: Callable[[T], str | None], draws: int, same: Same) -> list[T]:
    """What `ask(k)` gives for k from 0 on, until the majority of what is `said` in all `draws` is certain."""
    found: list[T] = []
    while len(found) < draws and (needed := undecided([said(one) for one in found], draws, same)):
        found += await asyncio.gather(*map(ask, range(len(found), min(len(found) + needed, draws))))
    return found
