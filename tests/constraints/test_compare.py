"""What one field is beside another: the words of the prompt, verdicts that show what was found, odd values."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from datagen_cli.constraints.compare import Compare, CompareOptions
from datagen_cli.constraints.keeping import Pen
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec

SPECS = {
    **{name: FieldSpec(name) for name in ("question", "best", "passage", "start", "end")},
    **{name: FieldSpec(name, "list") for name in ("right", "wrong")},
    **{name: FieldSpec(name, "number") for name in ("low", "high")},
    "topic": FieldSpec("topic", "label"),
}


def judged(field: str, relation: str, other: str, value: Any, beside: Any) -> tuple[str, str]:
    rule = Compare(CompareOptions.model_validate({"field": field, "is": relation, "other": other}), SPECS)
    verdict = rule.check({field: value, other: beside})
    return verdict.outcome, verdict.detail


def outcome(field: str, relation: str, other: str, value: Any, beside: Any) -> str:
    return judged(field, relation, other, value, beside)[0]


def test_the_best_answer_is_one_of_the_right_ones_and_no_right_one_is_wrong() -> None:
    right = ["No, it is  not.", "Never"]
    assert outcome("best", "one_of", "right", "no, it is not.", right) == "pass"
    assert judged("best", "one_of", "right", "Yes", right) == ("fail", 'best: among the values of right; it is "Yes"')
    assert outcome("right", "none_of", "wrong", right, ["Always"]) == "pass"
    said = 'right: not among the values of wrong; item 2 is "Never"'
    assert judged("right", "none_of", "wrong", right, ["Always", "NEVER"]) == ("fail", said)


def test_an_answer_stands_in_its_passage_and_not_in_its_question() -> None:
    passage = "The bridge was\nopened in 1932 by the mayor."
    assert outcome("best", "found_in", "passage", "opened in 1932", passage) == "pass"
    assert outcome("best", "found_in", "passage", "opened in 1933", passage) == "fail"
    assert outcome("low", "found_in", "passage", 1932.0, passage) == "pass"
    assert outcome("best", "found_in", "passage", "", passage) == "fail"
    assert outcome("best", "not_found_in", "question", "1932", "When was it opened?") == "pass"
    assert outcome("right", "not_found_in", "question", ["a", "opened"], "When was it opened?") == "fail"


def test_two_fields_are_the_same_or_different_up_to_writing() -> None:
    assert outcome("question", "different_from", "best", "Why so?", "why  SO?") == "fail"
    assert outcome("question", "different_from", "best", "Why so?", "Because.") == "pass"
    assert outcome("low", "equal_to", "high", 3, 3.0) == "pass"
    assert judged("low", "equal_to", "high", 3, 4) == ("fail", "low: the same as high; it is 3")


@pytest.mark.parametrize(
    ("relation", "less", "same", "more"),
    [
        ("above", "fail", "fail", "pass"),
        ("at_least", "fail", "pass", "pass"),
        ("below", "pass", "fail", "fail"),
        ("at_most", "pass", "pass", "fail"),
    ],
)
def test_numbers_and_dates_are_in_order(relation: str, less: str, same: str, more: str) -> None:
    assert [outcome("high", relation, "low", value, 5) for value in (4.5, 5.0, 6)] == [less, same, more]
    days = ("2026-02-28", "2026-03-01", "2026-03-01T00:00:01Z")
    assert [outcome("end", relation, "start", day, "2026-03-01") for day in days] == [less, same, more]


def test_what_is_no_date_is_in_no_order_and_is_shown() -> None:
    said = 'end: later than start; it is "soon", and start is "2026-03-01"'
    assert judged("end", "above", "start", "soon", "2026-03-01") == ("fail", said)
    assert outcome("end", "above", "start", "2026-03-01", "soon") == "fail"
    assert outcome("high", "above", "low", True, 0) == "fail"
    assert outcome("high", "above", "low", None, 0) == "fail"


def test_two_moments_of_other_zones_are_compared_as_moments() -> None:
    assert outcome("end", "below", "start", "2026-03-01T10:00:00+02:00", "2026-03-01T09:00:00") == "pass"


@pytest.mark.parametrize(
    ("field", "relation", "other", "said"),
    [
        ("best", "one_of", "rihgt", "rihgt"),
        ("best", "one_of", "best", "itself"),
        ("low", "above", "start", "start"),
        ("low", "below", "topic", "topic"),
    ],
)
def test_fields_that_cannot_be_compared_are_refused(field: str, relation: str, other: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        Compare(CompareOptions.model_validate({"field": field, "is": relation, "other": other}), SPECS)


@pytest.mark.parametrize(
    ("field", "relation", "other", "value", "beside"),
    [
        ("best", "equal_to", "question", "a", "b"),
        ("best", "different_from", "question", "a", "a"),
        ("best", "one_of", "right", "a", ["b", "c"]),
        ("right", "none_of", "wrong", ["a", "b"], ["b"]),
        ("right", "none_of", "wrong", ["b"], ["b"]),
        ("right", "one_of", "wrong", ["a", "b"], ["c"]),
        ("best", "found_in", "passage", "Ann", "The bridge was opened in 1932, by the mayor."),
        ("best", "not_found_in", "question", "open", "When was it opened?"),
        ("high", "above", "low", 3, 5),
        ("high", "at_most", "low", 7.5, 5),
        ("end", "below", "start", "2026-03-01", "2026-02-01"),
        ("end", "at_least", "start", "2026-03-01T10:00:00+00:00", "2026-03-01T11:00:00+00:00"),
    ],
)
def test_it_proposes_values_that_keep_it(field: str, relation: str, other: str, value: Any, beside: Any) -> None:
    rule = Compare(CompareOptions.model_validate({"field": field, "is": relation, "other": other}), SPECS)
    fields = {field: value, other: beside}
    assert not rule.holds(fields)
    assert any(rule.holds({**fields, field: one}) for one in rule.beside(fields, Pen(Random(3), lambda: "Fog came.")))
