from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from datagen_cli.constraints.length import Length, LengthOptions
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec

SPECS = {
    "question": FieldSpec("question"),
    "answer": FieldSpec("answer", "number"),
    "choices": FieldSpec("choices", "list"),
}


def length(field: str = "question", **bounds: Any) -> Length:
    return Length(LengthOptions(field=field, **bounds), SPECS)


def test_it_is_described_in_the_words_of_the_prompt() -> None:
    assert length(min_words=15, max_words=90).describe() == "question: at least 15 words, at most 90 words"
    assert length(max_characters=5, min_tokens=1).describe() == "question: at most 5 characters, at least 1 tokens"


def test_bounds_are_included() -> None:
    check = length(min_words=2, max_words=3)
    outcomes = [check.check({"question": text}).outcome for text in ("a", "a b", "a b c", "a b c d")]
    assert outcomes == ["fail", "pass", "pass", "fail"]


def test_a_failure_says_what_was_asked_and_what_was_found() -> None:
    verdict = length(max_words=90).check({"question": "word " * 104})
    assert (verdict.outcome, verdict.detail) == ("fail", "question: at most 90 words; it has 104")


def test_every_broken_bound_is_named() -> None:
    verdict = length(min_words=3, max_characters=4).check({"question": "hello"})
    assert verdict.detail == "question: at least 3 words; it has 1; at most 4 characters; it has 5"


def test_characters_are_code_points_and_tokens_are_estimated() -> None:
    assert length(max_characters=2).check({"question": "é中"}).outcome == "pass"
    assert length(max_tokens=1).check({"question": "é中"}).outcome == "fail"


def test_every_item_of_a_list_is_measured() -> None:
    verdict = length("choices", max_words=2).check({"choices": ["a b", "a b c"]})
    assert verdict.detail == "choices: at most 2 words; item 2 has 3"


def test_a_missing_value_has_no_words() -> None:
    assert length(min_words=1).check({}).outcome == "fail"


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"min_words": 90, "max_words": 15}, "min_words 90 is above max_words 15"),
        ({"min_tokens": 2, "max_tokens": 1}, "min_tokens 2 is above max_tokens 1"),
        ({}, "needs at least one"),
        ({"max_word": 3}, "max_word"),
        ({"min_words": -1}, "greater than or equal to 0"),
        ({"min_words": "3"}, "valid integer"),
    ],
)
def test_options_that_make_no_sense_are_refused(bounds: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        LengthOptions(field="question", **bounds)


def test_a_number_has_no_length() -> None:
    with pytest.raises(RecipeError, match="field 'answer' is number, not text or list"):
        length("answer", max_words=3)
