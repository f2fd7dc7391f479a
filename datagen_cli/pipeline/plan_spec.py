"""What the plan of a recipe depends on: labels with their shares, attributes with their values, pins, and clusters.

With steering (`cover: true`) quota moves to the values and clusters that the base covers least. A value, or a cluster
of the base, that a share s of the base's rows has gets the weight 1 / (s + 1/K) among K of them: equal shares leave
the quota even, and what no row has weighs K + 1 times as much as what all rows have. The weights depend on the base
alone, so that a larger count goes on with the same plan. Values that a recipe weighs itself keep their weights. A row
has a value when it has all of the value's words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import joined_text
from datagen_cli.sources.open import BaseRows
from datagen_cli.stages.plan import AttributePlan, PlanSpec
from datagen_cli.text.tokens import words


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


def plan_spec(recipe: Recipe, base: BaseRows, found: Mapping[str, Sequence[str]] | None = None) -> PlanSpec:
    """The plan; values that are neither the recipe's nor `found` have numbers in their place.

    Raises `RecipeError` for more pins than records.
    """
    options = recipe.options
    labels = tuple(base.label.shares) if base.label and base.label.shares else ()
    rows = rows_as_words(base) if options.cover and options.attributes else []
    attributes = []
    for name, attribute in options.attributes.items():
        known = attribute.values or (found or {}).get(name)
        values = tuple(known or (f"{name} {number + 1}" for number in range(attribute.wanted)))
        given: Sequence[float] | None = attribute.weights or attribute.counts
        weights = given or (weights_of(shares_in(rows, values)) if options.cover else [1.0] * len(values))
        when = {key: tuple(values) for key, values in (attribute.when or {}).items()}
        attributes.append(AttributePlan(name, values, tuple(map(float, weights)), when))
    if len(options.pin) > options.count:
        raise RecipeError(
            f"pin: {len(options.pin)} combinations do not fit into {options.count} records",
            hint="raise count or pin fewer",
            place=recipe.place("pin"),
        )
    return PlanSpec(options.name, options.seed, labels, tuple(attributes), tuple(options.pin))
