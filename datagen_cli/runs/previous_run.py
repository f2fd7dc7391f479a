"""What an earlier run in the same folder means for this one: whose folder it is, and how far its judging went."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datagen_cli.config.recipe import Recipe

_DIGEST = re.compile(r"[0-9a-f]{8,64}")


def lasting(recipe: Recipe) -> dict[str, Any]:
    """The recipe as written, without the limits that change how a run goes and never what it writes."""
    found = {name: part for name, part in recipe.source.items() if name != "limits"}
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
    ends = [int(end) for end in before.get("cohorts", ())]
    if not ends:
        return [count]
    if before.get("state") in ("done", "short"):
        return ends if count <= ends[-1] else [*ends, count]
    return [end for end in ends[:-1] if end < count] + [count]


def tag_of(before: Mapping[str, Any]) -> str:
    """Names the folder that an earlier run is moved to, by its recipe's digest.

    A `run.json` of somebody else may hold anything there: what is no digest names no folder, and the time does.
    """
    recipe = before.get("recipe")
    found = recipe.get("digest") if isinstance(recipe, dict) else None
    digest = found if isinstance(found, str) and _DIGEST.fullmatch(found) else f"{time.time_ns():x}"
    return digest[:12]
