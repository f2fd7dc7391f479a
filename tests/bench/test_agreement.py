"""The rank correlation against a second implementation, and the published table of AgoraBench recomputed."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datagen_cli.bench.score import kendall


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_both_agree_with_scipy(seed: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(seed)
    one, other = random.integers(0, 5, 9).tolist(), random.integers(0, 5, 9).tolist()
    assert kendall(one, other) == pytest.approx(stats.kendalltau(one, other).statistic, abs=1e-12)


def test_without_a_spread_there_is_no_correlation() -> None:
    assert kendall([1.0, 1.0], [1.0, 2.0]) is None and kendall([1.0, 2.0], [3.0, 3.0]) is None
    assert kendall([1.0], [2.0]) is None and kendall([], []) is None
    with pytest.raises(ValueError, match="as many"):
        kendall([1.0, 2.0, 3.0], [1.0, 2.0])


def table(path: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Measure to setting to generator to value."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            for setting in (name for name in row if name not in ("metric", "lm")):
                found.setdefault(row["metric"], {}).setdefault(setting, {})[row["lm"]] = float(row[setting])
    return found


def test_the_published_table_gives_the_published_averages(sample: Callable[[str], Path]) -> None:
    published = table(sample("agorabench.csv"))["PGR"]
    assert sum(len(cells) for cells in published.values()) == 54

    def average(prefix: str) -> float:
        cells = [cells["gpt4o"] for name, cells in published.items() if name.startswith(prefix)]
        return sum(cells) / len(cells)

    for prefix, expected in {"IG": 46.8, "RG": 35.2, "QE": 6.7, "": 29.5}.items():
        assert average(prefix) == pytest.approx(expected, abs=0.1)


def test_within_settings_judged_quality_ranks_as_the_students_do(sample: Callable[[str], Path]) -> None:
    stats = pytest.importorskip("scipy.stats")
    published = table(sample("agorabench.csv"))
    judged = {name: list(cells.values()) for name, cells in published["RQ_prom"].items()}
    gains = {name: list(cells.values()) for name, cells in published["PGR"].items()}
    within = [stats.spearmanr(judged[name], gains[name]).statistic for name in judged]
    assert len(within) == 9
    assert sum(within) / len(within) == pytest.approx(0.61, abs=0.005)
