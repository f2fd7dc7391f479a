from __future__ import annotations

import time
from typing import Any

import pytest

from datagen_cli.core.budget import TooMuch
from datagen_cli.core.json_schema import JsonSchema, broken
from tests.grids import mostly_slow


def _two_ways(levels: int) -> dict[str, Any]:
    parts = {f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(levels)}
    return {"$ref": "#/$defs/a0", "$defs": {**parts, f"a{levels}": {"minProperties": 9}}}


def _nested(levels: int) -> dict[str, Any]:
    part: dict[str, Any] = {}
    for _ in range(levels):
        part = {"items": part}
    return part


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": 3}, "type: 3 is not valid"),
        ({"$ref": "#"}, "refers to itself"),
        ({"allOf": [{"$ref": "#"}]}, "refers to itself"),
        ({"$ref": "#/$defs/nope"}, "nothing is found"),
        ({"$ref": "http://127.0.0.1:9/x"}, "nothing is found"),
        ({"properties": {"a": {"pattern": "["}}}, "'[' is not a 'regex'"),
        ({"patternProperties": {"(": {}}}, "'(' is not a 'regex'"),
        ({"properties": {"a": {"pattern": "x" * 10_001}}}, "10,001 characters"),
        ({"properties": {"a": {"minLength": 10**400}}}, "minLength: at most 100,000"),
        ({"minItems": 1e30}, "minItems: at most 100,000"),
        (_two_ways(40), "it takes more than"),
        (_nested(2000), "too deeply"),
    ],
)
def test_what_is_no_schema_is_said(schema: dict[str, Any], words: str) -> None:
    began = time.process_time()
    assert words in broken(schema)
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "properties": {"a": {"pattern": "^x"}}},
        {"properties": {"next": {"$ref": "#"}}},  # a list of values that ends with the value
        {"properties": {"pattern": {"type": "string"}, "$ref": {}}},
        {"const": {"pattern": "["}, "examples": [{"$ref": "nowhere"}]},
    ],
)
def test_a_schema_is_a_schema(schema: dict[str, Any]) -> None:
    assert broken(schema) == ""


@pytest.mark.parametrize(
    ("schema", "value"),
    mostly_slow(
        [
            ({"pattern": r"^(\w+\s?)*$"}, "word " * 30 + "!"),
            ({"patternProperties": {r"^(\w+\s?)*$": {}}}, {"word " * 30 + "!": 1}),
            ({"items": {"$ref": "#/$defs/a0"}, "$defs": _two_ways(40)["$defs"]}, [{}]),
            ({"$ref": "#/$defs/nope"}, {}),
            ({"multipleOf": 1e-300}, 1e300),
        ],
        0,
        1,
    ),
)
def test_what_cannot_be_told_is_said_in_bounded_time(schema: dict[str, Any], value: object) -> None:
    began = time.process_time()
    try:
        JsonSchema(schema).errors(value)
    except TooMuch:
        pass
    else:
        assert "multipleOf" in schema
    assert time.process_time() - began < 2


def test_errors_are_told() -> None:
    assert [error.message for error in JsonSchema({"type": "number"}).errors("x")] == ["'x' is not of type 'number'"]
