"""Which reference text shares most word n-grams with each of many texts: exact, without n × m.

A text that has a share of its n-grams in one reference text meets it at one of the few n-grams that fewest reference
texts have (prefix filter, as in `similar_sets.py`); one that holds a share of a reference text meets it at one of
those that are rarest there. Texts are taken in portions, and all of a portion together in NumPy; an n-gram is a 64-bit
code of its words' numbers. Cost: about 20 µs a text of 60 words. Memory: 60 bytes an n-gram of the reference, and about
200 MB for a portion.

Whether a text repeats a reference text is exact. Which one is named is the best of those met first; of reference texts
that fit beyond `FIRST` at a rare n-gram (boilerplate) a closer one may be left unread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

from datagen_cli.metrics.postings import (
    LOW,
    Bools,
    Longs,
    Probes,
    begins_anew,
    by_load,
    candidates,
    places_in_runs,
    spans,
)
from datagen_cli.text.mixing import mix

TEXTS = 1 << 14
"""At most so many texts are looked at together."""
_MISS_BITS = 44
_TINY = 1e-9
Codes = NDArray[np.uint64]


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
        mixed = mix(np.fromiter(numbers, np.uint64, int(sizes.sum())) + np.uint64(1))
        grams = np.maximum(sizes - (n - 1), 0)
        starts = spans(np.cumsum(sizes) - sizes, grams)
        code = np.zeros(len(starts), dtype=np.uint64)
        for place in range(n):
            code = mix(code * np.uint64(0x9E3779B97F4A7C15) + mixed[starts + place])
        return code, np.repeat(np.arange(len(lists)), grams)


@dataclass(frozen=True, slots=True)
class _Lists:
    """Which reference texts hold each n-gram, by its rank: `owners[begins[r]:begins[r] + counts[r]]`."""

    owners: Longs
    begins: Longs
    counts: Longs


class GramIndex:
    """The distinct n-grams of the reference texts: by rank, each with the texts that hold it; and by text."""

    def __init__(self, vocabulary: Vocabulary, texts: Sequence[Sequence[str]], n: int) -> None:
        self._vocabulary, self._n = vocabulary, n
        codes, owners = vocabulary.codes(texts, n)
        order = np.argsort(codes, kind="stable")
        codes, owners = codes[order], owners[order]
        fresh = begins_anew(codes)
        kept = fresh | begins_anew(owners)
        self._codes = codes[fresh]
        owners = owners[kept]
        begins = np.flatnonzero(fresh[kept])
        counts = np.diff(begins, append=len(owners))
        self._lists = _Lists(owners, begins, counts)
        ranks = np.repeat(np.arange(len(self._codes)), counts)
        self._grams = ranks[np.argsort(owners, kind="stable")]
        self._sizes = np.bincount(owners, minlength=len(texts)).astype(np.int64)
        self._first = np.cumsum(self._sizes) - self._sizes

    def best(self, texts: Sequence[Sequence[str]], bar: float, least: int | None) -> list[Best]:
        """What each text repeats from `bar` on. Quoted reference texts have at least `least` n-grams; None: no such."""
        found = [Best()] * len(texts)
        rare = self._rarest(bar, least) if least is not None else None
        for start in range(0, len(texts), TEXTS):
            for text, best in self._portion(texts[start : start + TEXTS], bar, least, rare):
                found[start + text] = best
        return found

    def _portion(
        self, texts: Sequence[Sequence[str]], bar: float, least: int | None, rare: _Lists | None
    ) -> Iterator[tuple[int, Best]]:
        own = self._distinct(*self._vocabulary.codes(texts, self._n), len(texts))
        done = np.zeros(len(texts), np.bool_)
        contained: dict[int, Shared] = {}
        for pairs in candidates(own.probes(self._lists, own.prefixes(self._lists, bar)), done):
            text, reference = pairs >> 32, pairs & LOW
            _keep(contained, text, reference, self._overlaps(pairs, own) / own.sizes[text], bar, done)
        quoted: dict[int, Shared] = {}
        if rare is not None:
            long = ~done[own.owners] & (own.sizes[own.owners] >= (least or 0))
            for pairs in candidates(own.probes(rare, long), done):
                text, reference = pairs >> 32, pairs & LOW
                _keep(quoted, text, reference, self._overlaps(pairs, own) / self._sizes[reference], bar, done)
        for number, whole in contained.items():
            yield number, Best(whole)
        for number, part in quoted.items():
            yield number, Best(None, part)

    def _distinct(self, codes: Codes, owners: Longs, texts: int) -> _Texts:
        """The distinct n-grams of the texts. Those that the reference has not are told apart within their text by part
        of their code."""
        if not len(self._codes):
            nothing = np.zeros(0, np.int64)
            return _Texts(nothing, nothing, np.bincount(owners, minlength=texts))
        rank = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        missed = (codes >> np.uint64(64 - _MISS_BITS)).astype(np.int64) | (1 << _MISS_BITS)
        keys = (owners << (_MISS_BITS + 1)) | np.where(self._codes[rank] == codes, rank, missed)
        keys.sort()
        keys = keys[begins_anew(keys)]
        owners = keys >> (_MISS_BITS + 1)
        hit = (keys >> _MISS_BITS) & 1 == 0
        return _Texts(owners[hit], keys[hit] & ((1 << _MISS_BITS) - 1), np.bincount(owners, minlength=texts))

    def _rarest(self, bar: float, least: int) -> _Lists:
        """The lists of those n-grams of which a text that holds `bar` of a reference text has one at least."""
        owners = np.repeat(np.arange(len(self._sizes)), self._sizes)
        order = np.lexsort((self._grams, self._lists.counts[self._grams], owners))
        spare = self._sizes - np.ceil(bar * self._sizes - _TINY).astype(np.int64)
        kept = (places_in_runs(owners) <= spare[owners]) & (self._sizes[owners] >= least)
        ranks, owners = self._grams[order][kept], owners[kept]
        order = np.lexsort((owners, ranks))
        counts = np.bincount(ranks, minlength=len(self._codes)).astype(np.int64)
        return _Lists(owners[order], np.cumsum(counts) - counts, counts)

    def _overlaps(self, pairs: Longs, own: _Texts) -> Longs:
        """How many distinct n-grams text and reference text of each pair share."""
        text, reference = pairs >> 32, pairs & LOW
        parts = [np.zeros(0, np.int64)]
        for start, end in by_load(own.held[text] + self._sizes[reference]):
            numbers = np.arange(end - start)
            ours, theirs = own.held[text[start:end]], self._sizes[reference[start:end]]
            one = (np.repeat(numbers, ours) << 32) | own.ranks[spans(own.begins[text[start:end]], ours)]
            two = (np.repeat(numbers, theirs) << 32) | self._grams[spans(self._first[reference[start:end]], theirs)]
            both = np.concatenate((one, two))
            both.sort()
            parts.append(np.bincount(both[1:][both[1:] == both[:-1]] >> 32, minlength=end - start))
        return np.concatenate(parts)


class _Texts:
    """The n-grams of a portion of texts that the reference has: text and rank; `sizes`: n-grams of each text in all."""

    def __init__(self, owners: Longs, ranks: Longs, sizes: Longs) -> None:
        self.owners, self.ranks, self.sizes = owners, ranks, sizes.astype(np.int64)
        self.held = np.bincount(owners, minlength=len(sizes)).astype(np.int64)
        self.begins = np.cumsum(self.held) - self.held

    def prefixes(self, lists: _Lists, bar: float) -> Bools:
        """Those n-grams of which a reference text that holds `bar` of the text has one at least: the rarest, where
        those that no reference text has come first."""
        order = np.lexsort((self.ranks, lists.counts[self.ranks], self.owners))
        spare = self.sizes - np.ceil(bar * self.sizes - _TINY).astype(np.int64) - (self.sizes - self.held)
        kept = np.zeros(len(self.owners), np.bool_)
        kept[order] = places_in_runs(self.owners) <= spare[self.owners]
        return kept

    def probes(self, lists: _Lists, kept: Bools) -> Probes:
        """What these n-grams lead to, rarest first."""
        owners, ranks = self.owners[kept], self.ranks[kept]
        begins = lists.begins[ranks]
        return Probes(owners, begins, begins + lists.counts[ranks], lists.owners)


def _keep(
    found: dict[int, Shared], texts: Longs, references: Longs, shares: NDArray[np.float64], bar: float, done: Bools
) -> None:
    """Keeps the pair of the largest share from `bar` on for each text, of equals the first; marks the texts."""
    close = shares >= bar - _TINY
    for text, reference, share in zip(
        texts[close].tolist(), references[close].tolist(), shares[close].tolist(), strict=True
    ):
        if text not in found or share > found[text].share:
            found[text] = Shared(reference, share)
    done[texts[close]] = True
