"""What the plan of a recipe depends on: labels with their shares, attributes with their values, and pins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import RecipeError
from datagen_cli.pipeline.cover import rows_as_words, shares_in, weights_of
from datagen_cli.sources.open import BaseRows
from datagen_cli.stages.plan import AttributePlan, PlanSpec


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
