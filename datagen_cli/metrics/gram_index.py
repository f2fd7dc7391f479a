"""Which reference text shares most word n-grams with each of many texts: sorted codes and joins, no n × m.

Texts are taken in portions, and all of a portion together in NumPy. An n-gram is a 64-bit code of its words' numbers;
codes that the reference has become ranks, so those are compared exactly from there on. Cost: about 20 µs a text of 60
words. Memory: 40 bytes an n-gram of the reference, and about 200 MB for a portion. An n-gram of more than `COMMON`
reference texts finds no candidates (else boilerplate would make the work quadratic); it counts again when a candidate
is verified.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, pairwise

import numpy as np
from numpy.typing import NDArray

from datagen_cli.metrics.similar_sets import spans

COMMON = 64
CANDIDATES = 8
TEXTS = 1 << 14
PAIRS = 1 << 21
"""At most so many texts, and about so many pairs of an n-gram with a reference text, are looked at together."""
_MISS_BITS = 44
_LOW = 0xFFFFFFFF
Codes = NDArray[np.uint64]
Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shared:
    """The reference text that fits best, and the share of n-grams: of the text's in it, or of its in the text."""

    index: int
    share: float


@dataclass(frozen=True, slots=True)
class Best:
    """For one text: the reference text that holds most of it, and the one of which it holds most; None below the bar.

    `quoted` is looked for only where nothing is `contained`.
    """

    contained: Shared | None = None
    quoted: Shared | None = None


class Vocabulary:
    """Numbers for words, shared by all that is compared."""

    def __init__(self) -> None:
        self._known: defaultdict[str, int] = defaultdict(count().__next__)

    def codes(self, texts: Iterable[Sequence[str]], n: int) -> tuple[Codes, Longs]:
        """The n-grams of the texts in order, as 64-bit codes, and the number of the text that each stands in."""
        lists = [text if len(text) >= n else () for text in texts]
        sizes = np.fromiter(map(len, lists), np.int64, len(lists))
        numbers = map(self._known.__getitem__, chain.from_iterable(lists))
        mixed = _mix(np.fromiter(numbers, np.uint64, int(sizes.sum())) + np.uint64(1))
        grams = np.maximum(sizes - (n - 1), 0)
        starts = spans(np.cumsum(sizes) - sizes, grams)
        code = np.zeros(len(starts), dtype=np.uint64)
        for place in range(n):
            code = _mix(code * np.uint64(0x9E3779B97F4A7C15) + mixed[starts + place])
        return code, np.repeat(np.arange(len(lists)), grams)


