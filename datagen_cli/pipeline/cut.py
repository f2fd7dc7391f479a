"""How a plan is cut into the units of first attempts: what is asked for at once.

The cut depends on the place in the plan alone, never on the count, so a larger count finds the same units and pays
nothing twice. Units are `least` slots wide at first and double up to `most`: of a correlated run with groups of 8 the
first slots come as 8, 8, 16, 32, 32, …, so that a few records do not cost the batch of many. A run whose calls all ask
for the same number of records has `least` = `most`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cut:
    """The widths of units, in slots."""

    least: int
    most: int

    def width(self, start: int) -> int:
        """Of the unit that begins at `start`: as many slots as stand before it, within the bounds."""
        return min(self.most, max(self.least, start))

    def start(self, slot: int) -> int:
        """The first slot of the unit that a slot belongs to."""
        start = 0
        while (width := self.width(start)) < self.most and start + width <= slot:
            start += width
        return start + max(0, slot - start) // width * width

    def end(self, count: int) -> int:
        """How many slots there are when the unit of the last of `count` is whole."""
        start = self.start(count - 1) if count else 0
        return start + self.width(start) if count else 0

    def starts(self, count: int) -> Iterator[int]:
        """The first slot of every unit that holds one of `count` slots, in order."""
        start = 0
        while start < count:
            yield start
            start += self.width(start)
