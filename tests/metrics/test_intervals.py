"""Intervals hold their value, have known widths, and know nothing of what too little would say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_cli.metrics.intervals import (
    Z,
    around,
    clip,
    group_sums,
    mean_interval,
    one_sided,
    share_interval,
    student_t,
)

SCORES = st.lists(st.floats(0, 1), min_size=2, max_size=30)


def test_of_a_symmetric_mean_it_is_student_s() -> None:
    low, high = mean_interval([0.0, 1.0, 0.0, 1.0]) or (0.0, 0.0)
    assert (low + high) / 2 == pytest.approx(0.5)
    assert high - low == pytest.approx(2 * student_t(3) * np.std([0, 1, 0, 1], ddof=1) / 2)


def test_student_s_quantiles_are_the_tabled_ones() -> None:
    assert [round(student_t(df), 2) for df in (5, 10, 19, 1000)] == [2.57, 2.23, 2.09, 1.96]


def test_a_skewed_mean_reaches_further_up_than_down() -> None:
    scores = np.random.default_rng(1).lognormal(0, 1, size=100)
    low, high = mean_interval(scores) or (0.0, 0.0)
    assert high - scores.mean() > 1.2 * (scores.mean() - low)


def test_of_a_share_it_is_wilsons() -> None:
    assert share_interval(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert share_interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert share_interval(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


def test_one_text_or_none_has_no_interval() -> None:
    assert mean_interval([]) is None
    assert mean_interval([0.5]) is None
    assert mean_interval([0.5, 0.6], ["g", "g"]) is None
    assert share_interval(0, 0) is None
    assert clip(None, 0, 1) is None


@given(SCORES, st.lists(st.sampled_from("abc"), min_size=30, max_size=30))
def test_every_interval_holds_its_value(scores: list[float], names: list[str]) -> None:
    mean = float(np.mean(scores))
    groups = names[: len(scores)]
    for interval in (mean_interval(scores), mean_interval(scores, groups)):
        assert interval is None or interval[0] <= mean <= interval[1]
    hits = sum(score > 0.5 for score in scores)
    low, high = share_interval(hits, len(scores)) or (1.0, 0.0)
    assert 0 <= low <= hits / len(scores) <= high <= 1


def test_an_interval_holds_the_value_even_beyond_what_it_may_reach() -> None:
    assert around(1.0, 0.5, 0.0, 1.0) == (pytest.approx(1 - Z / 2), 1.0)
    assert around(0.0, 0.5, 0.1, 1.0)[0] == 0.0


def test_sums_by_group_are_in_order_of_first_sight() -> None:
    assert group_sums(np.array([1.0, 2.0, 4.0]), ["b", "a", "b"]).tolist() == [5.0, 2.0]
    assert group_sums(np.array([1.0, 2.0]), None).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(("share", "n", "bound"), [(0.0, 100, (0, 0.0295)), (1.0, 100, (0.9705, 1)), (0.5, 100, None)])
def test_none_and_all_are_bounded_from_one_side(share: float, n: int, bound: tuple[float, float] | None) -> None:
    found, why = one_sided(share, n)
    assert found == (pytest.approx(bound, abs=1e-4) if bound else None)
    assert bool(why) == (bound is not None)
