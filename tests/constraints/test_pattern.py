from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from datagen_cli.constraints.pattern import Pattern, PatternOptions
from datagen_cli.core import regex as matching
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec

SPECS = {"answer": FieldSpec("answer", "number"), "text": FieldSpec("text"), "tags": FieldSpec("tags", "list")}
NUMBER = r"^-?\d+(\.\d+)?$"


def pattern(regex: str, field: str = "text", **more: Any) -> Pattern:
    return Pattern(PatternOptions(field=field, regex=regex, **more), SPECS)


def test_it_is_described_in_the_words_of_the_prompt() -> None:
    assert pattern(NUMBER, "answer").describe() == rf"answer: matches the regular expression {NUMBER}"


@pytest.mark.parametrize(
    ("value", "outcome"), [(42, "pass"), (42.0, "pass"), (-0.5, "pass"), (1e300, "pass"), (1e-9, "fail")]
)
def test_numbers_are_matched_on_their_plain_form(value: float, outcome: str) -> None:
    assert pattern(NUMBER, "answer").check({"answer": value}).outcome == outcome


def test_it_searches_and_anchors_are_the_recipes() -> None:
    assert pattern("b").check({"text": "abc"}).outcome == "pass"
    assert pattern("^b").check({"text": "abc"}).outcome == "fail"
    assert pattern("B").check({"text": "abc"}).outcome == "fail"
    assert pattern("B", ignore_case=True).check({"text": "abc"}).outcome == "pass"


def test_a_failure_quotes_the_value() -> None:
    verdict = pattern("^b").check({"text": "abc"})
    assert verdict.detail == 'text: matches the regular expression ^b; it is "abc"'


def test_every_item_of_a_list_must_match() -> None:
    assert pattern(r"^\w+$", "tags").check({"tags": ["a", "b"]}).outcome == "pass"
    assert pattern(r"^\w+$", "tags").check({"tags": ["a", "b c"]}).detail.endswith('item 2 is "b c"')


def test_a_catastrophic_expression_is_unknown_and_does_not_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching.search, "__kwdefaults__", {"max_cpu_s": 0.05})
    verdict = pattern(r"^(\w+\s?)*$").check({"text": "aaaaaaaa " * 8 + "!"})
    assert (verdict.outcome, "backtracks" in verdict.detail) == ("unknown", True)


def test_a_broken_expression_is_refused_with_its_place() -> None:
    with pytest.raises(ValidationError, match=r"broken regular expression: .* at position 0"):
        PatternOptions(field="text", regex="(a")


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(RecipeError, match="no field 'txt'"):
        pattern("a", "txt")
