"""What a recipe may say already but this version cannot run."""

from __future__ import annotations

from collections.abc import Iterator

from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import RecipeError


def unbuilt(recipe: Recipe) -> Iterator[RecipeError]:
    """An error for every part of the recipe that only later versions will run."""
    for where, what in _later(recipe):
        yield RecipeError(
            f"{where}: this version of datagen does not have {what} yet",
            hint="the recipe itself is valid; remove this part to run it today",
            place=recipe.place(where),
        )


def _later(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """(path, what) of such a part."""
    for check in recipe.checks:
        if not check.facts.built:
            yield check.where, f"the check {check.type}"


def refuse_mixed(recipe: Recipe) -> None:
    """Simulated and real records never share a dataset."""
    generators = {model.provider.simulated for model in recipe.models["generator"]}
    if len(generators) > 1:
        raise RecipeError(
            "models.generator: offline and a real model cannot write one dataset",
            hint="simulated and real rows never share a dataset: name one kind only",
            place=recipe.place("models.generator"),
        )
