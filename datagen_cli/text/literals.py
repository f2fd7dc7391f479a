"""Which of many literals stand in a text: each is searched for only if the text has all of its trigrams.

The trigrams of a text are marked in a table by a hash, at a cost of some nanoseconds a byte whatever the number of
literals; a search for each literal alone costs as much as that for each of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SIZE = 1 << 18
"""Places of the table: a text of 64 short records fills about one in a hundred."""

Longs = NDArray[np.int64]


class Literals:
    """Literals to look for, in the order given."""

    def __init__(self, literals: Sequence[str]) -> None:
        self._literals = literals
        hashes = [_trigrams(literal) for literal in literals]
        self._long = np.array([place for place, found in enumerate(hashes) if len(found)], np.int64)
        known = [found for found in hashes if len(found)]
        self._hashes = np.concatenate(known) if known else np.zeros(0, np.int64)
        self._starts = np.cumsum([0, *(len(found) for found in known[:-1])]) if known else np.zeros(0, np.int64)

    def standing_in(self, text: str) -> set[str]:
        """Those that stand in the text."""
        may = np.ones(len(self._literals), np.bool_)
        if len(self._long):
            marked = np.zeros(SIZE, np.bool_)
            marked[_trigrams(text)] = True
            may[self._long] = np.logical_and.reduceat(marked[self._hashes], self._starts)
        return {
            literal for literal in (self._literals[place] for place in np.flatnonzero(may).tolist()) if literal in text
        }


def _trigrams(text: str) -> Longs:
    """The places of the three-byte sequences of a text in the table; none for fewer than three bytes."""
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8).astype(np.int64)
    hashed: Longs = ((data[:-2] << 12) ^ (data[1:-1] << 6) ^ data[2:]) % SIZE
    return hashed
