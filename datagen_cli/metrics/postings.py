"""Candidate pairs from lists of postings, nearest first, for those that still look for a partner.

Exact joins of sets (`similar_sets.py`, `gram_index.py`) reduce to this: every set probes a few lists and must meet each
of its partners in one of them. Lists are read in growing pieces, so that a set that finds a partner early reads little.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]
LOW = 0xFFFFFFFF
FIRST = 64
"""Postings of a list that are read first; then twice as many each time."""
PORTION = 1 << 21
"""Members, or candidates, that are looked at together."""


@dataclass(frozen=True, slots=True)
class Probes:
    """Probe i: the set `owners[i]` reads `entries[low[i]:high[i]]`, which are numbers of sets."""

    owners: Longs
    low: Longs
    high: Longs
    entries: Longs

    @property
    def load(self) -> int:
        """How many postings there are to read."""
        return int(np.maximum(self.high - self.low, 0).sum())


def candidates(probes: Probes, done: Bools | None = None) -> Iterator[Longs]:
    """Pairs (owner << 32 | entry) in portions, each without repeats; portions may repeat each other.

    Owners that `done` names are passed over; it is looked at as it grows.
    """
    offset, size = 0, FIRST
    left = np.flatnonzero(probes.low < probes.high)
    while len(left):
        if done is not None:
            left = left[~done[probes.owners[left]]]
        low = probes.low[left] + offset
        counts = np.minimum(probes.high[left] - low, size)
        for start, end in by_load(counts):
            owners, begins, some = probes.owners[left[start:end]], low[start:end], counts[start:end]
            if done is not None and start:
                keep = ~done[owners]
                owners, begins, some = owners[keep], begins[keep], some[keep]
            if len(owners):
                yield distinct((np.repeat(owners, some) << 32) | probes.entries[spans(begins, some)])
        offset, size = offset + size, 2 * size
        left = left[probes.low[left] + offset < probes.high[left]]


def spans(begins: Longs, sizes: Longs) -> Longs:
    """The indexes begins[0], … begins[0] + sizes[0] - 1, begins[1], …"""
    ends = np.cumsum(sizes)
    return np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(begins - (ends - sizes), sizes)


def offsets(sizes: ArrayLike) -> Longs:
    """Where each of some spans, one after the other, begins and the last one ends: 0, sizes[0], …"""
    return np.concatenate(([0], np.cumsum(np.asarray(sizes, np.int64))))


def by_load(load: Longs) -> Iterator[tuple[int, int]]:
    """Ranges of at least one item with a sum of about `PORTION`."""
    if not len(load):
        return
    sums = np.cumsum(load)
    parts = -(-int(sums[-1]) // PORTION)
    edges = np.searchsorted(sums, np.arange(1, parts) * PORTION) if parts > 1 else np.zeros(0, np.int64)
    yield from ((start, end) for start, end in pairwise([0, *distinct(edges).tolist(), len(load)]) if start < end)


def begins_anew(values: NDArray[np.generic]) -> Bools:
    """Where a value differs from the one before it; the first always does."""
    fresh = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=fresh[1:])
    return fresh


def distinct(keys: Longs) -> Longs:
    """The keys that differ, ascending. As `np.unique`, whose hash table is several times slower than sorting."""
    keys = np.sort(keys)
    return keys[begins_anew(keys)]


def places_in_runs(values: Longs) -> Longs:
    """The place of each value in its run of equal ones, from 0."""
    first = np.flatnonzero(begins_anew(values))
    return np.arange(len(values)) - np.repeat(first, np.diff(first, append=len(values)))
