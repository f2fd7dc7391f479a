"""Intervals of scores on test items, and of differences, by resampling items and seeds together.

For scores of independent items only (a student's hits, right and wrong answers). Measures of repetition are never
resampled with replacement: their intervals are made beside them, in `metrics/intervals.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRAWS = 400
Interval = tuple[float, float]


def item_interval(
    statistic: Callable[[NDArray[np.int64], NDArray[np.int64]], float], seeds: int, items: int, value: float
) -> Interval:
    """95 % of a statistic over draws of seeds and items with replacement, widened to hold the value.

    `statistic` gets numbers of seeds `[seeds]` and of items `[items]`. The draws depend on the sizes alone, so two
    students tested on the same items are compared on the same draws.
    """
    return interval_of([statistic(*draw) for draw in resamples(seeds, items)], value)


def resamples(seeds: int, items: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The draws: numbers of seeds `[seeds]` and of items `[items]`, with replacement; the same for the same sizes."""
    import numpy as np

    random = np.random.default_rng((7, seeds, items))
    for _ in range(DRAWS):
        yield random.integers(seeds, size=seeds), random.integers(items, size=items)


def mean_draws(values: NDArray[Any]) -> NDArray[np.float64]:
    """The mean of values `[seeds, items]` in every draw `[draws]`."""
    import numpy as np

    seeds, items = values.shape
    found = [
        np.bincount(some, minlength=seeds) @ values @ np.bincount(those, minlength=items) / (seeds * items)
        for some, those in resamples(seeds, items)
    ]
    return np.asarray(found, dtype=np.float64)


def interval_of(draws: Sequence[float] | NDArray[np.float64], value: float) -> Interval:
    """The middle 95 % of draws, widened to hold the value; draws that are no numbers are left out."""
    import numpy as np

    low, high = np.nanquantile(np.asarray(draws, dtype=np.float64), (0.025, 0.975))
    return min(float(low), value), max(float(high), value)


def coded_f1(truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> float:
    """Macro-F1 of labels as numbers 0 … classes−1, over those that occur on either side."""
    import numpy as np

    true, said = np.bincount(truth, minlength=classes), np.bincount(predicted, minlength=classes)
    hits = np.bincount(truth[truth == predicted], minlength=classes)
    seen = true + said > 0
    return float((2 * hits[seen] / (true + said)[seen]).mean())
