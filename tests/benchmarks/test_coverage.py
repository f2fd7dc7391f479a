"""A small version of `benchmarks/coverage.py`: intervals that hold, and two samples of one kind that tie."""

from __future__ import annotations

import pytest

from benchmarks.coverage import KINDS, coverage, ties
from datagen_cli.text.embed import open_embedder


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("name", ["self_bleu", "distinct_n", "length", "balance", "compression_ratio"])
def test_intervals_hold_what_they_estimate(name: str, kind: str) -> None:
    held, _ = coverage(name, kind, trials=60, n=150, embedder=open_embedder("hashed", None))
    assert held is not None
    assert held >= 0.85


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_two_samples_of_one_kind_tie(kind: str) -> None:
    found = ties(kind, ["self_bleu", "distinct_n"], trials=20, n=120, embedder=open_embedder("hashed", None))
    assert min(found.values()) >= 0.8
