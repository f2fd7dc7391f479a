"""Intervals of measures of repetition, which never resample with replacement: a text drawn twice repeats itself.

Each is 95 % and holds its value: the mean of per-text scores, corrected for skew; the jackknife (leave one text out);
the jackknife over parts (leave a twentieth out and measure anew), for measures in which each text is also a reference
of the others. A share of texts gets Wilson's interval. Rows of one group are not independent: where groups are given, a
group is what is left out or averaged. `benchmarks/coverage.py` simulates how often they hold what they estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z = 1.959963984540054
PARTS = 20
FEWEST = 2
MOST = 4_000
"""Texts of which a measure is taken anew for each part."""
Interval = tuple[float, float]
Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


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
    skew = float((deviations**3).mean() / spread**3) / np.sqrt(count) if spread > 0 else 0.0
    low, high = (_without_skew(end * student_t(count - 1), skew) for end in (1, -1))
    return min(mean - low * float(error), mean), max(mean - high * float(error), mean)


def _without_skew(t: float, skew: float) -> float:
    """Hall's transformation turned round: the t of a skewed mean that a symmetric one has at `t`."""
    if abs(skew) < 1e-6:
        return t
    inner = 1.0 + skew * (t - skew / 6.0)
    return float(3.0 / skew * (np.cbrt(inner) - 1.0))


def parts_interval(
    value: float, statistic: Callable[[Longs], float | None], n: int, groups: Sequence[str] | None = None
) -> Interval | None:
    """Of a measure of n texts from its values without each of `PARTS` parts; None with fewer than two texts or groups.

    `statistic` gets the numbers of the rows that are left. Above `MOST` texts a sample of them is taken and the error
    rescaled by the root of the share.
    """
    rows = np.sort(np.random.default_rng(17).permutation(n)[:MOST]) if n > MOST else np.arange(n)
    parts = assign_parts([str(row) if groups is None else groups[row] for row in rows.tolist()])
    if parts is None:
        return None
    found = [statistic(rows[parts != part]) for part in range(int(parts.max()) + 1)]
    left = np.array([item for item in found if item is not None and np.isfinite(item)])
    if (count := len(left)) < len(found):
        return None
    error = np.sqrt((count - 1) / count * np.square(left - left.mean()).sum()) * np.sqrt(len(rows) / n)
    half = student_t(count - 1) * float(error)
    return min(value - half, value), max(value + half, value)


def assign_parts(units: Sequence[str]) -> Longs | None:
    """For each row the part that it is left out with: its unit's, at random; None for fewer than two units."""
    names = sorted(set(units))
    if len(names) < FEWEST:
        return None
    order = np.random.default_rng(29).permutation(len(names))
    part_of = {names[place]: number % min(PARTS, len(names)) for number, place in enumerate(order.tolist())}
    return np.array([part_of[unit] for unit in units], dtype=np.int64)


def jackknife_interval(value: float, left_out: ArrayLike) -> Interval | None:
    """Of a measure from its values `[n]` with one text (or group) left out; None with fewer than two."""
    values = np.asarray(left_out, dtype=np.float64)
    values = values[np.isfinite(values)]
    if (count := len(values)) < 2:
        return None
    error = student_t(count - 1) * float(np.sqrt((count - 1) / count * np.square(values - values.mean()).sum()))
    return min(value - error, value), max(value + error, value)


def share_interval(hits: float, total: float, *, z: float = Z) -> Interval | None:
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
