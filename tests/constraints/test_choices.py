from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from datagen_cli.constraints.choices import Choices, ChoicesOptions
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec

SPECS = {
    "text": FieldSpec("text"),
    "n": FieldSpec("n", "number"),
    "label": FieldSpec("label", "label", values=(0, 1, 2)),
    "tags": FieldSpec("tags", "list", item_type="text"),
    "flag": FieldSpec("flag", "boolean"),
}


def choices(field: str, *values: Any) -> Choices:
    return Choices(ChoicesOptions(field=field, values=list(values)), SPECS)


def test_it_is_described_with_json_values() -> None:
    assert choices("text", "a", "b").describe() == 'text: one of "a", "b"'
    assert choices("n", 1, 2.5).describe() == "n: one of 1, 2.5"


def test_values_are_compared_as_json_values() -> None:
    assert choices("text", "a", "b").check({"text": "b"}).outcome == "pass"
    assert choices("text", "a", "b").check({"text": "B"}).outcome == "fail"
    assert choices("n", 1, 3).check({"n": 3.0}).outcome == "pass"
    assert choices("n", 1).check({"n": True}).outcome == "fail"
    assert choices("flag", True).check({"flag": 1}).outcome == "fail"


def test_label_values_take_the_form_of_the_label() -> None:
    assert choices("label", "0", "1").check({"label": 1}).outcome == "pass"


def test_a_failure_quotes_the_value() -> None:
    verdict = choices("tags", "a", "b").check({"tags": ["a", "c"]})
    assert verdict.detail == 'tags: one of "a", "b"; item 2 is "c"'


@pytest.mark.parametrize(("field", "value"), [("text", 3), ("n", "x"), ("label", 7), ("tags", 3)])
def test_a_value_that_the_field_cannot_hold_is_refused(field: str, value: Any) -> None:
    with pytest.raises(RecipeError, match=f"values: field '{field}'"):
        choices(field, value)


def test_no_values_is_refused() -> None:
    with pytest.raises(ValidationError):
        ChoicesOptions(field="text", values=[])
