"""Occurrences of a distinct 3-gram."""

from __future__ import annotations

import pytest

from datagen_cli.metrics.ingf import Ingf, ingf
from tests.metrics.given_texts import features


@pytest.mark.parametrize(
    ("texts", "value"),
    [
        (["a b c d", "a b c"], 1.5),
        (["a b c"] * 4, 4.0),
        (["a b c", "d e f"], 1.0),
        (["a a a a"], 2.0),
        (["a b", ""], None),
        ([], None),
    ],
)
def test_literal_values(texts: list[str], value: float | None) -> None:
    assert ingf(texts) == value


def test_the_measure_has_detail_and_signature() -> None:
    texts = ["a b c d", "a b c e f", "g h i j", "a b c"]
    measure = Ingf().compute(features(texts), None)
    assert measure.value == ingf(texts)
    assert (measure.signature, measure.direction) == ("n=3|tok=word|spaceless=char|N=4", "lower")
    assert measure.detail == {"distinct": 6, "total": 8}


@pytest.mark.parametrize(("texts", "reason"), [([], "no rows"), (["one two"], "no text has 3 tokens")])
def test_without_a_3gram_there_is_a_reason(texts: list[str], reason: str) -> None:
    measure = Ingf().compute(features(texts), None)
    assert (measure.value, measure.reason) == (None, reason)


def test_equal_texts_have_their_number_and_an_interval_with_it() -> None:
    measure = Ingf().compute(features(["a b c d"] * 5), None)
    assert measure.value == 5.0
    assert measure.interval is not None
    assert measure.interval[0] <= 5.0 <= measure.interval[1]
