"""Which of many sets are alike: all pairs with a Jaccard similarity at or above a bar, without comparing every pair.

With the members of every set ordered rarest first, two sets at the bar share one of the first |x| - ⌈bar · |x|⌉ + 1
(prefix filter: Chaudhuri et al. 2006, Bayardo et al. 2007), and those are nearly always in one set only. What is
left is cut by sizes, by the place of the shared member (PPJoin, Xiao et al. 2008) and by bitmaps (Sandes et al. 2020),
none of which drops a pair at the bar; then the members themselves are compared. Against MinHash: no seed, and nothing
is missed by chance.

Limits keep sets full of near copies linear. Of the sets that share a prefix member, each is compared with the `NEXT`
next in size, and with the `WINDOW` next in size where that can still mark a set; from `PAIRS_A_SET` pairs a set on,
only pairs that mark a set are looked for. So the pairs are complete for clusters of up to `NEXT` + 1 near copies.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen_cli.metrics.ngrams import Longs, distinct

NEXT = 16
WINDOW = 32
PAIRS_A_SET = 2
PORTION = 1 << 21
"""Members, or candidates, looked at together."""
BITS = 512
_LOW = 0xFFFFFFFF
_TINY = 1e-9
_ONES = np.array([number.bit_count() for number in range(1 << 16)], dtype=np.uint8)

Bools = NDArray[np.bool_]
Pair = tuple[int, int, float]


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets of numbers one after the other, the rarest number first; set s is `members[begins[s]:begins[s] + sizes[s]]`.

    A number is its rank by rarity, so members ascend within a set.
    """

    members: Longs
    begins: Longs
    sizes: Longs


def rarest_first(owners: Longs, numbers: Longs, count: int) -> Sets:
    """`count` sets from (owner, member) pairs, each given once."""
    frequency = np.bincount(numbers) if len(numbers) else np.zeros(0, np.int64)
    rank = np.empty(len(frequency), np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(frequency))
    keys = (owners << 32) | rank[numbers]
    keys.sort()
    sizes = np.bincount(owners, minlength=count).astype(np.int64)
    return Sets(keys & _LOW, np.cumsum(sizes) - sizes, sizes)


def similar_pairs(sets: Sets, bar: float, marked: Bools) -> list[Pair]:
    """The pairs (earlier, later, similarity) at or above the bar, in order; marks their sets. Empty sets have none."""
    bitmaps = _bitmaps(sets)
    found = np.zeros(0, np.int64)
    values = np.zeros(0)
    for keys in _candidates(sets, bar, marked):
        keys = keys[_may_reach(keys, sets, bar, bitmaps)]
        keys = np.setdiff1d(keys, found, assume_unique=True)
        for portion in _by_load(keys, sets.sizes):
            if len(found) > PAIRS_A_SET * len(marked):
                portion = portion[~_both(portion, marked)]
            similarity = _jaccard(portion, sets)
            close = similarity >= bar - _TINY
            portion = portion[close]
            marked[portion >> 32] = marked[portion & _LOW] = True
            found, values = np.concatenate((found, portion)), np.concatenate((values, similarity[close]))
    order = np.argsort(found)
    found, values = found[order], values[order]
    return list(zip((found >> 32).tolist(), (found & _LOW).tolist(), values.tolist(), strict=True))


def _both(keys: Longs, marked: Bools) -> Bools:
    return marked[keys >> 32] & marked[keys & _LOW]


def _candidates(sets: Sets, bar: float, marked: Bools) -> Iterator[Longs]:
    """Pairs (first set << 32 | second set) that share a prefix member and can reach the bar by sizes and places.

    Each portion is free of repeats; portions may repeat each other. `marked` is looked at as it grows.
    """
    owners, members, after = _prefixes(sets, bar)
    sizes = sets.sizes[owners]
    place = np.arange(len(owners))
    waiting: list[Longs] = []
    for step in range(1, WINDOW + 1):
        place = place[place + step < len(owners)]
        other = place + step
        place = place[(members[place] == members[other]) & (sizes[place] >= bar * sizes[other] - _TINY)]
        if not len(place):
            break
        other = place + step
        needed = bar / (1 + bar) * (sizes[place] + sizes[other]) - _TINY
        reach = 1 + np.minimum(after[place], after[other]) >= needed
        a, b = owners[place[reach]], owners[other[reach]]
        keys = distinct((np.minimum(a, b) << 32) | np.maximum(a, b))
        waiting.append(keys[~_both(keys, marked)] if step > NEXT else keys)
        if sum(map(len, waiting)) > PORTION:
            yield distinct(np.concatenate(waiting))
            waiting.clear()
    if waiting:
        yield distinct(np.concatenate(waiting))


