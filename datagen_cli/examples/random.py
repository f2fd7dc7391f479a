"""Few-shot examples drawn at random from the base, seeded by their place in the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from datagen_cli.core.digest import rng


class Random:
    """Different rows of the base, at random.

    `k` rows for one attempt at one slot, a function of the seed and the place.
    `labels` (one per row, or empty) balances the draw: as many rows of each label as k allows, in shuffled order.
    A base with fewer than k rows gives all of them.
    """

    needs_vectors: ClassVar[bool] = False

    def __init__(self, *, seed: int, rows: int, k: int, labels: Sequence[Any] = ()) -> None:
        self._seed = seed
        self._rows = rows
        self._k = min(k, rows)
        self._groups = _group(labels)

    def draw(self, slot: int, attempt: int) -> tuple[int, ...]:
        """Indices of base rows, in the order in which the prompt shows them."""
        source = rng(self._seed, "examples", slot, attempt)
        if len(self._groups) < 2:
            return tuple(source.sample(range(self._rows), self._k))
        chosen: list[int] = []
        pools = [source.sample(group, min(self._k, len(group))) for group in self._groups]
        source.shuffle(pools)
        while len(chosen) < self._k:
            for pool in pools:
                if pool and len(chosen) < self._k:
                    chosen.append(pool.pop())
        source.shuffle(chosen)
        return tuple(chosen)


def _group(labels: Sequence[Any]) -> list[list[int]]:
    """Row indices by label, labels in the order of their first row."""
    groups: dict[Any, list[int]] = {}
    for index, label in enumerate(labels):
        groups.setdefault(label, []).append(index)
    return list(groups.values())
