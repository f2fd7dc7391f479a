"""The Vendi score against the eigenvalues of the n × n kernel, with few and with many texts."""

from __future__ import annotations

import numpy as np
import pytest

from datagen_cli.metrics.vendi import Vendi, vendi
from tests.metrics.given_vectors import features, unit


@pytest.mark.parametrize(("n", "dim"), [(200, 32), (32, 200), (40, 40), (1, 5)])
def test_it_equals_the_pairwise_definition(n: int, dim: int) -> None:
    rows = unit(n, dim).astype(np.float64)
    values = np.linalg.eigvalsh(rows @ rows.T / n)
    values = values[values > 1e-14]
    assert vendi(rows.astype(np.float32)) == pytest.approx(np.exp(-(values * np.log(values)).sum()), abs=1e-6)


def test_equal_texts_count_as_one_and_orthogonal_ones_all() -> None:
    assert vendi(np.repeat(unit(1, 8), 20, axis=0)) == pytest.approx(1, abs=1e-5)
    assert vendi(np.eye(7, dtype=np.float32)) == pytest.approx(7)


def test_the_interval_holds_the_value() -> None:
    found = Vendi().compute(features(unit(80, 8)), None)
    assert found.interval and found.value is not None
    assert 1 <= found.interval[0] < found.value < found.interval[1]


def test_of_some_parts_of_many_texts_it_comes_from_sums_of_the_parts() -> None:
    whole = features(unit(90, 5))
    assert whole.parts is not None and whole.vectors is not None
    measured = Vendi().by_parts(whole, None, whole.parts)
    assert measured is not None and not measured.corrected
    keep = np.arange(measured.count) % 3 != 0
    rows = keep[whole.parts.fewer(measured.count).of]
    assert measured.value(keep) == pytest.approx(vendi(whole.vectors[rows]), rel=1e-6)


def test_equal_texts_read_as_one_text() -> None:
    found = Vendi().compute(features(np.repeat(unit(1, 8), 20, axis=0)), None)
    assert Vendi().reading(found.value or 0.0, found.detail) == "as varied as one text alone"
