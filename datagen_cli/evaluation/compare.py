"""Two datasets side by side: better, worse or tie for each measure, at equal n, with an interval of the difference.

`compare` cuts the larger dataset to the size of the smaller (at most `MOST` rows, drawn at random) and measures both.
The error of the difference is that of `metrics/parts.py`, from the difference of the same parts of both. Where both
datasets have the same ids, each once, a part has the same ids of both, which pairs two treatments of one plan. Which
dataset stands first changes nothing but the sign. Where nothing varies, because all or none were found on each side,
the ends are those of the two bounds. A measure is taken once a side, and of parts from the same counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from datagen_cli.evaluation.evaluate import ROUNDING, FeatureViews, measure, metric
from datagen_cli.evaluation.subsets import Part, drawn
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.intervals import student_t
from datagen_cli.metrics.measure import Measure
from datagen_cli.metrics.parts import CAUTION, FEWEST, Bools, ByParts, standard_error

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
    found = {}
    for name in (name for name in wanted if metric(name).compared):
        say(f"compare: {name}")
        against = None if reference is None or metric(name).one_sided else reference.for_metric(name)
        found[name] = _difference(name, one, other, against)
    return {"with": theirs.loaded.dataset.name, "n": n, "metrics": found}


def _difference(name: str, one: Features, other: Features, reference: Features | None) -> dict[str, Any]:
    first, second = measure(name, one, reference), measure(name, other, reference)
    if first.value is None or second.value is None:
        return {"reason": first.reason or f"{other.dataset.name}: {second.reason}"}
    difference = first.value - second.value
    result: dict[str, Any] = {"value": first.value, "other": second.value, "difference": difference}
    few = min(one.units, other.units) < metric(name).enough
    error = _error(*(_by_parts(name, side, reference) for side in (one, other)), cautious=few)
    if error is None:
        return {**result, "reason": "too few rows for an interval"}
    if error > ROUNDING:
        low, high = (0.0, 1.0) if metric(name).counts_rows else metric(name).reach
        interval = max(difference - error, low - high), min(difference + error, high - low)
    elif first.bound and second.bound and {first.value, second.value} <= {0.0, 1.0}:
        interval = (first.bound[0] - second.bound[1], first.bound[1] - second.bound[0])
    elif min(one.units, other.units) < FEWEST and difference:
        return {**result, "reason": "too few rows to see how it varies"}
    else:
        interval = (difference, difference)
    return {**result, "interval": list(interval), **_verdict(first, interval)}


def _error(one: ByParts | None, other: ByParts | None, *, cautious: bool) -> float | None:
    """Half the width of the interval; `cautious` as of `parts_interval`."""
    if one is None or other is None:
        return None
    if cautious:
        one, other = replace(one, corrected=False), replace(other, corrected=False)
    caution = CAUTION if cautious else 1.0
    if one.count != other.count:
        first, second = standard_error(one), standard_error(other)
        if first is None or second is None:
            return None
        return caution * float(np.hypot(first, second)) * student_t(min(one.count, other.count) - 1)

    def difference(keep: Bools) -> float | None:
        values = one.value(keep), other.value(keep)
        return None if values[0] is None or values[1] is None else values[0] - values[1]

    corrected, pairs = one.corrected and other.corrected, one.pairs and other.pairs
    error = standard_error(ByParts(difference, one.count, max(one.share, other.share), corrected, pairs))
    return None if error is None else caution * error * student_t(one.count - 1)


def _by_parts(name: str, side: Features, reference: Features | None) -> ByParts | None:
    """The measure of any of the parts of a side, measured anew where it knows no better way."""
    parts = side.parts
    if parts is None:
        return None

    def anew(keep: Bools) -> float | None:
        return measure(name, Part(side, np.flatnonzero(keep[parts.of]).tolist()), reference).value

    return metric(name)().by_parts(side, reference, parts) or ByParts(anew, parts.count)


def _verdict(found: Measure, interval: tuple[float, float]) -> dict[str, str]:
    if found.direction == "none":
        return {}
    low, high = interval
    if low <= 0 <= high:
        return {"verdict": "tie"}
    return {"verdict": "better" if (low > 0) == (found.direction == "higher") else "worse"}
