"""Constraint sentences: read as the constraints write them, kept with little change, broken on purpose."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_cli.llm.simulation.rules import Rule, broken, keep, measure, read_rules

FIELDS = ("text", "answer", "a: b")


def rule(sentence: str) -> Rule:
    (found,) = read_rules(sentence, FIELDS)
    return found


@pytest.mark.parametrize(
    ("sentence", "good", "bad"),
    [
        ("text: at least 2 words, at most 3 words", "one two", "one"),
        ("text: at most 5 characters", "12345", "123456"),
        ("text: at least 3 tokens", "123456789", "1234"),
        (r"text: matches the regular expression ^\d+$", "12", "twelve"),
        ("text: matches the regular expression yes (any case)", "YES", "no"),
        ('text: contains all of "a b", "c"', "c, A B", "a b"),
        ('text: contains one of "x", "y"', "xyz", "abc"),
        ('text: contains "Q" (case counts)', "Q", "q"),
        ('text: does not contain "bad", "worse"', "good", "Bad luck"),
        ('text: one of "red", "blue", 3', "red", "Red"),
        ("answer: at least 0, at most 100", 100, 101),
        ("answer: more than 0, less than 1", 0.5, 0),
        ("answer: a whole number", 4, 4.5),
        ("answer: at least -3, a whole number", -3, -4),
        ("a: b: at most 1 words", "one", "one two"),
    ],
)
def test_a_sentence_is_read(sentence: str, good: Any, bad: Any) -> None:
    assert rule(sentence).holds(good)
    assert not rule(sentence).holds(bad)


def test_other_sentences_are_left_to_a_reader() -> None:
    for sentence in (
        "text: different in every record",
        "text: in English (en)",
        "The text is kind.",
        "nobody: at most 3 words",
    ):
        assert rule(sentence).kind in ("unique", "language", "ask")
        assert rule(sentence).holds("anything")


def test_units_of_one_sentence_become_a_rule_each() -> None:
    found = read_rules("text: at least 2 words, at most 40 characters", FIELDS)
    assert [(one.unit, one.low, one.high) for one in found] == [("words", 2, None), ("characters", None, 40)]


SENTENCES = [
    "text: at least 12 words, at most 20 words",
    "text: at most 40 characters",
    "text: at least 90 characters, at most 100 characters",
    r"text: matches the regular expression [.?!]$",
    r"text: matches the regular expression ^[A-Z]",
    'text: contains all of "umbrella", "seven"',
    'text: does not contain "the", "a lot"',
    'text: one of "red", "blue"',
]


@given(
    st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), max_size=300),
    st.sampled_from(SENTENCES),
    st.integers(0, 99),
)
def test_any_text_can_be_made_to_keep_a_rule(text: str, sentence: str, seed: int) -> None:
    rng = random.Random(seed)
    one = rule(sentence)
    assert one.holds(keep(rng, text, [one], lambda: "It rains in Lisbon today."))


def test_a_text_that_keeps_its_rules_is_not_touched() -> None:
    text = "The umbrella costs seven euros, says Ann, and that is all of that."
    rules = [rule(SENTENCES[0]), rule(SENTENCES[5])]
    assert keep(random.Random(1), text, rules, lambda: "More.") == text


def test_rules_hold_together() -> None:
    rules = [rule(sentence) for sentence in (SENTENCES[0], SENTENCES[3], SENTENCES[5], 'text: does not contain "hat"')]
    for seed in range(50):
        text = keep(random.Random(seed), "A hat is a hat", rules, lambda: "It rains in Lisbon today.")
        assert all(one.holds(text) for one in rules), text


def test_numbers_are_moved_into_their_range() -> None:
    rules = [
        rule("answer: more than 3, at most 9, a whole number"),
        rule(r"answer: matches the regular expression ^[468]$"),
    ]
    for seed in range(30):
        assert keep(random.Random(seed), 77.5, rules, str) in (4, 6, 8)


def test_items_of_a_list_are_kept_each() -> None:
    rules = [rule("text: at most 2 words"), rule('text: contains "zebra"')]
    kept = keep(random.Random(1), ["one two three", "four"], rules, str)
    assert all(one.holds(kept) for one in rules)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_rule_can_be_broken_on_purpose(sentence: str) -> None:
    one = rule(sentence)
    for seed in range(20):
        text = keep(random.Random(seed), "Once there was a small boat.", [one], lambda: "It rains in Lisbon today.")
        spoiled = broken(random.Random(seed), text, one, lambda: "It rains in Lisbon today.")
        assert isinstance(spoiled, str) and spoiled and not one.holds(spoiled)


def test_measures() -> None:
    assert [measure("It's 3.5 km, well-known.", unit) for unit in ("words", "characters", "tokens")] == [4, 24, 6]
