"""The checks of a recipe made ready: bound to its fields, shown the rows that they learn from, and what they allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.config.checks import Check
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.pipeline.connect import simulated
from datagen_cli.sources.named import NamedRows, read_named
from datagen_cli.sources.open import BaseRows
from datagen_cli.stages.generate import Allowed
from datagen_cli.stages.validate import BoundCheck

TAKEN = {
    "text": ("minLength", "enum", "const"),
    "number": ("minimum", "maximum", "enum", "const"),
    "list": ("minItems", "maxItems"),
}
"""By the type of a field, what a model can be held to while it writes."""
MOST = 2_000
"""The largest least size of a list or text that is asked for: grammars of local servers take no larger one."""


def bind(check: Check, specs: Mapping[str, FieldSpec], about: About, recipe: Recipe) -> Any:
    """A check bound to the fields of a recipe. Raises `RecipeError` with its line."""
    made: Any = check.facts
    try:
        return made(check.options, specs, about) if made.roles else made(check.options, specs)
    except RecipeError as error:
        message = error.message if error.message.startswith(check.where) else f"{check.where}: {error.message}"
        raise RecipeError(message, hint=error.hint, place=error.place or recipe.place(check.where)) from error


def bound_check(check: Check, made: Any) -> BoundCheck:
    """A check as the validation stage runs it: a pure constraint, or something that asks."""
    pure = not hasattr(made, "verify")
    return BoundCheck(
        check.name,
        check.on_fail,
        check.on_unknown,
        constraint=made if pure else None,
        validator=None if pure else made,
        mends=made.mends,
        rewrites=made.rewrites,
    )


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


def allowed_by(checks: Sequence[BoundCheck], specs: Sequence[FieldSpec]) -> Allowed:
    """What the checks that reject records allow; those with `on_fail: keep` do not count."""
    strict: list[Any] = [check.constraint or check.validator for check in checks if check.on_fail != "keep"]
    types = {spec.name: spec.type for spec in specs}
    bounds: dict[str, dict[str, Any]] = {}
    most: dict[str, int] = {}
    for made in strict:
        for name, part in made.json_bounds().items():
            taken = TAKEN.get(types.get(name, ""), ())
            large = {key for key, value in part.items() if key.endswith(("Length", "Items")) and value > MOST}
            held = {key: value for key, value in part.items() if key in taken and key not in large}
            if held:
                bounds[name] = _both(bounds.get(name, {}), held)
        for name, tokens in made.most_tokens().items():
            most[name] = min(tokens, most.get(name, tokens))

    def outgrown(fields: Mapping[str, Any]) -> bool:
        return any(made.outgrown(fields) for made in strict)

    return Allowed(bounds, most, outgrown)


def _both(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Bounds that hold where both do; the later `enum` stands for both."""
    found = {**first, **second}
    for key in first.keys() & second.keys():
        if key.startswith("m"):
            found[key] = max(first[key], second[key]) if key.startswith("min") else min(first[key], second[key])
    return found
