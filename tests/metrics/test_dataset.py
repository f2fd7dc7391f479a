"""How rows become texts, labels and ids."""

from __future__ import annotations

from typing import Any

import pytest

from datagen_cli.core.fields import joined_text
from datagen_cli.metrics.dataset import Dataset


def test_texts_are_the_fields_joined_by_a_blank_line() -> None:
    data = Dataset("d", [{"q": "why?", "a": "so"}, {"a": "x", "q": None}, {}], ["q", "a"])
    assert data.texts == ["why?\n\nso", "x", ""]


def test_zero_false_and_empty_texts_are_values() -> None:
    assert joined_text({"a": 0, "b": "", "c": False}, ["a", "b", "c"]) == "0\n\nfalse"


def test_what_is_not_text_is_written_as_json() -> None:
    assert joined_text({"a": ["é", 1], "b": 2.5, "c": True}, ["a", "b", "c"]) == '["é", 1]\n\n2.5\n\ntrue'


def test_labels_stand_as_they_are_and_are_none_without_a_field() -> None:
    rows: list[dict[str, Any]] = [{"t": "x", "l": 1}, {"t": "y"}]
    assert Dataset("d", rows, ["t"], "l").labels == [1, None]
    assert Dataset("d", rows, ["t"]).labels is None


def test_rows_without_ids_get_their_line_number() -> None:
    assert Dataset("d", [{}, {}], []).ids == ("1", "2")
    assert Dataset("d", [{}, {}], [], ids=["a", "b"]).ids == ["a", "b"]


@pytest.mark.parametrize("more", [{"ids": ["a"]}, {"groups": ["a"]}, {"groups": []}])
def test_ids_and_groups_must_fit_the_rows(more: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match="for 2 rows"):
        Dataset("d", [{}, {}], [], **more)  # type: ignore[arg-type]
