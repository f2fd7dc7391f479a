"""The measure of some parts is that of their rows measured anew; the error is the standard error where texts act alone
and does not count twice what two texts do together."""

from __future__ import annotations

import random

import numpy as np
import pytest

from datagen_cli.catalog import CATALOG
from datagen_cli.core.registry import load
from datagen_cli.evaluation.compare import compare
from datagen_cli.evaluation.evaluate import FeatureViews
from datagen_cli.evaluation.load import Loaded
from datagen_cli.evaluation.subsets import Part
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.intervals import student_t
from datagen_cli.metrics.parts import (
    ByParts,
    Parts,
    _halves,
    _times_of_pairs,
    deal,
    means,
    parts_interval,
    standard_error,
)
from datagen_cli.text.embed import open_embedder
from tests.grids import mostly_slow

COMPARED = [name for name in CATALOG["metrics"] if load("metrics", name).compared]
WORDS = "red red red green blue 的 ตา C++ 1.5 Paris Alice x".split()  # noqa: SIM905
FIXED = {"mauve": "its buckets stay", "safety": "what is far outside is decided once"}


def corpus(n: int, seed: int) -> Features:
    """Templates, repeats of words and of texts, names, odd characters, uneven labels."""
    rng = random.Random(seed)
    rows = []
    for _ in range(n):
        words = rng.choices(WORDS, k=rng.randint(0, 12))
        if rng.random() < 0.4:
            words = ["the", "cat", "sat", "on", "the", rng.choice(["mat", "rug"]), "in", rng.choice(["Oslo", "Rome"])]
        rows.append({"text": " ".join(words), "label": rng.choice("aaabbc")})
    return Features(Dataset("corpus", rows, ["text"], "label"), embedder=open_embedder("hashed", None))


@pytest.mark.parametrize("name", sorted(set(COMPARED) - set(FIXED)))
@pytest.mark.parametrize(("n", "seed"), mostly_slow([(40, 1), (90, 2), (9, 3)]))
def test_of_some_parts_it_is_the_measure_of_their_rows(name: str, n: int, seed: int) -> None:
    features, reference = corpus(n, seed), corpus(20, 100 + seed)
    metric, parts = load("metrics", name)(), features.parts
    assert parts is not None
    if metric.compute(features, reference).value is None:
        pytest.skip("no value")
    measured = metric.by_parts(features, reference, parts)
    assert measured is not None
    of = parts.fewer(measured.count).of
    rng = np.random.default_rng(seed)
    for _ in range(12):
        keep = rng.random(measured.count) < 0.6
        rows = np.flatnonzero(keep[of])
        if len(rows) < 2:
            continue
        anew = metric.compute(Part(features, rows.tolist()), reference).value
        given = measured.value(keep)
        if anew is not None:
            assert given == pytest.approx(anew, rel=1e-6, abs=1e-9)


@pytest.mark.slow
def test_every_measure_that_is_compared_knows_its_parts() -> None:
    """Measuring each part anew took thirty seconds for two thousand rows."""
    features, reference = corpus(60, 7), corpus(60, 8)
    assert features.parts is not None
    for name in COMPARED:
        assert load("metrics", name)().by_parts(features, reference, features.parts) is not None, name


