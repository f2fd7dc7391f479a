"""APS against the mean over pairs."""

from __future__ import annotations

import numpy as np
import pytest

from datagen_cli.metrics.aps import Aps, aps
from tests.metrics.given_vectors import features, unit


def test_it_equals_the_mean_cosine_of_pairs() -> None:
    rows = unit(300, 24).astype(np.float64)
    pairs = (rows @ rows.T)[np.triu_indices(300, 1)]
    assert aps(rows.astype(np.float32)) == pytest.approx(pairs.mean(), abs=1e-6)


def test_equal_texts_have_one_and_opposite_ones_minus_one() -> None:
    assert aps(np.repeat(unit(1, 8), 5, axis=0)) == pytest.approx(1, abs=1e-6)
    assert aps(np.asarray([[1, 0], [-1, 0]], dtype=np.float32)) == -1


def test_the_measure_says_what_it_is() -> None:
    found = Aps().compute(features(unit(50, 8)), None)
    assert found.direction == "lower"
    assert found.signature == "given|pairs=i<j|N=50"
    assert found.interval and found.value is not None
    assert found.interval[0] <= found.value <= found.interval[1]
    assert Aps().compute(features(None), None).reason == "no embedder"
