"""From `difficulty` in a recipe to operators: on which fields they work, and who measures."""

from __future__ import annotations

from typing import Any

from datagen_cli.config.recipe import Recipe
from datagen_cli.core.digest import digest
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.sources.open import BaseRows
from datagen_cli.stages.enhance import ON_CHOICES, Operators, Solver


def operators_of(recipe: Recipe, base: BaseRows, about: About) -> Operators | None:
    """The operators of a recipe, None without any.

    Raises `RecipeError` for operators on choices where no list is written, for a text that the base gives, and for
    `measure` where no check says what the question and the answer are.
    """
    options = recipe.options.difficulty
    if options is None or not options.share:
        return None
    asked = {spec.name: spec for spec in about.asked}
    named = _named(recipe)
    text = named.get("question") or next((name for name, spec in asked.items() if spec.type == "text"), "")
    lists = [name for name, spec in asked.items() if spec.type == "list"]
    pointed = base.pointer.choices if base.pointer is not None else ""
    choices = named.get("choices") or pointed or (lists[0] if lists else "")
    if text not in asked:
        place, hint = recipe.place("difficulty"), "operators work on a text that the model writes"
        raise RecipeError("difficulty: there is no text to make harder", hint=hint, place=place)
    if choices not in asked and (wrong := next((name for name in options.operators if name in ON_CHOICES), "")):
        hint = "leave it out, or have the model write a list field with the choices"
        raise RecipeError(
            f"difficulty.operators: {wrong} needs choices", hint=hint, place=recipe.place("difficulty.operators")
        )
    moves = tuple(name for name, spec in asked.items() if _may_move(spec, text, named))
    solver = _solver(recipe, base, about, named) if options.measure else None
    return Operators(
        recipe.options.seed, options.share, tuple(options.operators), text, choices, moves, base.pointer, solver
    )


def identity(recipe: Recipe, operators: Operators | None, identities: Any) -> list[Any]:
    """What the outcome of the operators depends on beside the checks."""
    if operators is None or recipe.options.difficulty is None:
        return []
    from datagen_cli.prompts.checking import HARDER
    from datagen_cli.prompts.wording import OPERATORS
    from datagen_cli.validators.solve import Solve

    told = [recipe.options.difficulty.identity(), HARDER.digest, digest(OPERATORS), recipe.options.seed]
    measured = [identities["solver"], Solve.prompts.digest] if operators.solver is not None else []
    return [*told, operators.text, operators.choices, list(operators.moves), *measured]


def _named(recipe: Recipe) -> dict[str, str]:
    """The fields that the first check which finds answers calls question, answer and choices."""
    for check in recipe.validators:
        if check.facts.finds_answers and getattr(check.options, "question", None):
            found = {name: getattr(check.options, name, None) for name in ("question", "answer", "choices")}
            return {name: field for name, field in found.items() if field}
    return {}


def _may_move(spec: FieldSpec, text: str, named: dict[str, str]) -> bool:
    """Whether one more step may change a field: the text, its answer, and texts beside them, such as the steps."""
    if spec.type == "list":
        return False
    return spec.name == text or spec.name == named.get("answer") or (spec.type == "text" and "choices" not in named)


def _solver(recipe: Recipe, base: BaseRows, about: About, named: dict[str, str]) -> Solver:
    from datagen_cli.validators.solve import Solve, SolveOptions

    options = recipe.options.difficulty
    assert options is not None and options.measure is not None
    if "answer" not in named:
        place = recipe.place("difficulty.measure")
        hint = "add a solve or code check, which names them"
        raise RecipeError("difficulty.measure: nothing says which field is the answer", hint=hint, place=place)
    asked = SolveOptions.model_validate({**named, "attempts": options.measure.attempts})
    solver = Solve(asked, {spec.name: spec for spec in base.specs}, about)
    solver.learn([row for _, row in base.rows])
    return solver
