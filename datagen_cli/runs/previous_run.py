"""What an earlier run in the same folder means for this one: whose folder it is, and how far its judging went."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.llm.cache import FILE

_DIGEST = re.compile(r"[0-9a-f]{8,64}")


def lasting(recipe: Recipe) -> dict[str, Any]:
    """The recipe as written, without the limits, which change how a run goes and never what it writes, and without the
    places of its files: what they hold is in the fingerprints of the stages."""
    found = {name: part for name, part in recipe.source.items() if name not in ("limits", "prompts")}
    for name, places in (("base", ("path",)), ("dedup", ("against",))):
        if isinstance(part := found.get(name), dict):
            found[name] = {key: value for key, value in part.items() if key not in places}
    return {**found, "attempts": recipe.options.limits.attempts_per_record}


def recipe_place(recipe: Recipe) -> str:
    """Where a recipe was read from, for people: a shipped name, or its file."""
    if recipe.file.startswith("shipped:"):
        return recipe.file
    if recipe.file == "-":
        return f"-:{recipe.options.name}"
    return str(Path(recipe.folder) / Path(recipe.file).name)


def cohorts(before: Mapping[str, Any], count: int) -> list[int]:
    """Ends of the cohorts in which a run of `count` slots is judged, given the `run.json` of the folder.

    A finished run keeps what it accepted: a larger count adds a cohort, a smaller one shows the first of its records.
    """
    ends = before.get("cohorts")
    if not isinstance(ends, list) or not _are_ends(ends):
        return [count]
    if before.get("state") in ("done", "short"):
        return ends if count <= ends[-1] else [*ends, count]
    return [end for end in ends[:-1] if end < count] + [count]


def _are_ends(ends: list[Any]) -> bool:
    """Whether these may be the ends of cohorts: whole numbers that grow."""
    if not ends or any(type(end) is not int for end in ends):
        return False
    return ends[0] > 0 and all(one < other for one, other in pairwise(ends))


def refuse_other_recipe(folder: Path, before: Mapping[str, Any], name: str) -> None:
    """Raises `UsageError` when a folder's `run.json`, `before`, is of a recipe of another name."""
    recipe = before.get("recipe")
    there = recipe.get("name") if isinstance(recipe, dict) else None
    if not isinstance(recipe, dict) or there is None or there == name:
        return
    cache = folder / FILE
    free = f", with --cache {cache} so that no reply is paid for again" if cache.exists() else ""
    raise UsageError(
        f"this folder belongs to the recipe {there} ({recipe.get('file')})",
        hint=f"choose another folder with -o{free}; or --fresh to move the old run aside",
        place=Place(str(folder)),
    )


def tag_of(before: Mapping[str, Any]) -> str:
    """Names the folder that an earlier run is moved to, by its recipe's digest.

    A `run.json` of somebody else may hold anything there: what is no digest names no folder, and the time does.
    """
    recipe = before.get("recipe")
    found = recipe.get("digest") if isinstance(recipe, dict) else None
    digest = found if isinstance(found, str) and _DIGEST.fullmatch(found) else f"{time.time_ns():x}"
    return digest[:12]


def other_model(before: Mapping[str, Any], models: Mapping[str, Any], now: Iterable[str]) -> str:
    """What to say when an endpoint names another model than in the last run although the recipe names the same ones."""
    then = set(before.get("model_ids", ()))
    new = sorted(set(now) - then)
    if not (then and new and before.get("models") == models):
        return ""
    return (
        f"the model that answers is called {', '.join(new)}; in the last run {', '.join(sorted(then))}:"
        " if it is another one, give it an `identity` in the recipe, or use another folder"
    )
