"""What is made of a recipe and its base, each error with its line; and all that is wrong with a recipe.

The examples that a recipe writes itself (`examples: {inline: [...]}`) are checked like rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from datagen_cli.config.checks import Check
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import Problems, RecipeError, UsageError
from datagen_cli.core.fields import About, FieldSpec, WrongType
from datagen_cli.core.registry import suggest
from datagen_cli.pipeline.checks import bind
from datagen_cli.pipeline.dedup_reference import OWN
from datagen_cli.pipeline.shown import is_safe
from datagen_cli.prompts.compose import Composer
from datagen_cli.prompts.given import Method
from datagen_cli.prompts.parse import read_record
from datagen_cli.sources.named import read_named
from datagen_cli.sources.open import BaseRows, read_base


def read_rows(recipe: Recipe) -> BaseRows:
    try:
        return read_base(recipe.options)
    except RecipeError as error:
        where = error.message.partition(": ")[0]
        raise RecipeError(error.message, hint=error.hint, place=error.place or recipe.place(where)) from error


def composer_of(recipe: Recipe, about: About, base: BaseRows) -> Composer:
    options = recipe.options
    structured = {model.structured for model in recipe.models["generator"]}
    return Composer(
        description=about.description,
        specs=about.specs,
        label_field=about.label_field,
        meanings=about.meanings,
        constraints=about.constraints,
        system=options.prompts.system,
        generate=None if options.sampling.correlated else options.prompts.generate,
        plain="json" not in structured,
        answer_form=options.format,
        method=Method(options.method, dict(base.rows) if options.method != "instance" else {}),
        **values_of(recipe, base),
    )


def values_of(recipe: Recipe, base: BaseRows) -> dict[str, Any]:
    """What a composer is told of values: what attributes' mean, and which were written by the authors of the base."""
    label, attributes = recipe.options.label, recipe.options.attributes
    return {
        "value_notes": {name: one.values or {} for name, one in attributes.items()},
        "foreign_labels": bool(base.rows) and (label.values if label else None) is None,
        "foreign_attributes": frozenset(name for name, one in attributes.items() if one.values is None),
    }


def tell_all(recipe: Recipe) -> None:
    """Raises what stands in the way of building a recipe, all of it together: a base that cannot be read, and every
    check, example, file and template that cannot be used."""
    problems = Problems()
    base: BaseRows | None = None
    with problems:
        base = read_rows(recipe)
    bases = [base] if base is not None else _guessed(recipe)
    for attempt in _attempts(recipe) if bases else ():
        with problems:
            _try_each(bases, attempt)
    problems.tell()


def _attempts(recipe: Recipe) -> Iterator[Callable[[BaseRows], Any]]:
    """What is made of a recipe with its base, each for itself."""

    def about(base: BaseRows) -> About:
        return About(recipe.options.description, base.specs)

    def bound(check: Check) -> Callable[[BaseRows], Any]:
        return lambda base: bind(check, {spec.name: spec for spec in base.specs}, about(base), recipe)

    def named(pattern: str) -> Callable[[BaseRows], Any]:
        return lambda base: read_named(pattern, base.specs, base.readers)

    yield from map(bound, recipe.checks)
    yield lambda base: read_inline(recipe, base.specs, ())
    against = recipe.options.dedup.against if recipe.options.dedup else ()
    yield from (named(pattern) for pattern in against if pattern not in OWN)
    yield lambda base: composer_of(recipe, about(base), base)


def _guessed(recipe: Recipe) -> list[BaseRows]:
    """A recipe's fields without its base, once for every type that those of unknown type may have."""
    fields = recipe.options.fields
    if fields is None:
        return []
    specs = [FieldSpec(name=name, type=given.type or "", keep=given.keep) for name, given in fields.items()]
    kinds = ("text", "number", "list", "boolean", "label")
    return [BaseRows(tuple(replace(spec, type=spec.type or kind) for spec in specs)) for kind in kinds]


def _try_each(bases: Sequence[BaseRows], attempt: Callable[[BaseRows], Any]) -> None:
    """Raises the error of the first base when the attempt fails with all of them."""
    first: UsageError | None = None
    for base in bases:
        try:
            attempt(base)
            return
        except UsageError as error:
            first = first or error
    if first is not None:
        raise first


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