@pytest.mark.parametrize("count", [8, 16, 32])
def test_every_two_halves_share_half_of_their_parts(count: int) -> None:
    halves = np.array(_halves(count)).astype(int)
    shared = halves @ halves.T
    assert len(halves) == count - 1
    assert (np.diag(shared) == count // 2).all()
    assert (shared[~np.eye(count - 1, dtype=bool)] == count // 4).all()


def test_of_a_mean_it_is_the_standard_error() -> None:
    scores = np.random.default_rng(0).normal(5, 1, size=6400)
    parts = deal([str(row) for row in range(len(scores))])
    assert parts is not None and parts.count == 32
    assert standard_error(means(scores, parts)) == pytest.approx(1 / 80, rel=0.35)
    by_part = parts.sums(scores) / 200
    assert standard_error(means(scores, parts)) == pytest.approx(by_part.std(ddof=1) / 32**0.5, rel=1e-6)


@pytest.mark.parametrize(("only_pairs", "most"), [(False, 1.25), (True, 1.1)])
def test_what_pairs_do_is_not_counted_twice(only_pairs: bool, most: float) -> None:
    """128 of 2,000 texts in pairs: the true error of the number of pairs is that of a Poisson count, 8; the plain
    jackknife says 11."""
    rng = np.random.default_rng(1)
    found = []
    for _ in range(40):
        parts = deal([str(row) for row in range(2000)])
        assert parts is not None
        pairs = parts.of[rng.permutation(2000)[:128]].reshape(64, 2)

        def pairs_of(keep: np.ndarray, pairs: np.ndarray = pairs) -> float:
            return float(keep[pairs].all(axis=1).sum())

        found.append(standard_error(ByParts(pairs_of, parts.count, pairs=only_pairs)) or 0.0)
    assert 8 * 0.9 < np.mean(found) < 8 * most


def test_where_texts_act_alone_or_in_pairs_what_pairs_do_is_taken_off_once() -> None:
    assert [_times_of_pairs(apart) for apart in (0.4, 0.5, 0.6, 0.75, 0.9)] == pytest.approx([1, 1, 1.25, 2, 2])


def test_a_count_with_no_difference_has_no_error() -> None:
    parts = deal([str(row) for row in range(64)])
    assert parts is not None
    assert standard_error(means(np.ones(64), parts)) == 0.0


def test_the_same_names_have_the_same_parts_and_few_rows_one_each() -> None:
    names = [f"r{row}" for row in range(70)]
    first, second = deal(names), deal(names[::-1])
    assert first is not None and second is not None
    assert first.of.tolist() == second.of[::-1].tolist()
    few = deal(["a", "b", "a"])
    assert few is not None and few.count == 2 and few.of[0] == few.of[2] != few.of[1]
    assert deal(["a", "a"]) is None


def test_an_interval_stays_within_what_there_can_be_and_holds_its_value() -> None:
    parts = Parts(np.arange(4), 4)
    measured = means(np.array([0.0, 0.1, 0.0, 0.9]), parts)
    low, high = parts_interval(0.25, measured, 0.0, 1.0) or (1.0, 0.0)
    assert 0.0 < low < 0.25 < high < 1.0
    low, high = parts_interval(1.5, measured, 1.0) or (0.0, 0.0)
    assert 1.0 < low < 1.5 < high
    error = standard_error(measured) or 0.0
    assert parts_interval(0.25, measured) == pytest.approx((0.25 - student_t(3) * error, 0.25 + student_t(3) * error))


@pytest.mark.parametrize("most", [10, 64, 1000])
def test_a_sample_takes_about_as_many_of_each_part(most: int) -> None:
    parts = deal([str(row) for row in range(200)])
    assert parts is not None
    rows = parts.drawn(most)
    counts = np.bincount(parts.of[rows], minlength=parts.count)
    assert counts.min() >= 1
    assert counts.max() - counts.min() <= 1
    assert len(rows) <= max(most, parts.count) + parts.count


@pytest.mark.slow
def test_two_samples_compare_without_measuring_a_part_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a part was measured anew")

    monkeypatch.setattr("datagen_cli.evaluation.compare.Part", refuse)
    embedder = open_embedder("hashed", None)
    sides = [FeatureViews(Loaded(corpus(60, seed).dataset, 60), embedder) for seed in (1, 2)]
    reference = FeatureViews(Loaded(corpus(60, 3).dataset, 60), embedder)
    found = compare(sides[0], sides[1], reference, COMPARED, lambda text: None)["metrics"]
    assert all("interval" in item for item in found.values()), found
