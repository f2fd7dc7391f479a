"""Which sets are likely alike: MinHash signatures cut into bands (locality-sensitive hashing), in little memory.

Two sets of Jaccard similarity s have the same key in a band of r rows with probability s^r (Broder 1997; Indyk and
Motwani 1998), so a pair at the bar is missed in all b bands with (1 - s^r)^b. `Banding` takes the most rows with which
`MOST_BANDS` bands keep that below `MISSED`. `BandTable` holds what shares a band with what: 4 bytes a band and set for
the chain, 4 to 16 for the places where chains begin. A link holds the number of a set and the highest bits of its key,
which keep out most of the sets whose keys only fall into the same place: whoever asks compares the candidates
themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen_cli.core.errors import UsageError

MISSED = 5e-4
"""The share of sets at the bar that hashing may hide."""
MOST_BANDS = 24
SEED = 42
FIRST_ROWS = 1 << 10
GROWTH = 4
DEEPEST = 200
"""Steps along the chains after which all sets are taken for candidates: that is quicker where many share a band."""

NUMBER_BITS = 24
"""Of a link, which is 32 bits; the others are of the key."""

Keys = NDArray[np.uint32]
Numbers = NDArray[np.int64]
_NUMBER = np.uint32((1 << NUMBER_BITS) - 1)
_TAG = ~_NUMBER
MOST_SETS = int(_NUMBER)
_PRIME = 0x9E3779B97F4A7C15


class Banding:
    """How sets are turned into keys, one a band, so that few pairs at `bar` in (0, 1] share none."""

    def __init__(self, bar: float) -> None:
        self.rows, self.bands = bands_for(bar)
        powers = [pow(_PRIME, place + 1, 1 << 64) for place in range(self.rows)]
        self._mixers = np.array(powers, dtype=np.uint64)

    def keys(self, members: Iterable[str]) -> Keys:
        """The keys `[bands]` of a set that is not empty."""
        from rensa import RMinHash

        signature = RMinHash(self.rows * self.bands, SEED)
        signature.update(list(members))
        parts = np.array(signature.digest(), dtype=np.uint64).reshape(self.bands, self.rows)
        return ((parts * self._mixers).sum(axis=1, dtype=np.uint64) >> np.uint64(32)).astype(np.uint32)


def bands_for(bar: float) -> tuple[int, int]:
    """Rows of a band (the more, the fewer false candidates) and how many bands keep misses at the bar below
    `MISSED`."""
    for rows in range(16, 1, -1):
        bands = _bands(bar, rows)
        if bands <= MOST_BANDS:
            return rows, bands
    return 1, _bands(bar, 1)


def _bands(bar: float, rows: int) -> int:
    shared = bar**rows
    return 1 if shared >= 1.0 else math.ceil(math.log(MISSED) / math.log1p(-shared))


class BandTable:
    """Keys `[bands]` of sets, numbered in the order of `add`, chained by band and place.

    Chains begin in tables that hold `FIRST_ROWS` sets, then `GROWTH` times as many, and so on: nothing moves when the
    next one is begun. `MOST_SETS` fit in.
    """

    def __init__(self, bands: int) -> None:
        self._bands = np.arange(bands)
        self._band_of = self._starts = np.zeros(0, np.int64)
        self._masks = np.zeros(0, np.uint32)
        self._heads = np.zeros(0, np.uint32)
        self._next = np.zeros((0, bands), np.uint32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, keys: Keys | None) -> int:
        """Keeps a set's keys and returns its number, from 0. None: a set that is like no other.

        Raises `UsageError` where no more fit in.
        """
        if self._count == len(self._next):
            self._grow()
        number = self._count
        self._count += 1
        if keys is not None:
            newest = slice(-len(self._bands), None)
            at = self._starts[newest] + (keys & self._masks[newest])
            self._next[number] = self._heads[at]
            self._heads[at] = (keys & _TAG) | np.uint32(number + 1)
        return number

    def find(self, keys: Keys) -> Numbers | None:
        """The numbers of the sets that likely share a key, some twice; None when that may be most of them."""
        band = self._band_of
        wanted = keys[band]
        here = self._heads[self._starts + (wanted & self._masks)]
        tags = wanted & _TAG
        found: list[NDArray[np.uint32]] = []
        for _ in range(DEEPEST):
            alive = here.nonzero()[0]
            if not len(alive):
                return (np.concatenate(found) - 1).astype(np.int64) if found else np.zeros(0, np.int64)
            here, band, tags = here[alive], band[alive], tags[alive]
            number = here & _NUMBER
            found.append(number[(here ^ tags) <= _NUMBER])
            here = self._next[number - 1, band]
        return None if here.any() else (np.concatenate(found) - 1).astype(np.int64)

    def _grow(self) -> None:
        """Begins a table of chains for the next sets, with a place for each one or two of them."""
        if self._count == MOST_SETS:
            raise UsageError(f"near: more than {MOST_SETS:,} texts", hint="compare them in parts, or leave near out")
        rows, bands, start = max(FIRST_ROWS, self._count * GROWTH), len(self._bands), len(self._heads)
        rows = min(rows, MOST_SETS)
        places = 1 << (rows - self._count - 1).bit_length() - 1
        self._band_of = np.concatenate([self._band_of, self._bands])
        self._starts = np.concatenate([self._starts, start + self._bands * places])
        self._masks = np.concatenate([self._masks, np.full(bands, places - 1, np.uint32)])
        self._heads = enlarged(self._heads, start + places * bands)
        self._next = enlarged(self._next, rows)


def enlarged(array: NDArray[Any], rows: int) -> NDArray[Any]:
    """The same with `rows` rows; the new ones are 0 and take no memory before they are written."""
    larger = np.zeros((rows, *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


class MinHashIndex:
    """Sets under numbers, and which of them are likely at or above `bar` with another."""

    def __init__(self, bar: float) -> None:
        self._banding = Banding(bar)
        self._table = BandTable(self._banding.bands)
        self._numbers: list[int] = []

    def add(self, number: int, members: Iterable[str]) -> None:
        """Keeps a set that is not empty under a number."""
        self._table.add(self._banding.keys(members))
        self._numbers.append(number)

    def find(self, members: Iterable[str]) -> Sequence[int]:
        """The numbers of the sets that are likely like this one, each once."""
        found = self._table.find(self._banding.keys(members))
        return self._numbers if found is None else [self._numbers[place] for place in np.unique(found)]
