"""Values made to keep constraints, and to break them: judged by the constraints' own check."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_cli.constraints.keeping import FieldConstraint, Pen, keep, spoil
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.registry import load

SPECS = {
    "text": FieldSpec("text"),
    "answer": FieldSpec("answer", "number"),
    "items": FieldSpec("items", "list", item_type="text"),
}
RULES: list[tuple[str, dict[str, Any]]] = [
    ("length", {"min_words": 12, "max_words": 20}),
    ("length", {"max_characters": 40}),
    ("length", {"min_characters": 90, "max_characters": 100}),
    ("length", {"min_words": 40, "max_tokens": 80}),
    ("pattern", {"regex": "[.?!]$"}),
    ("pattern", {"regex": "^[A-Z]"}),
    ("pattern", {"regex": r"ticket \d+", "ignore_case": True}),
    ("contains", {"all": ["umbrella", "seven"]}),
    ("contains", {"any": ["Lisbon", "Porto"], "case": True}),
    ("excludes", {"words": ["the", "a lot"]}),
    ("choices", {"values": ["red", "blue"]}),
    ("language", {"is": "en"}),
]


def rule(kind: str, options: dict[str, Any], field: str = "text") -> FieldConstraint:
    check = load("constraints", kind)
    made: FieldConstraint = check(check.options.model_validate({"field": field, **options}), SPECS)
    return made


def pen(seed: int, more: Callable[[], str] | None = None) -> Pen:
    sentences = ("It rains in Lisbon today.", "Ann wonders whether the shop opens at nine.", "A dog barks twice.")
    rng = random.Random(seed)
    return Pen(rng, more or (lambda: rng.choice(sentences)))


@given(
    st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), max_size=300),
    st.sampled_from(RULES),
    st.integers(0, 99),
)
def test_any_text_can_be_made_to_keep_a_constraint(text: str, wanted: tuple[str, Any], seed: int) -> None:
    one = rule(*wanted)
    assert one.holds("text", keep("text", text, [one], pen(seed)))


@pytest.mark.parametrize("wanted", RULES)
def test_a_constraint_can_be_broken_on_purpose(wanted: tuple[str, Any]) -> None:
    one = rule(*wanted)
    for seed in range(20):
        text = keep("text", "Once there was a small boat.", [one], pen(seed))
        spoiled = spoil("text", text, one, pen(seed))
        assert isinstance(spoiled, str) and spoiled and not one.holds("text", spoiled), spoiled


def test_a_text_that_keeps_its_constraints_is_not_touched() -> None:
    text = "The umbrella costs seven euros, says Ann, and that is all of that."
    assert keep("text", text, [rule(*RULES[0]), rule(*RULES[7])], pen(1)) == text


def test_constraints_hold_together() -> None:
    wanted = [RULES[0], RULES[4], RULES[7], ("excludes", {"words": ["hat", "dog"]})]
    rules = [rule(*one) for one in wanted]
    for seed in range(50):
        text = keep("text", "A hat is a hat", rules, pen(seed))
        assert all(one.holds("text", text) for one in rules), text


def test_a_form_and_a_length_hold_together() -> None:
    rules = [rule("pattern", {"regex": r"^[A-Z]{2}-\d+$"}), rule("length", {"min_characters": 6, "max_characters": 7})]
    for seed in range(50):
        text = keep("text", "A hat is a hat", rules, pen(seed))
        assert all(one.holds("text", text) for one in rules), text


def test_a_long_text_ends_with_its_question() -> None:
    text = "Ann has 3 hats. Bob is her uncle. It rains a lot. How many hats has Ann?"
    assert keep("text", text, [rule("length", {"max_words": 12})], pen(1)) == "Ann has 3 hats. How many hats has Ann?"


def test_constraints_that_exclude_each_other_end() -> None:
    rules = [rule("length", {"min_words": 9}), rule("length", {"max_words": 3})]
    assert isinstance(keep("text", "A hat.", rules, pen(1)), str)


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ({"above": 3, "max": 9, "integer": True}, "^[468]$"),
        ({"min": 0, "below": 1}, r"^0\.\d+"),
        ({"max": -5}, None),
        ({"above": 0, "below": 1}, None),
        ({"integer": True}, None),
    ],
)
def test_numbers_are_moved_into_their_range_and_out_of_it(options: dict[str, Any], more: str | None) -> None:
    rules = [rule("range", options, "answer")]
    rules += [rule("pattern", {"regex": more}, "answer")] if more else []
    for seed in range(30):
        kept = keep("answer", 77.5, rules, pen(seed))
        assert all(one.holds("answer", kept) for one in rules), kept
        assert not rules[0].holds("answer", spoil("answer", kept, rules[0], pen(seed)))


def test_every_item_of_a_list_keeps_a_constraint_and_one_is_enough_to_contain() -> None:
    rules = [rule("length", {"max_words": 4}, "items"), rule("contains", {"text": "zebra"}, "items")]
    kept = keep("items", ["one two three four five", "four"], rules, pen(1))
    assert len(kept) == 2 and all(one.holds("items", kept) for one in rules)
    assert not rules[0].holds("items", spoil("items", kept, rules[0], pen(1)))
