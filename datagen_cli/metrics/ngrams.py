"""Tokens and n-grams as numbers, and how often each text's n-grams stand in it and in any other text.

An n-gram's number is the rank of the pair (number of its first n - 1 tokens, number of its last token), so no n-gram is
ever built as a Python object and none collides with another. Sorting brings equal n-grams together; of each the two
largest counts in a text are kept, which is all that clipping against every other text needs (methods.md, `self_bleu`).
Linear but for the sort: about 0.15 s a million tokens and length. Beside 12 bytes a token it needs about 150 MB, since
n-grams are sorted in portions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from datagen_cli.metrics.parts import Parts, mask_of
from datagen_cli.metrics.postings import begins_anew, offsets, spans
from datagen_cli.text.tokens import tokens

PORTION = 1 << 21
"""N-grams sorted at a time."""

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TokenTable:
    """The tokens of T texts: `ids` one after the other, text t from `offsets[t]` to `offsets[t + 1]`; ids < `size`.
    `names`: the tokens by number, where they are kept."""

    ids: Ints
    offsets: Longs
    size: int
    names: Sequence[str] = ()

    @property
    def lengths(self) -> Longs:
        """Tokens of each text."""
        return np.diff(self.offsets)

    def sums(self, values: NDArray[np.integer]) -> Longs:
        """For each text the sum of its tokens' values, which are given by number."""
        upto = offsets(values[self.ids])
        return upto[self.offsets[1:]] - upto[self.offsets[:-1]]

    def apart(self, parts_of: Callable[[str], Sequence[str]]) -> TokenTable:
        """The table of what named tokens are made of, each told once; numbers are in order of first sight."""
        inner = number_tokens(map(parts_of, self.names))
        lengths = inner.lengths[self.ids]
        ids = inner.ids[spans(inner.offsets[self.ids], lengths)]
        return TokenTable(ids, offsets(lengths)[self.offsets], inner.size)

    def split(self) -> list[Ints]:
        """One array a text (views)."""
        return [self.ids[start:end] for start, end in zip(self.offsets[:-1], self.offsets[1:], strict=True)]

    def take(self, rows: Longs) -> TokenTable:
        """The tokens of these texts, numbered anew."""
        lengths = self.lengths[rows]
        ids = self.ids[spans(self.offsets[rows], lengths)]
        known, numbers = np.unique(ids, return_inverse=True)
        return TokenTable(numbers.astype(np.int32), offsets(lengths), len(known))


@dataclass(frozen=True, slots=True)
class NGramCounts:
    """Token n-grams of T texts. Arrays are `[T]`.

    `totals`: n-grams of a text; `matched`: of those, how many are left when each is clipped to its largest count in any
    other text; `distinct`: distinct n-grams of the set. `holders`: for each of them, in no order, the parts of the
    texts that have it, as bits; empty where texts have no parts.
    """

    n: int
    totals: Longs
    matched: Longs
    distinct: int
    holders: NDArray[np.uint32]

    @property
    def total(self) -> int:
        """N-grams of the set."""
        return int(self.totals.sum())


def tokenise(texts: Iterable[str]) -> TokenTable:
    """The tokens of the texts as numbers. None has white space in it: each word is taken apart once."""
    return number_tokens(map(str.split, texts)).apart(tokens)


def number_tokens(lists: Iterable[Sequence[str]]) -> TokenTable:
    """Any lists of tokens as numbers, in order of first sight, with their names."""
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    parts = [np.fromiter(map(numbers.__getitem__, tokens), np.int32, len(tokens)) for tokens in lists]
    ids = np.concatenate(parts) if parts else np.zeros(0, np.int32)
    return TokenTable(ids, offsets([len(part) for part in parts]), len(numbers), list(numbers))


def count_ngrams(table: TokenTable, longest: int, bits: NDArray[np.uint32] | None = None) -> Iterator[NGramCounts]:
    """Counts for n = 1 … longest, one after the other. Every id below `table.size` must occur. `bits`: of each text."""
    owners = np.repeat(np.arange(len(table.lengths), dtype=np.int32), table.lengths)
    matched = np.zeros(0, np.int64)
    holders: list[NDArray[np.uint32]] = []

    def count_runs(starts: Longs, changes: Bools) -> None:
        nonlocal matched
        texts = owners[starts]
        first = np.flatnonzero(changes | begins_anew(texts))
        begins, texts, counts = np.flatnonzero(changes[first]), texts[first], np.diff(first, append=len(texts))
        several, clipped = _clipped(begins, texts, counts)
        matched = matched + np.bincount(several, clipped, len(table.lengths)).astype(np.int64)
        if bits is not None and len(texts):
            holders.append(np.bitwise_or.reduceat(bits[texts], begins))

    walk = number_ngrams(table, longest, count_runs)
    for n in range(1, longest + 1):
        matched = np.zeros(len(table.lengths), np.int64)
        holders.clear()
        _, _, distinct = next(walk)
        held = np.concatenate(holders) if holders else np.zeros(0, np.uint32)
        yield NGramCounts(n, np.maximum(table.lengths - (n - 1), 0), matched, distinct, held)


