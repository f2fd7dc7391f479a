"""JSON values satisfy their schema."""

from __future__ import annotations

import random
from typing import Any

import jsonschema
import pytest

from datagen_cli.offline.values import schema_value

SCHEMAS: list[dict[str, Any]] = [
    {
        "type": "object",
        "properties": {"a": {"type": "integer", "minimum": 3, "maximum": 5}, "b": {"type": "string"}},
        "required": ["a", "b"],
    },
    {"type": "array", "items": {"enum": ["x", "y", 3]}, "minItems": 2, "maxItems": 4},
    {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}, "minItems": 5, "uniqueItems": True},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "multipleOf": 0.25},
    {"type": "string", "pattern": r"^[A-Z]{2}\d{2}$"},
    {"type": "string", "minLength": 30, "maxLength": 40},
    {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
    {
        "allOf": [
            {"properties": {"a": {"type": "integer"}}},
            {"properties": {"b": {"const": 7}}, "required": ["a", "b"]},
        ],
        "type": "object",
    },
    {
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"next": {"$ref": "#/$defs/node"}, "v": {"type": "integer"}},
                "required": ["v"],
            }
        },
        "$ref": "#/$defs/node",
    },
    {"type": ["string", "null"], "format": "date"},
    {"type": "object", "required": ["free"]},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": {"type": "boolean"}},
    {
        "properties": {
            "deep": {
                "type": "array",
                "items": {"type": "object", "properties": {"t": {"type": "boolean"}}, "required": ["t"]},
            }
        }
    },
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=range(len(SCHEMAS)))
def test_a_value_satisfies_its_schema(schema: dict[str, Any]) -> None:
    for seed in range(40):
        value = schema_value(
            random.Random(seed), schema, lambda rng, name: f"some {name or 'text'} {int(rng.random() * 99)}"
        )
        jsonschema.Draft202012Validator(schema).validate(value)


def test_bounds_that_leave_nothing_give_the_middle() -> None:
    assert (
        schema_value(
            random.Random(1), {"type": "number", "minimum": 1, "maximum": 1.2, "multipleOf": 5}, lambda rng, name: ""
        )
        == 1.1
    )
