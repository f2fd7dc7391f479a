"""Which of many sets are alike: Jaccard similarity at or above a bar, without comparing every pair.

With the members of every set ordered rarest first, two sets at the bar share one of the first |x| - ⌈bar · |x|⌉ + 1
(prefix filter: Chaudhuri et al. 2006, Bayardo et al. 2007). Pairs that meet there are cut by sizes and by bitmaps
(Sandes et al. 2020), neither of which drops a pair at the bar; then the members themselves are compared. Against
MinHash: no seed, no order, and nothing is missed by chance.

All pairs are found where at most `ALL` pairs meet, which is so for all but sets full of near copies. Beyond that every
set that has a partner is still found, with one of its partners at least, in time that grows with what has none. After
`MOST` meetings the sets that are still alone are looked up by MinHash, which overlooks `MISSED` of them at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen_cli.metrics.postings import LOW, Bools, Longs, Probes, begins_anew, by_load, candidates, spans
from datagen_cli.text.minhash import MinHashIndex
from datagen_cli.text.near import ones

ALL = 1 << 24
MOST = 1 << 28
BITS = 512
_FILTERED = 1 << 17
_TINY = 1e-9

Pair = tuple[int, int, float]
Bitmaps = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets of numbers one after the other, the rarest number first; set s is `members[begins[s]:begins[s] + sizes[s]]`.

    A number is its rank by rarity, so members ascend within a set.
    """

    members: Longs
    begins: Longs
    sizes: Longs


@dataclass(frozen=True, slots=True)
class Alike:
    """`marked[s]`: whether set s is in a pair. `pairs`: (earlier, later, similarity) in order; `complete`: all of them,
    else one or more a marked set. `exact`: no set was looked up by MinHash."""

    marked: Bools
    pairs: list[Pair]
    complete: bool
    exact: bool


def rarest_first(owners: Longs, numbers: Longs, count: int) -> Sets:
    """`count` sets from (owner, member) pairs, each given once."""
    frequency = np.bincount(numbers) if len(numbers) else np.zeros(0, np.int64)
    rank = np.empty(len(frequency), np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(frequency))
    keys = (owners << 32) | rank[numbers]
    keys.sort()
    sizes = np.bincount(owners, minlength=count).astype(np.int64)
    return Sets(keys & LOW, np.cumsum(sizes) - sizes, sizes)


def similar_sets(sets: Sets, bar: float) -> Alike:
    """The sets that are alike and their pairs. Empty sets are like none."""
    join = _Join(sets, bar)
    forward, backward = _probes(sets, bar)
    exact, complete = True, forward.load <= ALL
    if complete:
        for keys in candidates(forward):
            join.compare(keys)
    else:
        for probes in (forward, backward):
            exact = join.search(probes) and exact
        if not exact:
            join.look_up()
    return Alike(join.marked, join.pairs(), complete, exact)


class _Join:
    """Compares candidates, keeps the pairs at the bar, and marks their sets."""

    def __init__(self, sets: Sets, bar: float) -> None:
        self._sets, self._bar = sets, bar
        self._bitmaps = _bitmaps(sets)
        self._found = [np.zeros(0, np.int64)]
        self._values = [np.zeros(0)]
        self._met = 0
        self.marked = np.zeros(len(sets.sizes), np.bool_)

    def compare(self, keys: Longs) -> None:
        """Keeps those of the pairs (a << 32 | b) that reach the bar."""
        keys = keys[_may_reach(keys, self._sets, self._bar, self._bitmaps)]
        for start, end in by_load(self._sets.sizes[keys >> 32] + self._sets.sizes[keys & LOW]):
            portion = keys[start:end]
            similarity = _jaccard(portion, self._sets)
            close = similarity >= self._bar - _TINY
            portion = portion[close]
            self.marked[portion >> 32] = self.marked[portion & LOW] = True
            self._found.append(portion)
            self._values.append(similarity[close])

    def search(self, probes: Probes) -> bool:
        """Looks for a partner of every set that has none; False when it met too many without an end."""
        for keys in candidates(probes, self.marked):
            self._met += len(keys)
            if self._met > MOST:
                return False
            self.compare(keys)
        return True

    def look_up(self) -> None:
        """Partners by MinHash for the sets that are still alone."""
        members, sizes = self._sets.members, self._sets.sizes
        index = MinHashIndex(self._bar)
        texts = [list(map(str, part.tolist())) for part in np.split(members, np.cumsum(sizes)[:-1])]
        for number, text in enumerate(texts):
            if text:
                index.add(number, text)
        for number in np.flatnonzero(~self.marked & (sizes > 0)).tolist():
            others = np.array([other for other in index.find(texts[number]) if other != number], np.int64)
            self.compare((np.int64(number) << 32) | others)

    def pairs(self) -> list[Pair]:
        """The pairs, the earlier set first, each once."""
        found, values = np.concatenate(self._found), np.concatenate(self._values)
        a, b = found >> 32, found & LOW
        keys = (np.minimum(a, b) << 32) | np.maximum(a, b)
        order = np.argsort(keys, kind="stable")
        order = order[begins_anew(keys[order])]
        keys, values = keys[order], values[order]
        return list(zip((keys >> 32).tolist(), (keys & LOW).tolist(), values.tolist(), strict=True))