def _prefixes(sets: Sets, bar: float) -> tuple[Longs, Longs, Longs]:
    """The prefix members that several sets share, by member and then by size: set, member, members after it there."""
    least = np.ceil(bar * sets.sizes - _TINY).astype(np.int64)
    length = np.where(sets.sizes > 0, sets.sizes - least + 1, 0)
    owners = np.repeat(np.arange(len(length)), length)
    where = spans(sets.begins, length)
    members = sets.members[where]
    shared = np.bincount(members)[members] > 1 if len(members) else np.zeros(0, np.bool_)
    owners, members, where = owners[shared], members[shared], where[shared]
    order = np.lexsort((owners, sets.sizes[owners], members))
    owners, members, where = owners[order], members[order], where[order]
    return owners, members, sets.begins[owners] + sets.sizes[owners] - where - 1


def _bitmaps(sets: Sets) -> NDArray[np.uint16]:
    """A bitmap of `BITS` for each set: what two of them differ in, the sets differ in."""
    maps = np.zeros((len(sets.sizes), BITS // 8), np.uint8)
    rows = max(1, PORTION // BITS)
    for start in range(0, len(maps), rows):
        sizes = sets.sizes[start : start + rows]
        members = sets.members[spans(sets.begins[start : start + rows], sizes)]
        bits = ((members * 0x9E3779B1) & _LOW) >> 23
        flags = np.zeros((len(sizes), BITS), np.bool_)
        flags[np.repeat(np.arange(len(sizes)), sizes), bits] = True
        maps[start : start + rows] = np.packbits(flags, axis=1)
    return maps.view(np.uint16)


def _may_reach(keys: Longs, sets: Sets, bar: float, bitmaps: NDArray[np.uint16]) -> Bools:
    """Whether a pair can reach the bar: twice what two sets share is at most their sizes less what differs for sure."""
    may = np.empty(len(keys), np.bool_)
    for start in range(0, len(keys), PORTION // 16):
        first, second = keys[start : start + PORTION // 16] >> 32, keys[start : start + PORTION // 16] & _LOW
        differ = _ONES[bitmaps[first] ^ bitmaps[second]].sum(axis=1, dtype=np.int64)
        both = sets.sizes[first] + sets.sizes[second]
        may[start : start + len(first)] = (both - differ) / 2 >= bar / (1 + bar) * both - _TINY
    return may


def _by_load(keys: Longs, sizes: Longs) -> Iterator[Longs]:
    """The pairs in portions of about `PORTION` members."""
    if len(keys):
        load = np.cumsum(sizes[keys >> 32] + sizes[keys & _LOW])
        parts = math.ceil(int(load[-1]) / PORTION)
        yield from np.split(keys, np.searchsorted(load, np.arange(1, parts) * PORTION))


def _jaccard(keys: Longs, sets: Sets) -> NDArray[np.float64]:
    """The similarity of each pair of sets that are not both empty."""
    together: list[Longs] = []
    for side in (keys >> 32, keys & _LOW):
        sizes = sets.sizes[side]
        together.append((np.repeat(np.arange(len(keys)), sizes) << 32) | sets.members[spans(sets.begins[side], sizes)])
    members = np.concatenate(together)
    members.sort()
    twice = members[1:][members[1:] == members[:-1]] >> 32
    shared = np.bincount(twice, minlength=len(keys))
    return shared / (sets.sizes[keys >> 32] + sets.sizes[keys & _LOW] - shared)


def spans(begins: Longs, sizes: Longs) -> Longs:
    """The indexes begins[0], … begins[0] + sizes[0] - 1, begins[1], …"""
    ends = np.cumsum(sizes)
    return np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(begins - (ends - sizes), sizes)
