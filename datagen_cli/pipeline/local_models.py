"""What can be said of a recipe's local models before they are loaded: whether they are there at all, and where from."""

from __future__ import annotations

from pathlib import Path

from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import MissingExtra
from datagen_cli.pipeline.connect import roles

LOCAL = "local/"


def local_names(recipe: Recipe) -> list[str]:
    """What follows `local/` in the names of the models that a run would ask."""
    names = {model.name for role in roles(recipe) for model in recipe.models[role]}
    return sorted(name.removeprefix(LOCAL) for name in names if name.startswith(LOCAL))


def check_local_models(recipe: Recipe) -> None:
    """Raises `UsageError` for a path that holds no model, `MissingExtra` without what runs one. Loads no weights."""
    from datagen_cli.llm.local.weights import check_model

    for name in local_names(recipe):
        check_model(name)


def to_be_fetched(recipe: Recipe) -> bool:
    """Whether weights would come from the hub. Raises `UsageError` for a path that holds no model."""
    from datagen_cli.llm.local.weights import check_model

    for name in local_names(recipe):
        try:
            if check_model(name).folder is None:
                return True
        except MissingExtra:
            if not Path(name).exists():
                return True
    return False
