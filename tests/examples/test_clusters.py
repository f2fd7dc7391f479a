"""Examples from different clusters: coverage of planted ones, turns for every row, bases without clusters."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from datagen_cli.examples import grouping
from datagen_cli.examples.clusters import Clusters
from datagen_cli.examples.random import Random
from tests.grids import mostly_slow

Planted = tuple[NDArray[np.float32], NDArray[np.int64]]


def planted(rows: int, *, shares: tuple[float, ...] = (0.6, 0.3, 0.1), spread: float = 1.0, seed: int = 1) -> Planted:
    """Unit vectors around as many centres, in shuffled order, and the cluster of each. `spread` is noise per centre."""
    source, dim = np.random.default_rng(seed), 384
    centres = source.standard_normal((len(shares), dim)) / np.sqrt(dim)
    sizes = [round(share * rows) for share in shares]
    truth = source.permutation(np.repeat(np.arange(len(shares)), sizes))
    points = centres[truth] + spread * source.standard_normal((len(truth), dim)) / np.sqrt(dim)
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32), truth


def uniform(rows: int, dim: int = 64) -> NDArray[np.float32]:
    points = np.random.default_rng(5).standard_normal((rows, dim))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("rows", [50, 100, 500, 2000])
@pytest.mark.parametrize("spread", [0.3, 1.5])
def test_three_unequal_clusters_are_all_in_every_draw(rows: int, spread: float) -> None:
    vectors, truth = planted(rows, spread=spread, seed=rows)
    clusters, random = Clusters(seed=7, vectors=vectors, k=3), Random(seed=7, rows=rows, k=3)
    covered = sum(len({truth[row] for row in clusters.draw(slot, 1)}) == 3 for slot in range(300))
    beside = sum(len({truth[row] for row in random.draw(slot, 1)}) == 3 for slot in range(300))
    print(f"{rows} rows, spread {spread}: clusters {covered} of 300 draws, random {beside}")
    assert clusters.notes == ()
    assert (clusters.clusters, covered) == (3, 300)
    assert beside < 100


def test_noise_between_the_clusters_costs_no_coverage() -> None:
    vectors, truth = planted(400, spread=0.5)
    both = np.concatenate([vectors, uniform(20, 384)])
    found = Clusters(seed=1, vectors=both, k=3)
    for slot in range(300):
        shown = found.draw(slot, 1)
        assert len(set(shown)) == 3
    pure = [slot for slot in range(300) if all(row < 400 for row in found.draw(slot, 1))]
    assert len(pure) > 200
    assert all(len({truth[row] for row in found.draw(slot, 1)}) == 3 for slot in pure)


def test_a_place_always_draws_the_same_and_another_place_another() -> None:
    vectors, _ = planted(200)
    found, again = Clusters(seed=7, vectors=vectors, k=3), Clusters(seed=7, vectors=vectors.copy(), k=3)
    places = [(slot, attempt) for slot in range(20) for attempt in (1, 2, 3)]
    draws = [found.draw(*place) for place in places]
    assert draws == [again.draw(*place) for place in reversed(places)][::-1]
    assert len({frozenset(drawn) for drawn in draws}) == len(draws)
    assert found.draw(0, 1) != Clusters(seed=8, vectors=vectors, k=3).draw(0, 1)


def test_medoids_come_first_and_every_row_gets_its_turn() -> None:
    vectors, truth = planted(120, spread=0.5)
    found = Clusters(seed=3, vectors=vectors, k=3)
    first = found.draw(0, 1)
    for row in first:
        members = vectors[truth == truth[row]]
        distances = np.linalg.norm(members - members.mean(axis=0), axis=1)
        assert np.linalg.norm(vectors[row] - members.mean(axis=0)) == pytest.approx(distances.min())
    largest = Counter(truth.tolist())[0]
    seen = Counter(row for slot in range(largest) for row in found.draw(slot, 1))
    assert set(seen) == set(range(120))


@pytest.mark.parametrize(("shares", "k"), mostly_slow([((0.3, 0.3, 0.2, 0.2), 3), ((0.2,) * 5, 2), ((0.25,) * 4, 4)]))
def test_with_more_clusters_than_k_no_draw_takes_one_twice_and_all_take_turns(
    shares: tuple[float, ...], k: int
) -> None:
    vectors, truth = planted(200, shares=shares, spread=0.4)
    found = Clusters(seed=3, vectors=vectors, k=k)
    assert found.clusters >= k
    shown: Counter[int] = Counter()
    for slot in range(400):
        drawn = found.draw(slot, 1)
        assert len(drawn) == len(set(drawn)) == k
        shown.update({int(truth[row]) for row in drawn})
        if found.clusters == len(shares):
            assert len({truth[row] for row in drawn}) == k
    assert set(shown) == set(range(len(shares)))
    assert {row for slot in range(2000) for row in found.draw(slot, 1)} == set(range(200))


def test_noise_gets_its_turns_too() -> None:
    vectors, _ = planted(300, shares=(0.4, 0.3, 0.2, 0.1), spread=0.4)
    both = np.concatenate([vectors, uniform(15, 384)])
    found = Clusters(seed=3, vectors=both, k=3)
    seen = Counter(row for slot in range(4000) for row in found.draw(slot, 1))
    assert set(seen) == set(range(315))


def test_too_few_clusters_fall_back_to_farthest_first_and_say_so() -> None:
    vectors = uniform(40)
    found = Clusters(seed=3, vectors=vectors, k=12)
    assert found.clusters < 12
    assert len(found.notes) == 1
    assert "fewer than k = 12" in found.notes[0]
    assert "farthest-first" in found.notes[0]
    draws = [found.draw(slot, 1) for slot in range(40)]
    assert all(len(set(drawn)) == 12 for drawn in draws)
    assert {row for drawn in draws for row in drawn} == set(range(40))
    random = Random(seed=3, rows=40, k=12)

    def nearest(drawn: tuple[int, ...]) -> float:
        likeness = vectors[list(drawn)] @ vectors[list(drawn)].T
        return float((likeness - 2 * np.eye(12)).max())

    apart = np.mean([nearest(drawn) for drawn in draws])
    assert apart < np.mean([nearest(random.draw(slot, 1)) for slot in range(40)])


def test_two_clusters_and_k_of_three_still_show_both() -> None:
    vectors, truth = planted(200, shares=(0.8, 0.2), spread=0.05)
    twins = Clusters(seed=3, vectors=np.round(vectors, 2), k=150)
    assert twins.notes
    found = Clusters(seed=3, vectors=vectors, k=3)
    assert all(len({truth[row] for row in found.draw(slot, 1)}) == 2 for slot in range(300))


def test_equal_rows_and_small_bases_work() -> None:
    same = np.ones((30, 8), dtype=np.float32) / np.sqrt(8)
    found = Clusters(seed=1, vectors=same, k=4)
    assert found.notes
    assert {len(set(found.draw(slot, 1))) for slot in range(30)} == {4}
    assert sorted(Clusters(seed=1, vectors=uniform(3), k=5).draw(0, 1)) == [0, 1, 2]
    assert Clusters(seed=1, vectors=uniform(3), k=5).notes == ()
    assert Clusters(seed=1, vectors=np.zeros((0, 8), dtype=np.float32), k=3).draw(0, 1) == ()
    assert len(Clusters(seed=1, vectors=uniform(2), k=1).draw(5, 2)) == 1
    doubled = np.concatenate([planted(60)[0]] * 2)
    assert len(set(Clusters(seed=1, vectors=doubled, k=3).draw(0, 1))) == 3


def test_labels_take_turns_within_a_cluster() -> None:
    vectors, _ = planted(120, spread=0.5)
    labels = ["rare" if row % 10 == 0 else "usual" for row in range(120)]
    found = Clusters(seed=3, vectors=vectors, k=3, labels=labels)
    early = Counter(labels[row] for slot in range(1, 4) for row in found.draw(slot, 1))
    assert early["rare"] >= 3
    assert {row for slot in range(200) for row in found.draw(slot, 1)} == set(range(120))


def test_above_a_size_a_sample_is_grouped_and_the_rest_joins_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "SAMPLED_ABOVE", 300)
    vectors, truth = planted(1000, spread=0.5)
    found = grouping.group_rows(vectors, 3, seed=1)
    assert len(found.groups) == 3
    assert sum(map(len, found.groups)) + len(found.noise) == 1000
    assert len(found.noise) < 100
    for group in found.groups:
        assert len({truth[row] for row in group}) == 1
    both = Clusters(seed=1, vectors=vectors, k=3)
    assert all(len({truth[row] for row in both.draw(slot, 1)}) == 3 for slot in range(300))
