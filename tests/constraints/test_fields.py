from __future__ import annotations

from typing import Any

import pytest

from datagen_cli.constraints.fields import check_fields
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec, plain_text

SPECS = {
    "question": FieldSpec("question"),
    "answer": FieldSpec("answer", "number"),
    "index": FieldSpec("index", "label", values=(0, 1)),
    "scores": FieldSpec("scores", "list", item_type="number"),
}


def test_a_field_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match="there is no field 'quesion'") as caught:
        check_fields(SPECS, ["quesion"])
    assert caught.value.hint == "did you mean question?"


def test_a_field_of_another_type_is_refused_with_the_type_that_fits() -> None:
    with pytest.raises(RecipeError, match="field 'question' is text, not number") as caught:
        check_fields(SPECS, ["question"], ("number",))
    assert caught.value.hint == "name a field of type number"


def test_labels_and_lists_pass_for_what_they_hold() -> None:
    check_fields(SPECS, ["answer", "index", "scores"], ("number",))
    with pytest.raises(RecipeError):
        check_fields({"label": FieldSpec("label", "label", values=("a", "b"))}, ["label"], ("number",))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (42, "42"),
        (42.0, "42"),
        (0.5, "0.5"),
        (True, "true"),
        (None, ""),
        (["a", 1], '["a", 1]'),
        ({"k": "é"}, '{"k": "é"}'),
    ],
)
def test_values_read_as_plain_text(value: Any, text: str) -> None:
    assert plain_text(value) == text
