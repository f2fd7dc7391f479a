"""Distinct n-grams over all n-grams."""

from __future__ import annotations

import pytest

from datagen_cli.metrics.distinct_n import DistinctN, distinct_n
from tests.metrics.given_texts import features


@pytest.mark.parametrize(
    ("texts", "n", "value"),
    [
        (["a b", "a b"], 1, 0.5),
        (["a b", "a b"], 2, 0.5),
        (["a b c", "a b d"], 2, 0.75),
        (["a A"], 1, 1.0),
        (["a", ""], 2, None),
        ([], 1, None),
    ],
)
def test_literal_values(texts: list[str], n: int, value: float | None) -> None:
    assert distinct_n(texts, n=n) == value


def test_the_measure_has_detail_and_signature() -> None:
    texts = ["a b c", "a b d", "e f g h", "a b a b"]
    measure = DistinctN().compute(features(texts), None)
    assert measure.value == distinct_n(texts)
    assert measure.detail == {str(n): distinct_n(texts, n=n) for n in (1, 2, 3)}
    assert (measure.signature, measure.direction) == ("n=2|tok=word|spaceless=char|N=4", "higher")


def test_a_group_is_left_out_as_a_whole_where_its_texts_share_nothing_with_others() -> None:
    measure = DistinctN().compute(features(["a b", "c d", "x y", "x y"], ["1", "2", "3", "3"]), None)
    assert measure.interval is not None and measure.value is not None
    assert measure.interval[0] <= measure.value == 0.75 <= measure.interval[1]


@pytest.mark.parametrize(
    ("texts", "reason"), [([], "no rows"), ([""], "no text in any row"), (["one"], "no text has 2 tokens")]
)
def test_without_an_ngram_there_is_a_reason(texts: list[str], reason: str) -> None:
    measure = DistinctN().compute(features(texts), None)
    assert (measure.value, measure.reason) == (None, reason)
