"""Steering (`cover: true`): quota moves to the values and clusters that the base covers least.

A value, or a cluster of the base, that a share s of the base's rows has gets the weight 1 / (s + 1/K) among K of them:
equal shares leave the quota even, and what no row has weighs K + 1 times as much as what all rows have. The weights
depend on the base alone, so that a larger count goes on with the same plan. Values that a recipe weighs itself keep
their weights. A row has a value when it has all of the value's words.

`Coverage` counts what came of it: planned slots and accepted records by value and by cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datagen_cli.config.recipe import Recipe
from datagen_cli.core.fields import joined_text
from datagen_cli.core.record import Slot
from datagen_cli.sources.open import BaseRows
from datagen_cli.text.tokens import words

CLUSTERS = "clusters of the base"


def weights_of(shares: Sequence[float]) -> tuple[float, ...]:
    """The weights of values that hold these shares of the base."""
    return tuple(1.0 / (share + 1.0 / len(shares)) for share in shares)


def rows_as_words(base: BaseRows) -> list[set[str]]:
    """The words of every row of the base."""
    names = [spec.name for spec in base.specs]
    return [set(words(joined_text(row, names).casefold())) for _, row in base.rows]


def shares_in(rows: Sequence[set[str]], values: Sequence[str]) -> list[float]:
    """The share of the rows, each given by its words, that hold each value; 0 without rows."""
    wanted = [set(words(value.casefold())) for value in values]
    return [sum(one <= row for row in rows) / max(1, len(rows)) for one in wanted]


def steered_clusters(recipe: Recipe, base: BaseRows, embedder: Any, text: Any) -> tuple[tuple[int, ...], ...]:
    """The places of the base's rows by cluster, noise with the nearest; empty where no clusters are to be covered."""
    options, examples = recipe.options, recipe.examples
    by_clusters = examples is not None and examples.by_vectors and not examples.inline
    if not (options.cover and by_clusters and options.method == "instance" and base.rows):
        return ()
    from datagen_cli.examples.grouping import group_rows

    vectors = embedder.encode([text(row) for _, row in base.rows])
    found = group_rows(vectors, 2, seed=options.seed)
    return tuple((*rows, *found.near(group)) for group, rows in enumerate(found.groups))


class Coverage:
    """Counts slots: `table` is `{attribute: {value: {"planned": n, "accepted": n}}}`, clusters under `CLUSTERS`."""

    def __init__(self) -> None:
        self.table: dict[str, dict[str, dict[str, int]]] = {}

    def count(self, slot: Slot, *, accepted: bool) -> None:
        """Adds one slot."""
        cluster = {} if slot.cluster is None else {CLUSTERS: f"cluster {slot.cluster + 1}"}
        for name, value in {**slot.attributes, **cluster}.items():
            if value is not None:
                counts = self.table.setdefault(name, {}).setdefault(value, {"planned": 0, "accepted": 0})
                counts["planned"] += 1
                counts["accepted"] += accepted
