"""What checks get before a run: the rows they learn from, and the order to contact nobody in a simulated one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datagen_cli.config.checks import Check
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import RecipeError
from datagen_cli.pipeline.connect import simulated
from datagen_cli.sources.named import NamedRows, read_named
from datagen_cli.sources.open import BaseRows


def make_ready(validators: Sequence[tuple[Check, Any]], recipe: Recipe, base: BaseRows) -> None:
    """Shows the base's rows to every check that learns; where a role is simulated, checks that look up stay home."""
    at_home = simulated(recipe)
    own = [row for _, row in base.rows]
    for check, made in validators:
        if at_home and check.facts.hosts(check.options):
            made.stay_home()
        if not made.learns:
            continue
        file = check.facts.trained_on(check.options)
        try:
            made.learn([row for rows in read_files(file, base) for _, row in rows.rows] if file else own)
        except RecipeError as error:
            where = f"{check.where}: {error.message}"
            raise RecipeError(where, hint=error.hint, place=recipe.place(check.where)) from error


def read_files(file: str, base: BaseRows) -> list[NamedRows]:
    """The rows of the files that a check learns from."""
    return read_named(file, base.specs, base.readers)


def files_learned(checks: Sequence[Check], base: BaseRows) -> list[str]:
    """Digests of the files that checks learn from, part of the fingerprint of the stage that checks."""
    files = [check.facts.trained_on(check.options) for check in checks]
    return [rows.digest for file in files if file for rows in read_files(file, base)]
