"""What checks get before a run: the rows they learn from, and the order to contact nobody in a simulated one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datagen_cli.config.checks import Check
from datagen_cli.config.recipe import Recipe
from datagen_cli.sources.open import BaseRows


def make_ready(validators: Sequence[tuple[Check, Any]], recipe: Recipe, base: BaseRows) -> None:
    """Shows the base's rows to every check that learns; where a role is simulated, checks that look up stay home."""
    simulated = any(model.provider.simulated for models in recipe.models.values() for model in models)
    for check, made in validators:
        if simulated and check.facts.hosts(check.options):
            made.stay_home()
        if made.learns:
            made.learn([row for _, row in base.rows])
