from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Record, Slot
from datagen_cli.validators.schema import Schema, SchemaOptions

SPECS = {
    "question": FieldSpec("question"),
    "answer": FieldSpec("answer", "number"),
    "label": FieldSpec("label", "label", values=("x", "y")),
}
GOOD: dict[str, Any] = {"question": "q", "answer": 3, "label": "x"}


def schema(own: Any = None) -> Schema:
    return Schema(SchemaOptions.model_validate({"schema": own}), SPECS)


def test_a_record_of_the_right_types_passes() -> None:
    assert schema().check(GOOD).outcome == "pass"


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"answer": "3"}, "answer: '3' is not of type 'number'"),
        ({"label": "z"}, "label: 'z' is not one of ['x', 'y']"),
        ({"question": None}, "question: None is not of type 'string'"),
    ],
)
def test_a_value_of_another_type_fails_and_is_named(change: dict[str, Any], detail: str) -> None:
    verdict = schema().check({**GOOD, **change})
    assert (verdict.outcome, verdict.detail) == ("fail", detail)


def test_a_missing_field_fails() -> None:
    assert schema().check({"question": "q", "answer": 1}).detail == "'label' is a required property"


def test_the_recipes_own_schema_is_checked_too() -> None:
    own = {"properties": {"answer": {"$ref": "#/$defs/small"}}, "$defs": {"small": {"maximum": 10}}}
    assert schema(own).check(GOOD).outcome == "pass"
    assert schema(own).check({**GOOD, "answer": 11}).detail == "answer: 11 is greater than the maximum of 10"


def test_a_schema_file_is_read_and_its_content_is_the_identity(tmp_path: Path) -> None:
    own = {"properties": {"answer": {"maximum": 10}}}
    path = tmp_path / "own.json"
    path.write_text(json.dumps(own))
    options = SchemaOptions.model_validate({"schema": str(path)})
    assert options.identity()["json_schema"] == own
    assert Schema(options, SPECS).check({**GOOD, "answer": 11}).outcome == "fail"


@pytest.mark.parametrize(
    ("content", "message"), [(None, "no such file"), ("{", "not a JSON file"), ("[]", "a JSON Schema is an object")]
)
def test_a_schema_file_that_is_none_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "own.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValidationError, match=message):
        SchemaOptions.model_validate({"schema": str(path)})


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"type": "nubmer"}, "schema: type: 'nubmer'"),
        ({"$ref": "https://example.org/schema.json"}, "nothing is found under"),
        ({"properties": {"answer": {"$ref": "#/$defs/none"}}}, "nothing is found under"),
    ],
)
def test_a_schema_that_is_wrong_or_refers_elsewhere_is_refused(own: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        schema(own)


async def test_verify_gives_the_same_verdict_and_asks_nobody() -> None:
    record = Record(0, 1, {**GOOD, "answer": "x"})
    verdict = await schema().verify(record, Slot(0, "a-000000"), None)  # type: ignore[arg-type]
    assert verdict.outcome == "fail"
