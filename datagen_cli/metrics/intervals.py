"""Intervals of means and shares; `parts.py` has those of measures whose texts depend on each other.

Nothing is resampled with replacement: a text drawn twice repeats itself. Each is 95 % and holds its value: the mean of
per-text scores, corrected for skew; a share of texts by Wilson. Rows of one group are not independent: where groups are
given, a group is what is averaged. `benchmarks/coverage.py` simulates how often they hold what they estimate.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z = 1.959963984540054
Interval = tuple[float, float]
Floats = NDArray[np.float64]


_FEW_DEGREES = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447)


def student_t(df: int) -> float:
    """The two-sided 95 % quantile of Student's t, to 0.01: tabled for few degrees, else expanded in 1 / df."""
    if df <= len(_FEW_DEGREES):
        return _FEW_DEGREES[df - 1]
    z = Z
    return z + (z**3 + z) / (4 * df) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df**2) + (3 * z**7) / (384 * df**3)


def mean_interval(scores: ArrayLike, groups: Sequence[str] | None = None) -> Interval | None:
    """Of the mean of `scores` `[n]`: standard errors times Student's t, corrected for skew (Johnson 1978, Hall 1992).

    None with fewer than two texts or groups.
    """
    values = np.asarray(scores, dtype=np.float64)
    if len(values) < 2:
        return None
    mean = float(values.mean())
    deviations = group_sums(values - mean, groups)
    if (count := len(deviations)) < 2:
        return None
    spread = float(np.sqrt(np.square(deviations).mean()))
    error = np.sqrt(count / (count - 1)) * spread * np.sqrt(count) / len(values)
    skew = float((deviations**3).mean() / spread**3) / np.sqrt(count) if spread**3 > 0 else 0.0
    low, high = (_without_skew(end * student_t(count - 1), skew) for end in (1, -1))
    return min(mean - low * float(error), mean), max(mean - high * float(error), mean)


def _without_skew(t: float, skew: float) -> float:
    """Hall's transformation turned round: the t of a skewed mean that a symmetric one has at `t`."""
    if abs(skew) < 1e-6:
        return t
    inner = 1.0 + skew * (t - skew / 6.0)
    return float(3.0 / skew * (np.cbrt(inner) - 1.0))


def share_interval(hits: float, total: float, *, z: float = Z) -> Interval | None:
    """Wilson's interval of hits / total, in [0, 1]; None for a total of 0. `z`: 1.96 for 95 %."""
    if total <= 0:
        return None
    share, square = hits / total, z * z / total
    centre = (share + square / 2) / (1 + square)
    half = z * np.sqrt(share * (1 - share) / total + square / (4 * total)) / (1 + square)
    return min(max(0.0, float(centre - half)), share), max(min(1.0, float(centre + half)), share)


def one_sided(share: float, total: int) -> tuple[Interval | None, str]:
    """For a share of none or all: what it is below or above with 95 %, and that in words; else nothing.

    There is no interval then that holds 95 % of the time: one from both sides would always hold a true 0.
    """
    if not total or 0 < share < 1:
        return None, ""
    most = 1 - 0.05 ** (1 / total)
    if share == 0:
        return (0.0, most), f"none of {total:,} found: below {100 * most:.2g} % with 95 %"
    return (1 - most, 1.0), f"all of {total:,} found: above {100 * (1 - most):.4g} % with 95 %"


def of_share(hits: int, total: int) -> Interval | None:
    """Wilson's interval where some are found and some not."""
    return share_interval(hits, total) if 0 < hits < total else None


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
