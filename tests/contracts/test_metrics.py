"""Every metric of the catalog states in its class what the rest of the system must know of it."""

from __future__ import annotations

import pytest

from datagen_cli.core.registry import load, names
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.measure import Metric, about

METRICS = names("metrics")


@pytest.fixture(params=METRICS)
def metric(request: pytest.FixtureRequest) -> type[Metric]:
    found: type[Metric] = load("metrics", request.param)
    assert found.name == request.param
    return found


def test_one_line_says_what_the_measure_is(metric: type[Metric]) -> None:
    line = about(metric)
    assert 20 <= len(line) <= 100, "the first paragraph of the class's docstring: 20 to 100 characters"
    assert line.split()[0] in ("How", "The", "What"), "the docstring of the class begins with How, The or What"


def test_what_makes_sense_of_the_reference_alone_is_compared_and_needs_none(metric: type[Metric]) -> None:
    assert not metric.one_sided or (metric.compared and not metric.needs_reference)


def test_counts_left_out_at_0_are_declared_details(metric: type[Metric]) -> None:
    assert set(metric.counted) <= set(metric.details)


def test_no_rows_give_no_value_and_a_reason(metric: type[Metric]) -> None:
    found = metric().compute(Features(Dataset("none", [], ("text",))), None)
    assert found.value is None
    assert found.reason
    assert found.direction == metric.direction


def test_nothing_measured_has_nothing_to_show(metric: type[Metric]) -> None:
    assert [exhibit for exhibit in metric().exhibits({}) if getattr(exhibit, "total", 0)] == []
