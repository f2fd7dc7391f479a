"""What can be said of a recipe's local models before they are loaded: whether they are there at all, and where from."""

from __future__ import annotations

from pathlib import Path

from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import MissingExtra, UsageError
from datagen_cli.pipeline.connect import roles

LOCAL = "local/"


def local_names(recipe: Recipe) -> list[str]:
    """What follows `local/` in the names of the models that a run would ask."""
    names = {model.name for role in roles(recipe) for model in recipe.models[role]}
    return sorted(name.removeprefix(LOCAL) for name in names if name.startswith(LOCAL))


def check_local_models(recipe: Recipe, *, to_run: bool = True) -> None:
    """Raises `UsageError` for a path that holds no model and a model without a chat template in a role that chats; with
    `to_run` also for a device that is not there. `MissingExtra` without what runs models. Loads no weights."""
    for role in roles(recipe):
        for model in recipe.models[role]:
            if not model.name.startswith(LOCAL):
                continue
            from datagen_cli.llm.local.weights import check_device, check_model

            if to_run:
                check_device(model.device)
            facts = check_model(model.name.removeprefix(LOCAL))
            sampled = role == "generator" and recipe.options.sampling.correlated is not None
            if facts.has_chat_template is False and not sampled:
                raise UsageError(
                    f"model {model.name}: has no chat template, so it cannot be the {role}",
                    hint="name a model that was trained to chat; a generator without one goes with sampling.correlated",
                )


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
