"""Two datasets side by side: better, worse or tie for each measure, at equal n, with an interval of the difference.

`compare` cuts the larger dataset to the size of the smaller (at most `MOST` rows, drawn at random). It then measures
`HALVES` random halves of both; the standard deviation of the difference over these halves is its standard error: a half
has √2 times the spread of the whole, and half of a finite set varies √½ times as much as half of a population. Where
both datasets have the same ids, a half takes the same ids of both, which pairs two treatments of one plan. Rows of one
group are drawn together. Cost: each measure 2 + 2 · `HALVES` times, on half the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from datagen_cli.core.digest import rng
from datagen_cli.evaluation.evaluate import FeatureViews, measure, metric
from datagen_cli.evaluation.subsets import Part, drawn
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.intervals import around
from datagen_cli.metrics.measure import Measure

HALVES = 16
MOST = 5_000


def compare(
    ours: FeatureViews,
    theirs: FeatureViews,
    reference: FeatureViews | None,
    wanted: Sequence[str],
    say: Callable[[str], None],
) -> dict[str, Any]:
    """`{"with", "n", "metrics": {name: {"value", "other", "difference", "interval", "verdict"}}}`.

    The verdict is of the first dataset: `better`, `worse` or `tie`; measures without a direction have none. A measure
    that one side lacks has a `reason` instead.
    """
    n = min(len(ours.few), len(theirs.few), MOST)
    one, other = _aligned(drawn(ours.few, n), drawn(theirs.few, n))
    halves = [_half(one, number) for number in range(HALVES)]
    found = {}
    for name in (name for name in wanted if metric(name).compared):
        say(f"compare: {name}")
        against = None if reference is None or metric(name).one_sided else reference.for_metric(name)
        found[name] = _difference(name, one, other, against, halves)
    return {"with": theirs.loaded.dataset.name, "n": n, "metrics": found}


def _difference(
    name: str, one: Features, other: Features, reference: Features | None, halves: Sequence[Sequence[int]]
) -> dict[str, Any]:
    first, second = measure(name, one, reference), measure(name, other, reference)
    if first.value is None or second.value is None:
        return {"reason": first.reason or f"{other.dataset.name}: {second.reason}"}
    difference = first.value - second.value
    spreads = []
    for rows in halves:
        a, b = (measure(name, Part(side, rows), reference).value for side in (one, other))
        if a is not None and b is not None:
            spreads.append(a - b)
    result: dict[str, Any] = {"value": first.value, "other": second.value, "difference": difference}
    if len(spreads) < HALVES:
        return {**result, "reason": "too few rows for an interval"}
    mean = sum(spreads) / HALVES
    error = (sum((spread - mean) ** 2 for spread in spreads) / (HALVES - 1)) ** 0.5
    interval = around(difference, error)
    return {**result, "interval": list(interval), **_verdict(first, interval)}


def _verdict(found: Measure, interval: tuple[float, float]) -> dict[str, str]:
    if found.direction == "none":
        return {}
    low, high = interval
    if low <= 0 <= high:
        return {"verdict": "tie"}
    return {"verdict": "better" if (low > 0) == (found.direction == "higher") else "worse"}


def _aligned(one: Features, other: Features) -> tuple[Features, Features]:
    """Both in the order of their ids where these are the same."""
    if one.dataset.ids == other.dataset.ids or set(one.dataset.ids) != set(other.dataset.ids):
        return one, other
    places = {id_: row for row, id_ in enumerate(other.dataset.ids)}
    return one, Part(other, [places[id_] for id_ in one.dataset.ids])


def _half(features: Features, number: int) -> list[int]:
    """Row numbers of half the rows, or of half the groups."""
    groups = features.dataset.groups or features.dataset.ids
    rows: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        rows.setdefault(group, []).append(row)
    names = sorted(rows)
    chosen = rng("compare", number).sample(names, len(names) // 2)
    return sorted(row for name in chosen for row in rows[name])
