"""`datagen schema`: the JSON Schema of a recipe, made from the models that validate it."""

from __future__ import annotations

from typing import Any


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a recipe, as `configs/recipe.schema.json` holds it."""
    from datagen_cli.config.schema import recipe_schema

    return recipe_schema()


def show_schema(result: dict[str, Any]) -> None:
    """The schema on stdout, indented as its file is."""
    import json

    from datagen_cli.cli import console

    console.out(json.dumps(result, indent=2, ensure_ascii=False))
    console.next_step("datagen init my.yaml writes a recipe with this schema beside it")
