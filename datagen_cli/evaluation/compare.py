"""Two datasets side by side: better, worse or tie for each measure, at equal n, with an interval of the difference.

`compare` cuts the larger dataset to the size of the smaller (at most `MOST` rows, drawn at random) and measures both.
It then leaves out one part of the rows after the other and measures anew: the jackknife's spread of the difference is
its error. Where both datasets have the same ids, each once, a part has the same ids of both, which pairs two treatments
of one plan. Rows of one group stay together. Which dataset stands first changes nothing but the sign. Cost: each
measure 2 + 2 · 20 times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from datagen_cli.evaluation.evaluate import FeatureViews, measure, metric
from datagen_cli.evaluation.subsets import Part, drawn
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.intervals import Longs, assign_parts, student_t
from datagen_cli.metrics.measure import Measure

MOST = 4_000


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
    one, other = drawn(ours.few, n), drawn(theirs.few, n)
    parts = _parts(one, other)
    found = {}
    for name in (name for name in wanted if metric(name).compared):
        say(f"compare: {name}")
        against = None if reference is None or metric(name).one_sided else reference.for_metric(name)
        found[name] = _difference(name, one, other, against, parts)
    return {"with": theirs.loaded.dataset.name, "n": n, "metrics": found}


def _difference(
    name: str, one: Features, other: Features, reference: Features | None, parts: tuple[Longs, Longs] | None
) -> dict[str, Any]:
    first, second = measure(name, one, reference), measure(name, other, reference)
    if first.value is None or second.value is None:
        return {"reason": first.reason or f"{other.dataset.name}: {second.reason}"}
    difference = first.value - second.value
    result: dict[str, Any] = {"value": first.value, "other": second.value, "difference": difference}
    error = None if parts is None else _error(name, (one, other), reference, parts)
    if error is None:
        return {**result, "reason": "too few rows for an interval"}
    interval = (difference - error, difference + error)
    return {**result, "interval": list(interval), **_verdict(first, interval)}


def _error(
    name: str, sides: tuple[Features, Features], reference: Features | None, parts: tuple[Longs, Longs]
) -> float | None:
    """Half the width of the interval: the jackknife over parts."""
    count = int(max(part.max() for part in parts)) + 1
    differences = []
    for number in range(count):
        values = []
        for side, part in zip(sides, parts, strict=True):
            left = Part(side, np.flatnonzero(part != number).tolist())
            left.intervals = False
            values.append(measure(name, left, reference).value)
        if values[0] is None or values[1] is None:
            return None
        differences.append(values[0] - values[1])
    spread = np.asarray(differences)
    error = np.sqrt((count - 1) / count * np.square(spread - spread.mean()).sum())
    return float(error) * student_t(count - 1)


def _verdict(found: Measure, interval: tuple[float, float]) -> dict[str, str]:
    if found.direction == "none":
        return {}
    low, high = interval
    if low <= 0 <= high:
        return {"verdict": "tie"}
    return {"verdict": "better" if (low > 0) == (found.direction == "higher") else "worse"}


def _parts(one: Features, other: Features) -> tuple[Longs, Longs] | None:
    """The part of each row of both; None for too few. The same ids are in the same part where each stands once."""
    ids = [side.dataset.ids for side in (one, other)]
    paired = set(ids[0]) == set(ids[1]) and len(set(ids[0])) == len(ids[0]) == len(ids[1])
    units = []
    for side in (one, other):
        own = side.dataset.groups or (side.dataset.ids if paired else [str(row) for row in range(len(side))])
        units.append(assign_parts(own))
    first, second = units
    return None if first is None or second is None or first.max() != second.max() else (first, second)
