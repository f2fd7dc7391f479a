"""Which of several generators writes a slot: exact shares, the same for a longer run, independent of the labels.

Webster's method (highest share / (2·given + 1)) says which models the slots of a block get; a seeded shuffle within
each block says which slot gets which. Without the shuffle, two generators and two balanced labels, both in Webster's
order, would give each label one generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from datagen_cli.core.digest import rng


class Shares:
    """Maps slots to indices of models. `shares` are positive weights."""

    def __init__(self, shares: Sequence[float], seed: int) -> None:
        self._shares = list(shares)
        self._seed = seed
        self._block = 4 * len(self._shares)
        self._given = [0] * len(self._shares)
        self._picks = bytearray()
        self._lock = Lock()

    def pick(self, slot: int) -> int:
        """The index of the model that writes this slot (from 0)."""
        if len(self._shares) == 1:
            return 0
        with self._lock:
            while len(self._picks) <= slot:
                self._add_block()
        return self._picks[slot]

    def _add_block(self) -> None:
        """Extends the sequence by one block of Webster's picks, shuffled."""
        picks = []
        for _ in range(self._block):
            quotients = [share / (2 * given + 1) for share, given in zip(self._shares, self._given, strict=True)]
            best = quotients.index(max(quotients))
            self._given[best] += 1
            picks.append(best)
        rng(self._seed, "generators", len(self._picks)).shuffle(picks)
        self._picks.extend(picks)
