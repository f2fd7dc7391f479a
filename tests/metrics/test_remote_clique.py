"""Remote-clique against its pairwise definition, sampled above a size, and where it has no value."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from datagen_cli.metrics import remote_clique as module
from datagen_cli.metrics.remote_clique import RemoteClique, remote_clique, sample_rows
from tests.metrics.given_vectors import features, texts, unit


def test_it_equals_the_mean_over_all_ordered_pairs() -> None:
    rows = unit(700, 24).astype(np.float64)
    distances = np.sqrt(np.square(rows[:, None] - rows[None]).sum(axis=2))
    assert remote_clique(rows.astype(np.float32)) == pytest.approx(distances.mean(), abs=1e-6)


def test_two_opposite_texts_are_one_apart_on_average() -> None:
    assert remote_clique(np.asarray([[1, 0], [-1, 0]], dtype=np.float32)) == 1.0


def test_equal_texts_are_nothing_apart() -> None:
    assert remote_clique(np.repeat(unit(1, 384), 600, axis=0)) == pytest.approx(0, abs=1e-6)


def test_the_interval_holds_the_value_and_widens_with_groups() -> None:
    near = np.repeat(unit(20, 16), 5, axis=0)
    alone = RemoteClique().compute(features(near), None)
    grouped = RemoteClique().compute(features(near, groups=[str(row // 5) for row in range(100)]), None)
    assert alone.interval and grouped.interval and alone.value is not None
    assert alone.interval[0] <= alone.value <= alone.interval[1]
    assert grouped.interval[1] - grouped.interval[0] > 1.5 * (alone.interval[1] - alone.interval[0])


def test_a_large_set_is_sampled_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 200)
    vectors = unit(1000, 16)
    found = RemoteClique().compute(features(vectors), None)
    assert "sampled=200" in found.signature
    assert found.value == pytest.approx(remote_clique(vectors), abs=0.02)


def test_a_sample_depends_on_the_size_and_the_name_alone() -> None:
    assert sample_rows(1000, 50, "a").tolist() == sample_rows(1000, 50, "a").tolist()
    assert len(set(sample_rows(1000, 50, "a").tolist())) == 50
    assert sample_rows(3, 50, "a").tolist() == [0, 1, 2]


def test_without_texts_or_embedder_there_is_a_reason() -> None:
    assert RemoteClique().compute(features(None), None).reason == "no embedder"
    assert RemoteClique().compute(texts(), None).reason == "no rows"
    assert RemoteClique().compute(features(unit(1, 4)), None).reason == "needs at least 2 rows, has 1"


def test_each_pair_is_computed_once_whatever_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of n² distances and the blocks on the diagonal, and every part's sum as the definition has it."""
    computed: list[int] = []

    class Counting:
        def __getattr__(self, name: str) -> object:
            return getattr(np, name)

        def sqrt(self, values: NDArray[np.float64], out: NDArray[np.float64]) -> NDArray[np.float64]:
            computed.append(values.size)
            return np.sqrt(values, out=out)

    monkeypatch.setattr(module, "np", Counting())
    monkeypatch.setattr(module, "BLOCK", 7)
    rows = unit(100, 8)
    part_of = np.random.default_rng(3).integers(0, 5, 100)
    part_of[part_of == 2] = 4
    sums = module.distances_to(rows, part_of, 5)
    exact = rows.astype(np.float64)
    distances = np.sqrt(np.maximum(np.square(exact[:, None] - exact[None]).sum(axis=2), 0.0))
    for part in range(5):
        assert sums[:, part] == pytest.approx(distances[:, part_of == part].sum(axis=1), abs=1e-6)
    assert sum(computed) <= 100 * (100 + 7) // 2
