"""The examples that a recipe writes itself (`examples: {inline: [...]}`), checked like rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.config.checks import Check
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec, WrongType
from datagen_cli.core.registry import suggest
from datagen_cli.pipeline.shown import is_safe
from datagen_cli.prompts.parse import read_record


def read_inline(
    recipe: Recipe, specs: Sequence[FieldSpec], constraints: Sequence[tuple[Check, Any]]
) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """(name, fields) of every inline example. Raises `RecipeError` for one that the recipe itself would turn away."""
    options = recipe.options.examples
    found = []
    for number, written in enumerate(options.inline or () if options else ()):
        where = f"examples.inline[{number}]"
        unknown = [name for name in written if name not in {spec.name for spec in specs}]
        problem = f"there is no field {unknown[0]!r}" if unknown else ""
        hint = suggest(unknown[0], [spec.name for spec in specs]) if unknown else "an example is a record of the recipe"
        row: dict[str, Any] = {}
        if not problem:
            try:
                row = read_record(written, specs)
            except WrongType as error:
                problem = str(error)
        broken = [made.check(row) for check, made in constraints if row and not check.facts.roles]
        problem = problem or next((verdict.detail for verdict in broken if verdict.outcome == "fail"), "")
        if not problem and not is_safe("\n".join(value for value in row.values() if isinstance(value, str))):
            problem = "it holds what no example may: an instruction, a secret or an address"
        if problem:
            raise RecipeError(f"{where}: {problem}", hint=hint, place=recipe.place(where))
        found.append((f"example {number + 1}", row))
    return tuple(found)
