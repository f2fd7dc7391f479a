"""Whether two measures rank alike: rank correlations of a few values, with ties."""

from __future__ import annotations

import math
from collections.abc import Sequence


def average_ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1, the least first; equal values share the average of their ranks."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            found[place] = (start + end) / 2 + 1
        start = end + 1
    return found


def spearman(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Pearson's correlation of average ranks; None where a side does not vary or there are fewer than two values."""
    first, second = average_ranks(one), average_ranks(other)
    if len(first) != len(second):
        raise ValueError("both need as many values")
    if len(set(first)) < 2 or len(set(second)) < 2:
        return None
    middle = (len(first) + 1) / 2
    product = sum((a - middle) * (b - middle) for a, b in zip(first, second, strict=True))
    squares = [sum((rank - middle) ** 2 for rank in ranks) for ranks in (first, second)]
    return product / math.sqrt(squares[0] * squares[1])


def kendall(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Kendall's τ-b: pairs in the same order less pairs in the opposite one, corrected for ties; None as `spearman`."""
    if len(one) != len(other):
        raise ValueError("both need as many values")
    pairs = [(i, j) for i in range(len(one)) for j in range(i)]
    signs = [(_sign(one[i] - one[j]), _sign(other[i] - other[j])) for i, j in pairs]
    moved = [sum(sign[side] != 0 for sign in signs) for side in (0, 1)]
    return sum(a * b for a, b in signs) / math.sqrt(moved[0] * moved[1]) if moved[0] and moved[1] else None


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
