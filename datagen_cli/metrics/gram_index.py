"""Which reference text shares most word n-grams with a text: sorted integer codes and binary search, no n × m.

Cost: n log n of all n-grams. Memory: 12 bytes an n-gram of the reference, 8 an n-gram of the texts in a portion. An
n-gram of more than `COMMON` reference texts finds no candidates (else boilerplate would make the work quadratic); it
counts again when a candidate is verified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COMMON = 64
CANDIDATES = 8
Codes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Shared:
    """The reference text that fits best, and the share of n-grams: of the text's in it, or of its in the text."""

    index: int
    share: float


class Vocabulary:
    """Numbers for words, shared by all that is compared."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def codes(self, words: Sequence[str], n: int) -> Codes:
        """The distinct n-grams of a text as sorted 64-bit codes; none for a text below n words."""
        if len(words) < n:
            return np.zeros(0, dtype=np.uint64)
        known = self._known
        numbers = np.fromiter((known.setdefault(word, len(known)) for word in words), np.uint64, len(words))
        mixed = _mix(numbers + np.uint64(1))
        code = np.zeros(len(words) - n + 1, dtype=np.uint64)
        for place in range(n):
            code = _mix(code * np.uint64(0x9E3779B97F4A7C15) + mixed[place : place + len(code)])
        return np.unique(code)


class GramIndex:
    """The n-grams of the reference texts."""

    def __init__(self, codes: Sequence[Codes]) -> None:
        self._of = codes
        owners = np.repeat(np.arange(len(codes), dtype=np.int32), [len(part) for part in codes])
        joined = np.concatenate([*codes, np.zeros(0, dtype=np.uint64)])
        order = np.argsort(joined, kind="stable")
        self._codes, self._owners = joined[order], owners[order]

    def contained(self, codes: Codes, bar: float) -> Shared | None:
        """The reference text that holds the largest share, at least `bar`, of a text's n-grams."""
        first, last = self._ranges(codes)
        if not len(codes) or float((last > first).mean()) < bar:
            return None
        found = None
        for index in self._candidates(first, last):
            share = _overlap(codes, self._of[index]) / len(codes)
            if share >= bar and (found is None or share > found.share):
                found = Shared(index, share)
        return found

    def quoted(self, codes: Codes, bar: float, least: int) -> Shared | None:
        """The reference text, of at least `least` n-grams, of which the text holds the largest share from `bar` on."""
        if len(codes) < least:
            return None
        found = None
        for index in self._candidates(*self._ranges(codes)):
            size = len(self._of[index])
            share = _overlap(codes, self._of[index]) / size if size >= least else 0.0
            if share >= bar and (found is None or share > found.share):
                found = Shared(index, share)
        return found

    def _ranges(self, codes: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return np.searchsorted(self._codes, codes, "left"), np.searchsorted(self._codes, codes, "right")

    def _candidates(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> list[int]:
        """The reference texts that share most n-grams; of n-grams that many have, the first `COMMON` owners count."""
        rare = (last > first) & (last - first <= COMMON)
        if not rare.any():
            rare, last = last > first, np.minimum(last, first + COMMON)
            if not rare.any():
                return []
        owners = np.concatenate(
            [self._owners[a:b] for a, b in zip(first[rare].tolist(), last[rare].tolist(), strict=True)]
        )
        indexes, counts = np.unique(owners, return_counts=True)
        best = np.lexsort((indexes, -counts))[:CANDIDATES]
        return [int(index) for index in indexes[best]]


def _overlap(first: Codes, second: Codes) -> int:
    return int(np.isin(first, second, assume_unique=True).sum())


def _mix(values: Codes) -> Codes:
    """Spreads 64-bit integers over all their bits (the finaliser of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
