"""The base rows that records are written for (methods response and enhance), each once and in the order of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datagen_cli.config.checks import Check
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import RecipeError
from datagen_cli.prompts.foreign import LONGEST
from datagen_cli.sources.open import BaseRows

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parents:
    """`names` are the ids of the rows that get a record, `left_out` those whose given fields break a constraint, which
    no record could keep. `answered` are the rows that may be shown as examples: those that hold every written field,
    where the base's answers are good ones. `cut` counts rows longer than prompts show.
    """

    names: tuple[str, ...]
    left_out: tuple[str, ...]
    answered: tuple[tuple[str, Row], ...]
    cut: int

    def notes(self, count: int) -> list[str]:
        """What a user should know before the run."""
        found = []
        if self.left_out:
            rows, first = len(self.left_out), self.left_out[0]
            found.append(f"{rows:,} of the base left out, whose given fields break a constraint; the first: {first}")
        if count > len(self.names):
            found.append(
                f"no base row is left for {count - len(self.names):,} of {count:,} slots: each row is used once"
            )
        if self.cut:
            found.append(f"of {self.cut:,} base rows prompts show the first {LONGEST:,} characters of a field")
        return found


def parents_of(recipe: Recipe, base: BaseRows, constraints: Sequence[tuple[Check, Any]]) -> Parents | None:
    """The rows of a recipe whose method needs some; None for method `instance`.

    Raises `RecipeError` where examples of the base are asked for that it does not have, or no row can be used.
    """
    options = recipe.options
    if options.method == "instance":
        return None
    given = {spec.name for spec in base.specs if not spec.written}
    written = [spec.name for spec in base.specs if spec.written]
    strict = [
        made
        for check, made in constraints
        if not check.facts.roles and check.facts.scope == "record" and check.on_fail != "keep"
    ]
    fixed = [made for made in strict if (fields := tuple(getattr(made, "fields", ()))) and given.issuperset(fields)]
    broken = {name for name, row in base.rows if any(made.check(row).outcome == "fail" for made in fixed)}
    names = tuple(name for name, _ in base.rows if name not in broken)
    whole = tuple((name, row) for name, row in base.rows if all(row.get(field) is not None for field in written))
    if options.method == "enhance":
        if not any(field in row for _, row in base.rows for field in written):
            hint = "write names columns of the base, whose values are to be improved; or use method: response"
            raise RecipeError("write: the base has none of these fields", hint=hint, place=recipe.place("write"))
        whole = ()
    asked_for = options.examples is not None and options.examples.strategy != "none" and not options.examples.inline
    if asked_for and not whole:
        hint = "write some: `examples: {inline: [{…}, …]}`, or `strategy: none`"
        raise RecipeError("examples: no base row has an answer", hint=hint, place=recipe.place("examples"))
    if not names:
        hint = "datagen validate shows how many rows keep each constraint"
        raise RecipeError(
            "base: the given fields of every row break a constraint", hint=hint, place=recipe.place("base")
        )
    long = sum(any(isinstance(value, str) and len(value) > LONGEST for value in row.values()) for _, row in base.rows)
    return Parents(names, tuple(name for name, _ in base.rows if name in broken), whole, long)
