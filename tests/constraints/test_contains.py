from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from datagen_cli.constraints.contains import Contains, ContainsOptions
from datagen_cli.core.fields import FieldSpec

SPECS = {"text": FieldSpec("text"), "n": FieldSpec("n", "number"), "tags": FieldSpec("tags", "list")}


def contains(field: str = "text", **how: Any) -> Contains:
    return Contains(ContainsOptions(field=field, **how), SPECS)


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"all": ["a", "b"]}, 'text: contains all of "a", "b"'),
        ({"any": ["a", "b"]}, 'text: contains one of "a", "b"'),
        ({"text": "é"}, 'text: contains "é"'),
        ({"all": ["a"]}, 'text: contains "a"'),
        ({"text": "A", "case": True}, 'text: contains "A" (case counts)'),
    ],
)
def test_it_is_described_in_the_words_of_the_prompt(how: dict[str, Any], sentence: str) -> None:
    assert contains(**how).describe() == sentence


@pytest.mark.parametrize(
    ("how", "text", "outcome"),
    [
        ({"all": ["cat", "dog"]}, "Dogs and cats", "pass"),
        ({"all": ["cat", "dog"]}, "dogs only", "fail"),
        ({"any": ["cat", "dog"]}, "dogs only", "pass"),
        ({"any": ["cat", "dog"]}, "birds", "fail"),
        ({"text": "STRASSE"}, "in der Straße", "pass"),
        ({"text": "two  words"}, "Two\nWords", "pass"),
        ({"text": "Cat", "case": True}, "cat", "fail"),
    ],
)
def test_texts_are_found_without_case_unless_it_counts(how: dict[str, Any], text: str, outcome: str) -> None:
    assert contains(**how).check({"text": text}).outcome == outcome


def test_a_failure_names_what_is_missing() -> None:
    verdict = contains(all=["cat", "dog"]).check({"text": "a dog"})
    assert verdict.detail == 'text: contains all of "cat", "dog"; it does not contain "cat"'


def test_numbers_and_lists_are_searched_too() -> None:
    assert contains("n", text="42").check({"n": 1420.0}).outcome == "pass"
    assert contains("tags", all=["a", "b"]).check({"tags": ["xa", "bx"]}).outcome == "pass"


@pytest.mark.parametrize("how", [{}, {"all": ["a"], "any": ["b"]}, {"all": []}, {"text": ""}])
def test_exactly_one_way_is_needed(how: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ContainsOptions(field="text", **how)
