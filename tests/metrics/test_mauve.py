"""MAUVE against mauve-text on the same features, and what it says of itself."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from datagen_cli.metrics import kmeans
from datagen_cli.metrics.kmeans import cluster, reduced
from datagen_cli.metrics.mauve import Mauve, mauve, score
from tests.grids import mostly_slow
from tests.metrics.given_vectors import features, texts, unit


@pytest.mark.parametrize(
    ("n", "m", "dim", "shift"),
    mostly_slow([(300, 300, 64, 0.05), (200, 400, 16, 0.3), (60, 900, 32, 0.0), (100, 100, 8, 2.0)]),
)
def test_it_agrees_with_mauve_text(n: int, m: int, dim: int, shift: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mauve import compute_mauve

        p, q = unit(n, dim, 1), unit(m, dim, 2, shift)
        expected = compute_mauve(p_features=p, q_features=q).mauve
    assert mauve(p, q) == pytest.approx(expected, abs=1e-3)


def test_it_agrees_where_clusters_run_empty() -> None:
    from mauve import compute_mauve

    p = np.repeat(unit(12, 8, 3), 25, axis=0)
    q = np.vstack([p[:150], unit(150, 8, 4)])
    assert mauve(p, q) == pytest.approx(compute_mauve(p_features=p, q_features=q).mauve, abs=1e-3)


def test_a_dataset_against_itself_is_one() -> None:
    rows = unit(400, 16)
    found = Mauve().compute(features(rows), features(rows))
    assert found.value == pytest.approx(1.0, abs=1e-9)
    assert found.interval and found.interval[0] <= 1.0 <= found.interval[1]


def test_equal_histograms_score_one_whatever_their_form() -> None:
    for counts in ([1], [1, 0, 0], [1, 1], [3, 1, 0, 4], [1] * 40):
        shares = np.asarray(counts, dtype=np.float64) / sum(counts)
        assert score(shares, shares) == pytest.approx(1.0, abs=1e-9), counts


def test_one_text_over_and_over_is_like_itself() -> None:
    rows = np.repeat(unit(1, 16), 50, axis=0)
    assert Mauve().compute(features(rows), features(rows)).value == pytest.approx(1.0, abs=1e-9)


def test_sets_are_taken_at_equal_size_and_the_signature_says_so() -> None:
    found = Mauve().compute(features(unit(500, 16)), features(unit(100, 16, 1)))
    assert found.signature == "given|buckets=10|pca=0.9|c=5|N=100+100|sampled=100 of 500"
    assert found.interval and found.value is not None
    assert found.interval[0] <= found.value <= found.interval[1]


def test_where_it_has_no_value_it_says_why() -> None:
    rows = unit(30, 4)
    assert Mauve().compute(features(rows), None).reason == "no reference given"
    assert Mauve().compute(features(rows[:5]), features(rows)).reason == "needs at least 20 rows, has 5"
    assert Mauve().compute(features(rows), texts()).reason == "reference: no rows"


def test_clusters_of_separate_heaps_are_the_heaps() -> None:
    heaps = np.repeat(10 * np.eye(4, dtype=np.float32), 25, axis=0) + unit(100, 4) * np.float32(0.1)
    labels = cluster(reduced(heaps, 0.9), 4, seed=1)
    assert [len(set(labels[start : start + 25])) for start in range(0, 100, 25)] == [1, 1, 1, 1]
    assert len(set(labels)) == 4


@pytest.mark.parametrize(("n", "apart", "k"), mostly_slow([(79, 1, 11), (70, 2, 7), (32, 15, 16)]))
def test_rounds_that_repeat_themselves_are_left_out_and_change_nothing(
    n: int, apart: int, k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = np.random.default_rng(5)
    points = drawn.normal(size=(apart, 3)).astype(np.float32)[drawn.integers(0, apart, n)]
    nearest, sums = kmeans._nearest, []

    def counted(*given: Any) -> Any:
        sums.append(1)
        return nearest(*given)

    monkeypatch.setattr(kmeans, "_nearest", counted)
    found, _ = kmeans._lloyd(points, points[:k].copy(), 500)
    assert len(sums) < 100
    every = points[:k].copy()
    for _ in range(500):
        labels = nearest(points, every)[0]
        sizes = np.bincount(labels, minlength=k)
        every = kmeans._means(points, labels, sizes)
        if not sizes.all():
            kmeans._split_empty(every, sizes, n)
    assert (found == every).all()
