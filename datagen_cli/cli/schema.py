"""`datagen schema`: the JSON Schema of a recipe, made from the models that validate it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datagen_cli.cli import console
from datagen_cli.cli import options as given

EXAMPLES = ("datagen schema > recipe.schema.json",)


def command(json_: given.Json = False) -> int:
    """Print the JSON Schema of a recipe."""
    if json_:
        console.emit_json(schema())
    else:
        show_schema(schema())
    return 0


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a recipe, as `configs/recipe.schema.json` holds it."""
    from datagen_cli.config.schema import recipe_schema

    return recipe_schema()


def show_schema(result: dict[str, Any]) -> None:
    """The schema on stdout, indented as its file is."""
    import json

    console.out(json.dumps(result, indent=2, ensure_ascii=False))
    console.next_step("datagen validate my.yaml" if Path("my.yaml").exists() else "datagen init my.yaml")
