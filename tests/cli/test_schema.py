"""`datagen schema`: a schema that shipped recipes pass and broken ones do not."""

from __future__ import annotations

import json
from functools import cache

import jsonschema
import pytest
import yaml

from datagen_cli.cli.schema import schema, show_schema
from datagen_cli.config.shipped import shipped_recipes
from tests.grids import mostly_slow

written = cache(schema)


@pytest.mark.parametrize("name", mostly_slow(sorted(shipped_recipes()), 0, 4, 8))
def test_every_shipped_recipe_passes(name: str) -> None:
    recipe = yaml.safe_load(shipped_recipes()[name].read_text())
    errors = [error.message for error in jsonschema.Draft202012Validator(written()).iter_errors(recipe)]
    assert errors == []


def test_an_unknown_key_does_not_pass() -> None:
    recipe = yaml.safe_load(shipped_recipes()["tickets"].read_text())
    assert not jsonschema.Draft202012Validator(schema()).is_valid({**recipe, "cuont": 3})


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_stdout_holds_the_schema_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    show_schema(schema())
    shown = capsys.readouterr()
    assert json.loads(shown.out) == schema()
    assert shown.err.startswith("next: ")
