from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from datagen_cli.constraints.range import Range, RangeOptions
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec

SPECS = {
    "n": FieldSpec("n", "number"),
    "text": FieldSpec("text"),
    "index": FieldSpec("index", "label", values=(0, 1)),
    "scores": FieldSpec("scores", "list", item_type="number"),
}


def within(field: str = "n", **bounds: Any) -> Range:
    return Range(RangeOptions(field=field, **bounds), SPECS)


@pytest.mark.parametrize(
    ("bounds", "sentence"),
    [
        ({"min": 0, "max": 100}, "n: at least 0, at most 100"),
        ({"above": 0, "below": 1.5}, "n: more than 0, less than 1.5"),
        ({"min": 0.0, "integer": True}, "n: at least 0, a whole number"),
        ({"integer": True}, "n: a whole number"),
    ],
)
def test_it_is_described_in_the_words_of_the_prompt(bounds: dict[str, Any], sentence: str) -> None:
    assert within(**bounds).describe() == sentence


@pytest.mark.parametrize(
    ("bounds", "value", "outcome"),
    [
        ({"min": 0, "max": 5}, 0, "pass"),
        ({"min": 0, "max": 5}, 5.0, "pass"),
        ({"min": 0, "max": 5}, 5.01, "fail"),
        ({"above": 0}, 0, "fail"),
        ({"below": 0}, -1e-9, "pass"),
        ({"integer": True}, 2.0, "pass"),
        ({"integer": True}, 2.5, "fail"),
        ({"integer": True}, 10**400, "pass"),
        ({"min": 0}, "3", "fail"),
        ({"min": 0}, True, "fail"),
        ({"min": 0}, None, "fail"),
    ],
)
def test_bounds_are_included_or_not_as_they_say(bounds: dict[str, Any], value: Any, outcome: str) -> None:
    assert within(**bounds).check({"n": value}).outcome == outcome


def test_a_failure_names_the_broken_bounds_and_the_number() -> None:
    assert within(min=0, max=5, integer=True).check({"n": 7.5}).detail == "n: at most 5, a whole number; it is 7.5"
    assert within("scores", min=0).check({"scores": [1, -1]}).detail == "scores: at least 0; item 2 is -1"


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"min": 90, "max": 15}, "min 90 is above max 15"),
        ({"above": 3, "max": 3}, "no number lies between above 3 and max 3"),
        ({"min": 1, "above": 0}, "min and above exclude each other"),
        ({}, "needs at least one"),
        ({"min": float("nan")}, "finite"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(bounds: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RangeOptions(field="n", **bounds)


def test_it_goes_with_numbers_only() -> None:
    within("index", max=1)
    with pytest.raises(RecipeError, match="field 'text' is text, not number"):
        within("text", min=0)
