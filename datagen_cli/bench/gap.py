"""Performance gap recovered (AgoraBench, arXiv 2412.03679): how much of the way from base to reference a student goes.

    PGR = 100 · (student − base) / (reference − base)

0 is the base student, which has seen nothing of the task; 100 is the reference student, which learned from real rows. A
gap that is not clearly above 0 makes any ratio of it meaningless: it is refused, and the raw difference is what is left
to show.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datagen_cli.core.errors import UsageError
from datagen_cli.evaluation.bootstrap import Interval, interval_of, mean_draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]
SURE = 2.0
"""Standard errors that the gap must exceed."""
MIN_GAP = 1e-9


class GapTooSmall(UsageError):
    """The reference is not clearly better than the base, so that there is no gap to recover."""

    general_hint = "more real rows, or a test that the base cannot pass; without --test nothing is trained"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval, which holds it, and the values of the bootstrap draws `[draws]`.

    Draws of two estimates on the same items and seeds are the same draws: their differences are paired.
    """

    value: float
    interval: Interval
    draws: Floats


def performance_gap_recovered(
    student: float, base: float, reference: float, *, gap_se: float = 0.0, min_gap: float = MIN_GAP
) -> float:
    """Percent of the gap from base to reference that the student recovers; below 0 and above 100 are possible.

    The three are scores on the same test rows, in one unit; `gap_se` is the standard error of reference − base. Raises
    `GapTooSmall` when reference − base is at most max(min_gap, 2 · gap_se) or no number, `ValueError` for a student's
    score that is none.
    """
    gap = reference - base
    if not (gap > min_gap and gap > SURE * gap_se):
        error = f", with a standard error of {gap_se:.4g}" if gap_se else ""
        raise GapTooSmall(
            f"the reference scores {reference:.4g}, the base {base:.4g}{error}: there is no gap to recover"
        )
    if not math.isfinite(student):
        raise ValueError("the student's score is no number")
    return 100.0 * (student - base) / gap


def mean_hits(hits: Floats) -> Estimate:
    """Mean of hits `[seeds, items]`, with its interval over seeds and items."""
    draws = mean_draws(hits)
    value = float(hits.mean())
    return Estimate(value, interval_of(draws, value), draws)


def recovered(student: Floats, base: Floats, reference: Floats) -> Estimate:
    """PGR from hits `[seeds, items]` of the three on the same items. Raises `GapTooSmall`."""
    import numpy as np

    found, low, high = mean_hits(student), mean_hits(base), mean_hits(reference)
    gaps = high.draws - low.draws
    value = performance_gap_recovered(found.value, low.value, high.value, gap_se=float(gaps.std()))
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = 100.0 * (found.draws - low.draws) / np.where(gaps > 0, gaps, np.nan)
    return Estimate(value, interval_of(draws, value), draws)


def compared(one: Estimate, other: Estimate, *, higher: bool = True) -> tuple[float, Interval, int]:
    """The paired difference with its interval, and which is better by more than chance: 1 the first, -1 the other, 0
    where that cannot be told."""
    value = one.value - other.value
    low, high = interval_of(one.draws - other.draws, value)
    sign = (low > 0) - (high < 0)
    return value, (low, high), sign if higher else -sign


def ranks(estimates: Sequence[Estimate], *, higher: bool = True) -> list[int]:
    """A rank for each, from 1: one more than the number of those that are better by more than chance.

    Those that no interval tells apart share a rank: a tie.
    """
    return [1 + sum(compared(other, own, higher=higher)[2] > 0 for other in estimates) for own in estimates]
