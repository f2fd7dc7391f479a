"""Distributions of lengths."""

from __future__ import annotations

import pytest

from datagen_cli.metrics.length import Length, distribution
from tests.metrics.given_texts import features


def test_the_headline_is_mean_words() -> None:
    measure = Length().compute(features(["one two three", "well-known don't", "北京", ""]), None)
    assert measure.value == 1.75
    assert (measure.signature, measure.direction) == ("unit=word|N=4", "none")
    assert measure.detail["empty"] == 1
    assert measure.detail["characters"]["max"] == 16
    assert measure.detail["tokens"]["max"] == 6
    assert measure.interval is not None
    assert 0 <= measure.interval[0] <= 1.75 <= measure.interval[1]


def test_a_distribution_has_percentiles_and_a_histogram_of_whole_bins() -> None:
    found = distribution(range(101))
    assert (found["min"], found["p5"], found["p50"], found["p95"], found["max"]) == (0, 5.0, 50.0, 95.0, 100)
    assert found["histogram"] == {"start": 0, "width": 8, "counts": [8] * 12 + [5]}
    assert distribution([21, 61])["histogram"] == {"start": 20, "width": 4, "counts": [1, *[0] * 9, 1]}
    assert distribution([19, 40])["histogram"]["counts"] == [1, *[0] * 10, 1]
    assert distribution([7])["histogram"] == {"start": 7, "width": 1, "counts": [1]}


@pytest.mark.parametrize(("texts", "reason"), [([], "no rows"), (["", ""], "no text in any row")])
def test_no_text_gives_a_reason(texts: list[str], reason: str) -> None:
    measure = Length().compute(features(texts), None)
    assert (measure.value, measure.reason) == (None, reason)


def test_one_text_has_a_length_without_interval() -> None:
    measure = Length().compute(features(["a b"]), None)
    assert (measure.value, measure.interval) == (2.0, None)
