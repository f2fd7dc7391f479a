"""Intervals of measures of repetition, which never resample with replacement: a text drawn twice repeats itself.

Three ways, each 95 % and each holding its value: the mean of per-text scores with all references fixed, the jackknife
(leave one text out), and blocks of texts without replacement, rescaled. A share of texts gets Wilson's interval. Rows
of one group are not independent: where groups are given, a group is what is left out or averaged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z = 1.959963984540054
Interval = tuple[float, float]
Floats = NDArray[np.float64]


def mean_interval(scores: ArrayLike, groups: Sequence[str] | None = None) -> Interval | None:
    """Of the mean of `scores` `[n]`: ± Z standard errors. None with fewer than two texts or groups."""
    values = np.asarray(scores, dtype=np.float64)
    if len(values) < 2:
        return None
    mean = float(values.mean())
    deviations = group_sums(values - mean, groups)
    if (count := len(deviations)) < 2:
        return None
    error = np.sqrt(count / (count - 1) * np.square(deviations).sum()) / len(values)
    return around(mean, float(error))


def jackknife_interval(value: float, left_out: ArrayLike) -> Interval | None:
    """Of a measure from its values `[n]` with one text (or group) left out; None with fewer than two."""
    values = np.asarray(left_out, dtype=np.float64)
    values = values[np.isfinite(values)]
    if (count := len(values)) < 2:
        return None
    error = np.sqrt((count - 1) / count * np.square(values - values.mean()).sum())
    return around(value, float(error))


def block_interval(value: float, blocks: ArrayLike) -> Interval | None:
    """Of a measure from its values `[b]` on disjoint blocks that make up the whole; None with fewer than two.

    A block's spread is that of a part, so it is rescaled by the root of their number.
    """
    values = np.asarray(blocks, dtype=np.float64)
    if (count := len(values)) < 2:
        return None
    return around(value, float(values.std(ddof=1) / np.sqrt(count)))


def share_interval(hits: float, total: int, *, z: float = Z) -> Interval | None:
    """Wilson's interval of hits / total, in [0, 1]; None for a total of 0. `z`: 1.96 for 95 %."""
    if total <= 0:
        return None
    share, square = hits / total, z * z / total
    centre = (share + square / 2) / (1 + square)
    half = z * np.sqrt(share * (1 - share) / total + square / (4 * total)) / (1 + square)
    return min(max(0.0, float(centre - half)), share), max(min(1.0, float(centre + half)), share)


def around(value: float, error: float, low: float = -np.inf, high: float = np.inf) -> Interval:
    """value ± Z · error, kept within what the measure can be; always holds the value."""
    return min(max(low, value - Z * error), value), max(min(high, value + Z * error), value)


def clip(interval: Interval | None, low: float, high: float) -> Interval | None:
    """The part of an interval that the measure can reach."""
    return None if interval is None else (max(low, interval[0]), min(high, interval[1]))


def group_sums(values: Floats, groups: Sequence[str] | None) -> Floats:
    """The values summed by group, in order of first sight; the values themselves without groups."""
    if groups is None:
        return values
    numbers: dict[str, int] = {}
    index = np.fromiter((numbers.setdefault(group, len(numbers)) for group in groups), np.int64, len(values))
    sums: Floats = np.bincount(index, weights=values, minlength=len(numbers)).astype(np.float64)
    return sums
