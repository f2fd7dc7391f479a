"""Performance gap recovered: the known figure, the guard, intervals from the same draws, ties."""

from __future__ import annotations

import math

import numpy as np
import pytest

from datagen_cli.bench.gap import (
    Estimate,
    GapTooSmall,
    compared,
    mean_hits,
    performance_gap_recovered,
    ranks,
    recovered,
)
from datagen_cli.core.errors import DatagenError


def hits(rate: float, seeds: int = 3, items: int = 400, start: int = 0) -> np.ndarray:
    return (np.random.default_rng(start).random((seeds, items)) < rate).astype(float)


def test_the_published_example() -> None:
    assert performance_gap_recovered(28.08, 19.84, 34.60) == pytest.approx(55.83, abs=0.005)


def test_base_is_0_reference_100_and_both_can_be_passed() -> None:
    assert performance_gap_recovered(0.25, 0.25, 0.75) == 0
    assert performance_gap_recovered(0.75, 0.25, 0.75) == 100
    assert performance_gap_recovered(0.0, 0.25, 0.75) == -50
    assert performance_gap_recovered(1.0, 0.25, 0.75) == 150


@pytest.mark.parametrize(
    ("base", "reference", "gap_se"),
    [
        (0.5, 0.4, 0.0),
        (0.5, 0.5, 0.0),
        (0.5, 0.5 + 1e-12, 0.0),
        (0.5, 0.59, 0.05),
        (0.0, 0.1, 0.05),  # exactly twice the error
        (0.5, math.nan, 0.0),
        (math.nan, 0.5, 0.0),
        (0.5, 0.9, math.nan),
    ],
)
def test_the_guard_refuses_a_reference_that_is_not_clearly_better(base: float, reference: float, gap_se: float) -> None:
    with pytest.raises(GapTooSmall) as caught:
        performance_gap_recovered(0.6, base, reference, gap_se=gap_se)
    assert isinstance(caught.value, DatagenError) and caught.value.exit_code == 2 and caught.value.advice


def test_the_guard_lets_a_clear_gap_pass() -> None:
    assert performance_gap_recovered(0.6, 0.5, 0.7, gap_se=0.09) == pytest.approx(50)
    assert performance_gap_recovered(2e-10, 0.0, 4e-10, min_gap=1e-10) == pytest.approx(50)


def test_a_score_that_is_no_number_is_no_result() -> None:
    with pytest.raises(ValueError, match="no number"):
        performance_gap_recovered(math.nan, 0.1, 0.9)


def test_hits_give_the_value_of_their_means_with_an_interval_that_holds_it() -> None:
    student, base, reference = hits(0.7, start=1), hits(0.25, start=2), hits(0.85, start=3)
    found = recovered(student, base, reference)
    assert found.value == pytest.approx(
        100 * (student.mean() - base.mean()) / (reference.mean() - base.mean()), rel=1e-12
    )
    low, high = found.interval
    assert low < found.value < high
    assert high - low < 25


def test_the_gap_of_noise_is_refused() -> None:
    base, reference = hits(0.5, items=60, start=4), hits(0.52, items=60, start=5)
    with pytest.raises(GapTooSmall):
        recovered(hits(0.5, items=60, start=6), base, reference)


@pytest.mark.slow
def test_the_interval_covers_what_it_estimates() -> None:
    covered = 0
    for trial in range(60):
        student, base = hits(0.6, 3, 200, 3 * trial + 1000), hits(0.25, 3, 200, 3 * trial + 1001)
        low, high = recovered(student, base, hits(0.85, 3, 200, 3 * trial + 1002)).interval
        covered += low <= 100 * 0.35 / 0.6 <= high
    assert covered >= 50


def test_differences_are_paired() -> None:
    shared = hits(0.6, items=500, start=7)
    worse = shared.copy()
    worse[:, :15] = 0.0
    one, other = mean_hits(shared), mean_hits(worse)
    value, (low, high), better = compared(one, other)
    assert better == 1 and 0 < low <= value <= high
    unpaired = one.interval[1] - one.interval[0]
    assert high - low < unpaired / 2


def test_a_generator_against_itself_is_a_tie() -> None:
    one = mean_hits(hits(0.6, start=8))
    assert compared(one, one) == (0.0, (0.0, 0.0), 0)
    assert ranks([one, one]) == [1, 1]


def test_ranks_share_a_place_where_no_interval_tells_apart() -> None:
    base = hits(0.8, items=800, start=9)
    slightly = base.copy()
    slightly[0, 0] = 1.0 - slightly[0, 0]
    much = base * hits(0.7, items=800, start=10)
    found: list[Estimate] = [mean_hits(item) for item in (much, base, slightly)]
    assert ranks(found) == [3, 1, 1]
    assert ranks(found, higher=False) == [1, 2, 2]
