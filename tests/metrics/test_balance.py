"""Entropy of the labels over its maximum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from datagen_cli.core.fields import spellings
from datagen_cli.metrics.balance import Balance, balance
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features


def features(labels: Sequence[Any], groups: Sequence[str] | None = None) -> Features:
    return Features(Dataset("d", [{"t": "x", "l": label} for label in labels], ["t"], "l", groups=groups))


@pytest.mark.parametrize(
    ("counts", "value"),
    [
        ([5, 5], 1.0),
        ([1, 1, 1, 1], 1.0),
        ([10, 0], 0.0),
        ([3, 1], -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))),
        ([4], None),
        ([], None),
        ([0, 0], None),
    ],
)
def test_literal_values(counts: list[int], value: float | None) -> None:
    assert balance(counts) == (None if value is None else pytest.approx(value))


def test_labels_are_counted_as_written_and_rows_without_one_are_named() -> None:
    measure = Balance().compute(features([1, "1", True, None, ""]), None)
    assert measure.detail == {"labels": {"1": 2, "true": 1}, "unlabelled": 2}
    assert measure.value == balance([2, 1])
    assert (measure.signature, measure.direction) == ("labels=2|case=folded|N=5", "higher")


def test_spellings_of_a_label_are_one_label_shown_as_most_rows_write_it() -> None:
    measure = Balance().compute(features(["Sports", "sports", "Sports ", "World", "world", "world"]), None)
    assert measure.detail["labels"] == {"Sports": 3, "world": 3}
    assert measure.value == 1


def test_a_label_in_composed_and_decomposed_letters_is_one_label() -> None:
    composed, apart = "caf\u00e9", "cafe\u0301"
    measure = Balance().compute(features([composed, composed, apart, "bar", "bar", "BAR"]), None)
    assert measure.detail["labels"] == {composed: 3, "bar": 3}
    assert spellings([composed, apart]) == f"{apart!r} and {composed!r}"


def test_rows_in_groups_of_their_own_have_the_same_interval_as_without() -> None:
    labels = ["a"] * 20 + ["b"] * 6
    alone = Balance().compute(features(labels), None)
    grouped = Balance().compute(features(labels, [str(row) for row in range(26)]), None)
    assert alone.interval is not None
    assert grouped.interval == pytest.approx(alone.interval)
    pairs = Balance().compute(features(labels, [str(row // 2) for row in range(26)]), None)
    assert pairs.interval != pytest.approx(alone.interval)


def test_a_label_that_only_the_reference_has_counts_as_one_without_rows() -> None:
    measure = Balance().compute(features(["a", "b"] * 3), features(["a", "b", "c"]))
    assert measure.value == pytest.approx(math.log(2) / math.log(3))
    assert measure.detail["labels"] == {"a": 3, "b": 3, "c": 0}


def test_a_reference_with_labels_of_another_kind_changes_nothing() -> None:
    assert Balance().compute(features(["a", "b"]), features(["x", "y", "z"])).value == 1.0


def test_one_label_is_told_from_none_and_from_free_answers() -> None:
    assert Balance().compute(features(["a", "a"]), None).reason == "every row has the same l"
    assert Balance().compute(features([None, ""]), None).reason == "no row has a value for l"
    assert Balance().compute(features(list(range(100))), None).reason == "l has 100 values: no classes"
    assert Balance().compute(features([]), None).reason == "no rows"
    unlabelled = Features(Dataset("d", [{"t": "x"}], ["t"]))
    assert Balance().compute(unlabelled, None).reason == "no label field"


def test_one_label_against_a_reference_of_two_is_all_out_of_balance() -> None:
    assert Balance().compute(features(["a", "a"]), features(["a", "b"])).value == 0.0


def test_labels_as_even_as_chance_makes_them_have_a_bound_instead_of_an_interval() -> None:
    even = Balance().compute(features(["a", "b"] * 50), None)
    assert even.interval is None
    assert even.no_interval.startswith("labels as even as chance makes them")
    assert even.bound is not None and 0.9 < even.bound[0] < 1 == even.bound[1]
    of_six = Balance().compute(features([*"abcdef"] * 50), None)
    assert of_six.value == 1.0 and of_six.bound is not None and 0.98 < of_six.bound[0] < 1 == of_six.bound[1]
    uneven = Balance().compute(features(["a"] * 70 + ["b"] * 30), None)
    assert uneven.interval is not None and uneven.bound is None


def test_labels_that_are_equally_frequent_stand_in_the_order_of_their_names() -> None:
    measure = Balance().compute(features(["b", "c", "c", "a", "b", "a"]), None)
    assert list(measure.detail["labels"]) == ["a", "b", "c"]