def counts_by_parts(counts: NGramCounts, parts: Parts) -> Callable[[Bools], tuple[int, int]]:
    """Distinct n-grams and n-grams of any of the parts."""
    masks, times = np.unique(counts.holders, return_counts=True)
    totals = parts.sums(counts.totals.astype(np.float64))
    return lambda keep: (int(times[(masks & mask_of(keep)) != 0].sum()), int(totals[keep].sum()))


def number_ngrams(
    table: TokenTable, longest: int, visit: Callable[[Longs, Bools], None] | None = None
) -> Iterator[tuple[Longs, Ints, int]]:
    """For n = 1 … longest: where n-grams start `[m]`, their numbers `[m]` from 0 without gaps, and how many differ.

    `visit` is told of each portion, before its n is yielded: where its n-grams start, equal ones together and in order,
    and where another n-gram begins among them.
    """
    room = (np.repeat(table.offsets[1:], table.lengths) - np.arange(len(table.ids))).astype(np.int32)
    starts, numbers, distinct = np.arange(len(table.ids)), table.ids, table.size
    for n in range(1, longest + 1):
        if n > 1:
            fits = room[starts] >= n
            starts, first = starts[fits], numbers[fits]
            last, most = table.ids[starts + (n - 1)], distinct * table.size
            numbers, distinct = np.empty(len(first), np.int32), 0
        else:
            first, last, most = numbers, np.zeros(1, np.int32), distinct
        for portion in _portions(first):
            keys = first[portion].astype(np.int64)
            if n > 1:
                keys *= table.size
                keys += last[portion]
            order, changes = _sort(keys, most)
            if n > 1:
                ranks = np.empty(len(keys), np.int32)
                ranks[order] = np.cumsum(changes, dtype=np.int32) + np.int32(distinct - 1)
                numbers[portion] = ranks
                distinct += int(np.count_nonzero(changes))
            if visit is not None:
                visit(starts[portion][order], changes)
        yield starts, numbers, distinct


def _portions(numbers: Ints) -> Iterator[Longs | slice]:
    """Indexes that hold all places of the same number together, about `PORTION` at a time, in ascending order."""
    parts = -(-len(numbers) // PORTION)
    if parts <= 1:
        yield slice(None)
        return
    remainders = (numbers % parts).astype(np.int16 if parts < 1 << 15 else np.int32)
    for part in range(parts):
        yield np.flatnonzero(remainders == part)


def _sort(keys: Longs, most: int) -> tuple[Longs, Bools]:
    """The order that sorts keys below `most`, equal ones in order of place; and where another key begins.

    Key and place are packed into one number where they fit, because sorting numbers is several times faster than
    sorting places by numbers.
    """
    bits = len(keys).bit_length()
    if most < 1 << (63 - bits):
        packed = (keys << bits) | np.arange(len(keys))
        packed.sort()
        return packed & ((1 << bits) - 1), begins_anew(packed >> bits)
    order = np.argsort(keys, kind="stable")
    return order, begins_anew(keys[order])


def _clipped(begins: Longs, texts: Ints, counts: Longs) -> tuple[Ints, Longs]:
    """For every run of an n-gram of several texts: its text, and its count clipped to the largest in another text."""
    sizes = np.diff(begins, append=len(texts))
    several = np.repeat(sizes > 1, sizes)
    texts, counts, sizes = texts[several], counts[several], sizes[sizes > 1]
    if not len(sizes):
        return texts, counts
    begins = np.cumsum(sizes) - sizes
    largest = np.repeat(np.maximum.reduceat(counts, begins), sizes)
    gram = np.repeat(np.arange(len(sizes)), sizes)
    holders = np.flatnonzero(counts == largest)
    holders = holders[begins_anew(gram[holders])]
    rest = counts.copy()
    rest[holders] = 0
    largest[holders] = np.maximum.reduceat(rest, begins)
    return texts, np.minimum(counts, largest)
