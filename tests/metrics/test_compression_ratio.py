"""How much gzip saves."""

from __future__ import annotations

import gzip
import random

import pytest

from datagen_cli.metrics.compression_ratio import CompressionRatio, compression_ratio
from tests.metrics.given_texts import features


def varied(count: int) -> list[str]:
    rng = random.Random(0)
    return ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz ", k=80)) for _ in range(count)]


def test_it_is_raw_bytes_over_gzip_bytes() -> None:
    texts = ["été", "x" * 50]
    raw = ("été\n" + "x" * 50).encode()
    assert compression_ratio(texts) == len(raw) / len(gzip.compress(raw, 6))


def test_equal_texts_compress_far_better_than_varied_ones() -> None:
    different = compression_ratio(varied(200))
    alike = compression_ratio(varied(1) * 200)
    assert different is not None and alike is not None
    assert different < 2 < 50 < alike


@pytest.mark.parametrize("texts", [[], ["", ""]])
def test_no_text_has_no_ratio(texts: list[str]) -> None:
    assert compression_ratio(texts) is None


def test_half_a_surrogate_pair_is_measured_too() -> None:
    assert compression_ratio(["\ud800 broken"]) is not None


def test_the_interval_holds_the_value() -> None:
    measure = CompressionRatio().compute(features(varied(150) + varied(1) * 50), None)
    assert measure.interval is not None and measure.value is not None
    assert measure.interval[0] < measure.value < measure.interval[1]
    assert (measure.signature, measure.direction) == ("gzip=6|N=200", "lower")


def test_few_texts_have_a_value_without_interval() -> None:
    measure = CompressionRatio().compute(features(["one text only"]), None)
    assert measure.value is not None
    assert measure.interval is None


def test_no_rows_give_a_reason() -> None:
    assert CompressionRatio().compute(features([]), None).reason == "no rows"
