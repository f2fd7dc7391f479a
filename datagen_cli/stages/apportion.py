"""House-monotone apportionment (Webster, Sainte-Laguë): quotas that hold exactly and grow without moving a seat.

The sequence of winners for m seats is a prefix of the one for n > m seats, so a larger run keeps every slot of a
smaller one. When the weights are counts that add up to the house, every value gets exactly its count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_SAME = 1 - 1e-12


class Webster:
    """Seats handed out one at a time to the value with the largest weight / (2·seats + 1)."""

    def __init__(self, weights: Sequence[float]) -> None:
        if not weights or min(weights) < 0 or max(weights) <= 0:
            raise ValueError("weights must be 0 or more, at least one above 0")
        self._weights = [float(weight) for weight in weights]
        self._priority = list(self._weights)
        self.seats = [0] * len(weights)

    def tied(self) -> list[int]:
        """The values that may get the next seat."""
        best = max(self._priority)
        bar = best * _SAME
        return [index for index, value in enumerate(self._priority) if value >= bar]

    def give(self, index: int) -> None:
        """Hands a seat to a value, whether it was its turn or not."""
        self.seats[index] += 1
        self._priority[index] = self._weights[index] / (2 * self.seats[index] + 1)

    def take(self, choose: Callable[[list[int]], int]) -> int:
        """Hands out the next seat; `choose` picks among tied values. Returns the value's index."""
        tied = self.tied()
        index = tied[0] if len(tied) == 1 else choose(tied)
        self.give(index)
        return index
