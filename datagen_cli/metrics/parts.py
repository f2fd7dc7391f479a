"""The error of a measure whose texts depend on each other, from the measure of some parts of them.

Rows are dealt into up to 32 parts; a measure says what it is of any of the parts, from counts taken once
(`Metric.by_parts`). The jackknife leaves out one part after the other. It counts what k texts do together k times
(Efron and Stein 1981), so that it is too wide where pairs decide: near copies, templates, shared n-grams. How much is
seen in halves of the rows: the measures of two halves that share half of their parts differ less than those of two
halves that share none, by 1/2 where texts act alone and by 1/2^k where k of them act together. A Hadamard matrix gives
halves in which every two parts are together equally often. Together texts matter less as n grows, so the root of the
factor that halves show is taken off at n. Where texts act alone or in pairs and no more (`ByParts.pairs`), halves say
what pairs do at n, half as much beside what texts do alone, and that is taken off once.
`benchmarks/coverage.py` simulates how often the intervals hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from datagen_cli.metrics.intervals import Interval, student_t

MOST = 32
FEW, FEWEST = 16, 8
"""Parts of a measure that is slow to take anew, and of one that leaps a little whatever is left out (gzip's blocks):
the jackknife multiplies what is no error by the number of parts."""
ROWS_A_PART = 2
HIGHEST = 2.0
"""The highest order of acting together that the correction reckons with."""
ENOUGH = 192
"""Rows or groups: 32 parts of six. Of fewer the error is itself too uncertain for an interval (0.76 to 0.99 hold the
value where 0.95 should, from 30 to 100 rows)."""
CAUTION = 1.5
"""By how much the ends of fewer rows are farther away, so that at least 95 % hold the value."""
_PRIMITIVE = {8: 0b1011, 16: 0b10011, 32: 0b100101}
"""Polynomials by which the powers of x run through all columns of a Hadamard matrix of that size."""

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Masks = NDArray[np.uint32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Parts:
    """The part of each of n rows, `of` `[n]`, from 0 to `count` - 1; never more than 32. `units`: rows or groups."""

    of: Longs
    count: int
    units: int = 0

    @cached_property
    def bits(self) -> Masks:
        """The part of each row as a bit."""
        return np.left_shift(np.uint32(1), self.of.astype(np.uint32))

    def sums(self, values: Floats) -> Floats:
        """Values of the rows summed by part, `[count]`."""
        return np.bincount(self.of, weights=values, minlength=self.count).astype(np.float64)

    def fewer(self, most: int) -> Parts:
        """The same rows in at most so many parts: some are put together."""
        return self if self.count <= most else Parts(self.of % most, most)

    def drawn(self, most: int) -> Longs:
        """The numbers of at most `most` rows, about as many of each part."""
        if len(self.of) <= most:
            return np.arange(len(self.of))
        order = np.random.default_rng(17).permutation(len(self.of))
        order = order[np.argsort(self.of[order], kind="stable")]
        ends = np.cumsum(np.bincount(self.of, minlength=self.count))
        starts = np.concatenate(([0], ends[:-1]))
        share = most / len(self.of)
        kept = [
            order[start : start + max(1, round((end - start) * share))] for start, end in zip(starts, ends, strict=True)
        ]
        return np.sort(np.concatenate(kept))


@dataclass(frozen=True, slots=True)
class ByParts:
    """A measure of any of the parts: `value` gets which are kept, `[count]`. `share`: of rows that it is taken on.
    Not `corrected`: the jackknife as it is, without looking at halves. `pairs`: no more than two texts act together."""

    value: Callable[[Bools], float | None]
    count: int
    share: float = 1.0
    corrected: bool = True
    pairs: bool = False


def deal(units: Sequence[str]) -> Parts | None:
    """The parts of rows: rows of one unit are in one part, at random; the same units give the same parts.

    32, 16 or 8 parts of at least two units; a part a unit below that; None for fewer than two.
    """
    names = sorted(set(units))
    if len(names) < 2:
        return None
    count = next((size for size in sorted(_PRIMITIVE, reverse=True) if len(names) >= ROWS_A_PART * size), len(names))
    order = np.random.default_rng(29).permutation(len(names))
    part_of = {names[place]: number % count for number, place in enumerate(order.tolist())}
    return Parts(np.array([part_of[unit] for unit in units], dtype=np.int64), count, len(names))


def standard_error(measured: ByParts) -> float | None:
    """The jackknife's, less what it counts twice; None where the measure of some parts has no value."""
    kept = ~np.eye(measured.count, dtype=np.bool_)
    left = _values(measured, kept)
    if left is None:
        return None
    variance = (measured.count - 1) / measured.count * float(np.square(left - left.mean()).sum())
    if measured.corrected and measured.count in _PRIMITIVE and variance > 0:
        apart = _apart(measured)
        if apart is None:
            return None
        variance /= _times_of_pairs(apart) if measured.pairs else np.sqrt(_order(apart))
    return float(np.sqrt(variance * measured.share))


def parts_interval(
    value: float, measured: ByParts | None, low: float = -np.inf, high: float = np.inf, *, cautious: bool = False
) -> Interval | None:
    """The 95 % interval of a measure between `low` and `high`, even on the scale that has no ends; it holds `value`.

    `cautious`: of few rows, wider than 95 % of the samples need.
    """
    if cautious and measured is not None:
        measured = replace(measured, corrected=False)
    error = None if measured is None else standard_error(measured)
    if measured is None or error is None:
        return None
    reach = student_t(measured.count - 1) * error * (CAUTION if cautious else 1.0)
    if np.isfinite(low) and low < value < high:
        return _on_free_scale(value, reach, low, high)
    return min(value, max(low, value - reach)), max(value, min(high, value + reach))


def means(scores: Floats, parts: Parts) -> ByParts:
    """Of the mean of the scores `[n]`; NaN does not count."""
    known = ~np.isnan(scores)
    sums, counts = parts.sums(np.where(known, scores, 0.0)), parts.sums(known.astype(np.float64))

    def of(keep: Bools) -> float | None:
        count = counts[keep].sum()
        return float(sums[keep].sum() / count) if count else None

    return ByParts(of, parts.count)


def mask_of(keep: Bools) -> np.uint32:
    """Which parts are kept, as bits."""
    return np.uint32(int(np.left_shift(1, np.flatnonzero(keep)).sum()))


def _on_free_scale(value: float, reach: float, low: float, high: float) -> Interval:
    """The interval made with logarithms above `low` (of odds where there is a `high`) and carried back."""
    above, below = value - low, high - value
    if not np.isfinite(high):
        factor = float(np.exp(min(reach / above, 50.0)))
        return low + above / factor, low + above * factor
    width = high - low
    factor = float(np.exp(min(reach * width / (above * below), 50.0)))
    return low + width * above / (above + below * factor), low + width * above / (above + below / factor)


def _apart(measured: ByParts) -> float | None:
    """How far halves that share half of their parts are from each other, over how far halves that share none are: the
    mean squares. From 1/2 where texts act alone to 1."""
    found = [_values(measured, np.array([half, ~half])) for half in _halves(measured.count)]
    halves = [pair for pair in found if pair is not None]
    if len(halves) < len(found):
        return None
    alone = float(np.mean([np.square(first - second) for first, second in halves]))
    shared = float(np.mean([np.square(a[:, None] - b) for a, b in pairwise([*halves, halves[0]])]))
    return shared / alone if alone > 0 else 0.5


def _order(apart: float) -> float:
    """How many texts act together, at least 1."""
    return float(np.clip(-np.log2(max(1 - apart, 2**-HIGHEST)), 1.0, HIGHEST))


def _times_of_pairs(apart: float) -> float:
    """How often the jackknife counts the variance at n, if texts act alone or in pairs: from 1 to 2. In halves pairs
    have the share p of the variance with apart = 1/2 + p/4; beside what texts do alone it is half as much at n."""
    in_halves = float(np.clip(4 * apart - 2, 0.0, 1.0))
    return 1 + in_halves / (2 - in_halves)


def _values(measured: ByParts, kept: Bools) -> Floats | None:
    values = [measured.value(keep) for keep in kept]
    found = np.array([value for value in values if value is not None], dtype=np.float64)
    return found if len(found) == len(values) and np.isfinite(found).all() else None


@lru_cache(maxsize=len(_PRIMITIVE))
def _halves(count: int) -> tuple[Bools, ...]:
    """Which parts the columns of a Hadamard matrix keep, but the first: every two columns share half of theirs."""
    return tuple(np.array([(row & column).bit_count() % 2 == 1 for row in range(count)]) for column in _columns(count))


def _columns(count: int) -> Iterator[int]:
    column = 1
    for _ in range(count - 1):
        yield column
        column <<= 1
        if column >= count:
            column ^= _PRIMITIVE[count]
