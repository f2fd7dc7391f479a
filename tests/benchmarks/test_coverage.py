"""A small version of `benchmarks/coverage.py`: intervals that hold, and two samples of one kind that tie."""

from __future__ import annotations

import pytest

from benchmarks.coverage import held, intervals, verdicts

NAMELESS = ("forms", "entity_entropy")
"""A kind whose texts hold no names, and the measure that has no value of them."""
NAMES = ("self_bleu", "distinct_n", "ingf", "length", "aps", "entity_entropy")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["news", "skewed", "forms"])
def test_intervals_hold_what_they_estimate(kind: str) -> None:
    found = [intervals(kind, trial, 200) for trial in range(30)]
    for name in NAMES:
        share, _ = held([one[name] for one in found])
        assert (share is None) == ((kind, name) == NAMELESS), name
        assert share is None or share >= 0.8, name


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["templated", "forms"])
def test_two_samples_of_one_kind_tie(kind: str) -> None:
    found = [verdicts(kind, trial, 120) for trial in range(12)]
    for name in NAMES:
        ties = [one[name] for one in found].count("tie")
        assert ties == 0 if (kind, name) == NAMELESS else ties >= 9, name