class GramIndex:
    """The distinct n-grams of the reference texts: by code, each with the texts that hold it; and by text."""

    def __init__(self, vocabulary: Vocabulary, texts: Sequence[Sequence[str]], n: int) -> None:
        self._vocabulary, self._n = vocabulary, n
        codes, owners = vocabulary.codes(texts, n)
        order = np.argsort(codes, kind="stable")
        codes, owners = codes[order], owners[order]
        fresh = _begins(codes)
        kept = fresh | _begins(owners)
        self._codes = codes[fresh]
        self._owners = owners[kept]
        self._begins = np.flatnonzero(fresh[kept])
        self._counts = np.diff(self._begins, append=len(self._owners))
        ranks = np.repeat(np.arange(len(self._codes)), self._counts)
        self._grams = ranks[np.argsort(self._owners, kind="stable")]
        self._sizes = np.bincount(self._owners, minlength=len(texts))
        self._first = np.cumsum(self._sizes) - self._sizes

    def best(self, texts: Sequence[Sequence[str]], bar: float, least: int | None) -> list[Best]:
        """What each text repeats from `bar` on. Quoted reference texts have at least `least` n-grams; None: no such."""
        found = [Best()] * len(texts)
        for start in range(0, len(texts), TEXTS):
            for text, best in self._portion(texts[start : start + TEXTS], bar, least):
                found[start + text] = best
        return found

    def _portion(self, texts: Sequence[Sequence[str]], bar: float, least: int | None) -> Iterator[tuple[int, Best]]:
        owners, ranks, sizes = self._distinct(*self._vocabulary.codes(texts, self._n), len(texts))
        held = np.bincount(owners, minlength=len(texts))
        begins = np.cumsum(held) - held
        pairs, counts = self._candidates(owners, ranks, len(texts))
        common = np.bincount(owners[self._counts[ranks] > COMMON], minlength=len(texts))
        most = counts + common[pairs >> 32]
        reach = most >= bar * self._needed(pairs, sizes, least) - 1e-9
        pairs = pairs[reach]
        if not len(pairs):
            return
        text, reference = pairs >> 32, pairs & _LOW
        overlaps = self._overlaps(pairs, ranks, begins, held)
        contained = _best(text, reference, overlaps / sizes[text], bar)
        quoted: dict[int, Shared] = {}
        if least is not None:
            long = (self._sizes[reference] >= least) & (sizes[text] >= least)
            shares = overlaps[long] / self._sizes[reference[long]]
            quoted = _best(text[long], reference[long], shares, bar)
        for number in contained.keys() | quoted.keys():
            whole = contained.get(number)
            yield number, Best(whole, None if whole else quoted.get(number))

    def _distinct(self, codes: Codes, owners: Longs, texts: int) -> tuple[Longs, Longs, Longs]:
        """Text and rank of the texts' distinct n-grams that the reference has, and how many n-grams each text has.

        Those that it has not are told apart within their text by part of their code.
        """
        if not len(self._codes):
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.bincount(owners, minlength=texts)
        rank = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        missed = (codes >> np.uint64(64 - _MISS_BITS)).astype(np.int64) | (1 << _MISS_BITS)
        keys = (owners << (_MISS_BITS + 1)) | np.where(self._codes[rank] == codes, rank, missed)
        keys.sort()
        keys = keys[_begins(keys)]
        owners = keys >> (_MISS_BITS + 1)
        hit = (keys >> _MISS_BITS) & 1 == 0
        return owners[hit], keys[hit] & ((1 << _MISS_BITS) - 1), np.bincount(owners, minlength=texts)

    def _candidates(self, owners: Longs, ranks: Longs, texts: int) -> tuple[Longs, Longs]:
        """(text << 32 | reference text) of those that share most n-grams with a text, best first, and how many.

        Of n-grams that many reference texts have, the first `COMMON` of those count, where a text has no other.
        """
        counts = self._counts[ranks]
        rare = counts <= COMMON
        only = np.bincount(owners[rare], minlength=texts) > 0
        kept = rare | ~only[owners]
        owners, ranks, counts = owners[kept], ranks[kept], np.minimum(counts[kept], COMMON)
        pairs, shared = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for start, end in _texts_by_load(owners, counts):
            part = counts[start:end]
            other = self._owners[spans(self._begins[ranks[start:end]], part)]
            keys = (np.repeat(owners[start:end], part) << 32) | other
            keys.sort()
            first = np.flatnonzero(_begins(keys))
            sums = np.diff(first, append=len(keys))
            keys = keys[first]
            order = np.lexsort((keys, -sums, keys >> 32))
            keys, sums = keys[order], sums[order]
            top = _places(keys >> 32) < CANDIDATES
            pairs.append(keys[top])
            shared.append(sums[top])
        return np.concatenate(pairs), np.concatenate(shared)

    def _needed(self, pairs: Longs, sizes: Longs, least: int | None) -> Longs:
        """Of how many n-grams the bar is a share: the text's, or the reference text's where that is fewer."""
        own, other = sizes[pairs >> 32], self._sizes[pairs & _LOW]
        return own if least is None else np.where(other >= least, np.minimum(own, other), own)

    def _overlaps(self, pairs: Longs, ranks: Longs, begins: Longs, held: Longs) -> Longs:
        """How many distinct n-grams text and reference text of each pair share."""
        text, reference = pairs >> 32, pairs & _LOW
        load = held[text] + self._sizes[reference]
        parts = [np.zeros(0, np.int64)]
        for start, end in _by_load(load):
            numbers = np.arange(end - start)
            ours, theirs = held[text[start:end]], self._sizes[reference[start:end]]
            one = (np.repeat(numbers, ours) << 32) | ranks[spans(begins[text[start:end]], ours)]
            two = (np.repeat(numbers, theirs) << 32) | self._grams[spans(self._first[reference[start:end]], theirs)]
            both = np.concatenate((one, two))
            both.sort()
            parts.append(np.bincount(both[1:][both[1:] == both[:-1]] >> 32, minlength=end - start))
        return np.concatenate(parts)


def _best(texts: Longs, references: Longs, shares: NDArray[np.float64], bar: float) -> dict[int, Shared]:
    """The pair of the largest share from `bar` on for each text; of equals the first, texts together as they come."""
    found: dict[int, Shared] = {}
    keep = shares >= bar
    triples = zip(texts[keep].tolist(), references[keep].tolist(), shares[keep].tolist(), strict=True)
    for text, reference, share in triples:
        if text not in found or share > found[text].share:
            found[text] = Shared(reference, share)
    return found


def _begins(values: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Where a value differs from the one before it; the first always does."""
    fresh = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=fresh[1:])
    return fresh


def _places(groups: Longs) -> Longs:
    """The place of each value in its run of equal ones, from 0."""
    first = np.flatnonzero(_begins(groups))
    return np.arange(len(groups)) - np.repeat(first, np.diff(first, append=len(groups)))


def _by_load(load: Longs) -> Iterator[tuple[int, int]]:
    """Ranges with a sum of about `PAIRS`."""
    sums = np.cumsum(load)
    parts = -(-int(sums[-1]) // PAIRS) if len(sums) else 0
    edges = np.searchsorted(sums, np.arange(1, parts) * PAIRS).tolist() if parts > 1 else []
    yield from pairwise([0, *edges, len(load)])


def _texts_by_load(owners: Longs, load: Longs) -> Iterator[tuple[int, int]]:
    """As `_by_load`, of whole texts."""
    first = np.append(np.flatnonzero(_begins(owners)), len(owners))
    sums = np.add.reduceat(load, first[:-1]) if len(owners) else np.zeros(0, np.int64)
    for start, end in _by_load(sums):
        yield int(first[start]), int(first[end])


def _mix(values: Codes) -> Codes:
    """Spreads 64-bit integers over all their bits (the finaliser of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
