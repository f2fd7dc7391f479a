"""The JSON Schema of a recipe: current, and true of what is shipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from datagen_cli.config.includes import read_mapping
from datagen_cli.config.schema import recipe_schema, template_variables, write_schema
from datagen_cli.config.shipped import shipped_folder, shipped_recipes
from datagen_cli.config.tree import Source
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.registry import names
from tests.config.recipes import FULL, SMALL, load

SCHEMA = recipe_schema()


def wrong(text: str) -> list[str]:
    """Where a recipe breaks the schema."""
    plain = read_mapping(text.encode(), Source("x.yaml")).plain()
    return [error.json_path for error in Draft202012Validator(SCHEMA).iter_errors(plain)]


def test_the_committed_schema_is_current(tmp_path: Path) -> None:
    write_schema(tmp_path / "made.json")
    committed = shipped_folder("configs") / "recipe.schema.json"
    hint = "make schema writes it"
    assert json.loads(committed.read_text("utf-8")) == json.loads((tmp_path / "made.json").read_text("utf-8")), hint


def test_the_schema_is_a_schema_without_machine_words() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["additionalProperties"] is False
    assert not [word for word in ("x-runtime", "x-path", "Options]") if word in json.dumps(SCHEMA)]


def test_it_knows_every_check_of_the_catalog() -> None:
    for kind in ("constraints", "validators"):
        forms = SCHEMA["properties"][kind]["items"]["oneOf"]
        found = [form["required"][0] for form in forms if "required" in form]
        assert found == names(kind)


def test_the_example_of_the_contract_is_valid() -> None:
    assert wrong(FULL) == []


@pytest.mark.parametrize("name", list(shipped_recipes()))
def test_shipped_recipes_are_valid(name: str) -> None:
    assert wrong(shipped_recipes()[name].read_text("utf-8")) == []


VALID = [
    "label: kind",
    "model: {name: m, price: free}",
    "models: {coder: c, generator: [a, {name: b, share: 2}]}",
    "attributes: {a: [1, x, true], b: {values: {u: , v: words}, when: {a: x}}, pin: [{a: x, b: u}]}",
    "validators: [schema, schema: , reflect: {rounds: 1}]",
    "constraints: [ask: words, language: en, {language: {is: en}}]",
    "limits: {max_cost: 3}",
    "pin: []",
]
INVALID = [
    ("labl: kind", "$"),
    ("limits: {max_cots: 3}", "$.limits"),
    ("constraints: [lenght: {}]", "$.constraints[0]"),
    ("constraints: [ask]", "$.constraints[0]"),
    ("constraints: [{ask: x, name: y}]", "$.constraints[0]"),
    ("models: {genrator: x}", "$.models"),
    ("records_per_call: 0", "$.records_per_call"),
]


@pytest.mark.parametrize("added", VALID)
def test_short_forms_are_valid_and_are_read(tmp_path: Path, added: str) -> None:
    text = (
        "".join(line for line in SMALL.splitlines(True) if not line.startswith(added.partition(":")[0] + ":")) + added
    )
    assert wrong(text) == []
    load(tmp_path, text)


@pytest.mark.parametrize(("added", "path"), INVALID)
def test_what_the_schema_refuses_the_program_refuses(tmp_path: Path, added: str, path: str) -> None:
    assert wrong(SMALL + added) == [path]
    with pytest.raises(RecipeError):
        load(tmp_path, SMALL + added)


def test_what_includes_may_fill_in_is_not_required() -> None:
    assert wrong("include: [rest.yaml]\ncount: 3\n") == []
    assert wrong(SMALL.replace("count: 5\n", "")) == ["$"]
    assert wrong(SMALL.replace("model: offline\n", "")) == ["$"]


def test_templates_may_use_exactly_these_variables() -> None:
    fenced = ["n", "dataset", "fields", "labels", "examples", "constraints", "records", "avoid", "answer_form"]
    plain = ["label", "meaning", "attributes", "rules", "texts", "request", "description", "about_fields"]
    more = ["what", "label_name", "meanings", "input", "given", "method", "lessons"]
    assert set(template_variables()) == {*fenced, *plain, *more}
    about: dict[str, Any] = SCHEMA["$defs"]["PromptOptions"]
    assert all(f"{name}: " in about["description"] for name in template_variables())