def _probes(sets: Sets, bar: float) -> tuple[Probes, Probes]:
    """For each member of a set's prefix: the sets of about its size that have it in theirs, larger ones, smaller ones.

    Lists are ordered by size, and read from the set's own place on.
    """
    owners, members = _prefixes(sets, bar)
    sizes, places = sets.sizes[owners], np.arange(len(owners))
    first = np.flatnonzero(begins_anew(members))
    lengths = np.diff(first, append=len(members))
    low, high = np.repeat(first, lengths), np.repeat(first + lengths, lengths)
    rank = np.repeat(np.arange(len(first)), lengths)
    keys = (rank << 32) | sizes
    largest = np.floor(sizes / bar + _TINY).astype(np.int64)
    least = np.ceil(sizes * bar - _TINY).astype(np.int64)
    high = np.minimum(high, np.searchsorted(keys, (rank << 32) | largest, side="right"))
    low = np.maximum(low, np.searchsorted(keys, (rank << 32) | least, side="left"))
    forward = Probes(owners, places + 1, high, owners)
    backward = Probes(owners, len(owners) - places, len(owners) - low, owners[::-1])
    return forward, backward


def _prefixes(sets: Sets, bar: float) -> tuple[Longs, Longs]:
    """The prefix members that several sets share, by member and then by size: set, member."""
    least = np.ceil(bar * sets.sizes - _TINY).astype(np.int64)
    length = np.where(sets.sizes > 0, sets.sizes - least + 1, 0)
    owners = np.repeat(np.arange(len(length)), length)
    members = sets.members[spans(sets.begins, length)]
    shared = np.bincount(members)[members] > 1 if len(members) else np.zeros(0, np.bool_)
    owners, members = owners[shared], members[shared]
    order = np.lexsort((owners, sets.sizes[owners], members))
    return owners[order], members[order]


def _bitmaps(sets: Sets) -> Bitmaps:
    """A bitmap of `BITS` for each set: what two of them differ in, the sets differ in."""
    maps = np.zeros((len(sets.sizes), BITS // 8), np.uint8)
    rows = 1 << 12
    for start in range(0, len(maps), rows):
        sizes = sets.sizes[start : start + rows]
        members = sets.members[spans(sets.begins[start : start + rows], sizes)]
        bits = ((members * 0x9E3779B1) & LOW) >> 23
        flags = np.zeros((len(sizes), BITS), np.bool_)
        flags[np.repeat(np.arange(len(sizes)), sizes), bits] = True
        maps[start : start + rows] = np.packbits(flags, axis=1)
    return maps.view(np.uint64)


def _may_reach(keys: Longs, sets: Sets, bar: float, bitmaps: Bitmaps) -> Bools:
    """Whether a pair can reach the bar: twice what two sets share is at most their sizes less what differs for sure."""
    may = np.empty(len(keys), np.bool_)
    for start in range(0, len(keys), _FILTERED):
        first, second = keys[start : start + _FILTERED] >> 32, keys[start : start + _FILTERED] & LOW
        differ = ones(bitmaps[first] ^ bitmaps[second])
        both = sets.sizes[first] + sets.sizes[second]
        may[start : start + len(first)] = (both - differ) / 2 >= bar / (1 + bar) * both - _TINY
    return may


def _jaccard(keys: Longs, sets: Sets) -> NDArray[np.float64]:
    """The similarity of each pair of sets that are not both empty."""
    together: list[Longs] = []
    for side in (keys >> 32, keys & LOW):
        sizes = sets.sizes[side]
        together.append((np.repeat(np.arange(len(keys)), sizes) << 32) | sets.members[spans(sets.begins[side], sizes)])
    members = np.concatenate(together)
    members.sort()
    twice = members[1:][members[1:] == members[:-1]] >> 32
    shared = np.bincount(twice, minlength=len(keys))
    return shared / (sets.sizes[keys >> 32] + sets.sizes[keys & LOW] - shared)
