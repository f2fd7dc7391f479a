"""Which of a recipe's roles a run asks, and what follows from who plays them."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen_cli.config.load import load_recipe
from datagen_cli.pipeline.connect import roles, simulated

RECIPE = """
version: 1
name: notes
description: Short notes.
fields: {text: {type: text}}
model: offline
count: 3
"""
REAL = "models.generator=gguf/smollm2"
MEASURED = "difficulty={share: 1, operators: [paraphrase], measure: {attempts: 5}}"


@pytest.mark.parametrize(("sets", "asked", "pretended"), [
    ([], ("generator",), True),
    ([REAL], ("generator",), False),
    ([REAL, MEASURED], ("generator", "solver"), True),
    ([REAL, MEASURED, "models.solver=gguf/smollm2"], ("generator", "solver"), False),
    (["models.solver=gguf/smollm2"], ("generator",), True),
])  # fmt: skip
def test_a_run_is_simulated_where_a_role_that_it_asks_is(
    sets: list[str], asked: tuple[str, ...], pretended: bool, tmp_path: Path
) -> None:
    path = tmp_path / "notes.yaml"
    path.write_text(RECIPE)
    recipe = load_recipe(str(path), overrides=sets, environ={}, cwd=tmp_path)
    assert (roles(recipe), simulated(recipe)) == (asked, pretended)
