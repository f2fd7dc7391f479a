"""The share of texts that another text nearly repeats: Jaccard of the sets of 3-shingles ≥ 0.8; lower is better.

Shingles are of terms (`text/tokens.py`); a text of one or two terms is one shingle. The share is exact and does not
depend on the order of the rows (see `similar_sets.py`, which says where the pairs are not all of them, and from which
size on MinHash takes over; the signature then says so). 100,000 texts take some seconds.
It misleads when texts are short templates: then the value is right, and the question is whether that is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen_cli.core.citation import RESEMBLANCE, Citation
from datagen_cli.metrics.exhibits import Exhibit, Passage, Passages, Side
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.intervals import Interval, one_sided, share_interval
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.ngrams import number_ngrams, number_tokens
from datagen_cli.metrics.parts import MOST, Bools, ByParts, Masks, Parts, mask_of, standard_error
from datagen_cli.metrics.postings import LOW, distinct
from datagen_cli.metrics.similar_sets import Pair, Sets, rarest_first, similar_sets
from datagen_cli.metrics.wording import counted, number, percent
from datagen_cli.text.minhash import MISSED
from datagen_cli.text.tokens import TERMS, term_key, terms

THRESHOLD = 0.8
SHINGLE = 3


@dataclass(frozen=True, slots=True)
class NearDuplicatesFound:
    """`near[i]`: whether text i is in a pair. `pairs`: earlier and later text with their similarity, most alike first;
    of texts that are exactly alike each is paired with the first. `exact_rows`: texts that have a twin up to case and
    punctuation; `exact_extra`: how many could go without losing a text. `complete`: all pairs are there, else one or
    more for each near text; `exact`: no text was looked up by MinHash. `twins[i]`: the
    number of the group of equal texts that text i is in, -1 for an empty one."""

    near: NDArray[np.bool_]
    pairs: list[Pair]
    exact_rows: int
    exact_extra: int
    twins: NDArray[np.int64]
    complete: bool = True
    exact: bool = True


def find_near_duplicates(texts: Sequence[str], threshold: float = THRESHOLD) -> NearDuplicatesFound:
    """The near-duplicate pairs of the texts. A text without terms is compared as it is written; an empty one repeats
    nothing."""
    return pairs_of_terms(texts, [terms(text) for text in texts], threshold)


def pairs_of_terms(texts: Sequence[str], found: Sequence[Sequence[str]], threshold: float) -> NearDuplicatesFound:
    """As `find_near_duplicates`, with the terms of each text already there."""
    twins = _twins(texts, found)
    firsts = np.array([rows[0] for rows in twins], dtype=np.int64)
    near = np.zeros(len(texts), np.bool_)
    pairs: list[Pair] = []
    for rows in twins:
        if len(rows) > 1:
            near[rows] = True
            pairs.extend((rows[0], row, 1.0) for row in rows[1:])
    alike = similar_sets(_shingle_sets([found[row] for row in firsts]), threshold)
    pairs += [(int(firsts[a]), int(firsts[b]), similarity) for a, b, similarity in alike.pairs]
    for group in np.flatnonzero(alike.marked):
        near[twins[group]] = True
    pairs.sort(key=lambda pair: (-pair[2], pair[0], pair[1]))
    several = [len(rows) for rows in twins if len(rows) > 1]
    group_of = np.full(len(texts), -1, np.int64)
    for place, rows in enumerate(twins):
        group_of[rows] = place
    exact_rows = sum(several)
    return NearDuplicatesFound(
        near, pairs, exact_rows, exact_rows - len(several), group_of, alike.complete, alike.exact
    )


def _twins(texts: Sequence[str], found: Sequence[Sequence[str]]) -> list[list[int]]:
    """The rows of each text that differs, in order of first sight; empty texts are left out."""
    groups: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        if key := term_key(found[row], text):
            groups.setdefault(key, []).append(row)
    return list(groups.values())


def _shingle_sets(texts: Sequence[Sequence[str]]) -> Sets:
    """The distinct shingles of each text, numbered rarest first."""
    fill = [""] * SHINGLE
    table = number_tokens([*found, *fill[len(found) :]] if 0 < len(found) < SHINGLE else found for found in texts)
    starts, numbers, _ = list(number_ngrams(table, SHINGLE))[-1]
    owners = np.searchsorted(table.offsets, starts, side="right") - 1
    keys = distinct((owners.astype(np.int64) << 32) | numbers)
    return rarest_first(keys >> 32, keys & LOW, len(texts))


def partners(found: NearDuplicatesFound, parts: Parts) -> Masks:
    """For each text the parts in which it has a partner, as bits; all pairs are there."""
    size = int(found.twins.max(initial=-1)) + 1
    rows = np.flatnonzero(found.twins >= 0)
    groups, own = found.twins[rows], parts.bits[rows]
    members = np.bincount(groups * MOST + parts.of[rows], minlength=size * MOST).reshape(size, MOST)
    holders = np.packbits(members > 0, axis=1, bitorder="little").view("<u4").ravel().astype(np.uint32)
    near = np.zeros(size, np.uint32)
    ends = np.array([(found.twins[a], found.twins[b]) for a, b, _ in found.pairs], dtype=np.int64).reshape(-1, 2)
    for first, second in (ends.T, ends.T[::-1]):
        apart = first != second
        np.bitwise_or.at(near, first[apart], holders[second[apart]])
    result = np.zeros(len(found.near), np.uint32)
    alone = members[groups, parts.of[rows]] == 1
    result[rows] = near[groups] | np.where(alone, holders[groups] & ~own, holders[groups])
    return result


class NearDuplicates(Metric):
    """The share of texts that another text repeats or nearly repeats.

    Detail: `exact` (up to case and punctuation), the pairs with the ids of their rows, and their `total`.
    """

    name: ClassVar[str] = "near_duplicates"
    direction: ClassVar[Direction] = "lower"
    headline: ClassVar[str] = "nearly repeat another"
    counts_rows: ClassVar[bool] = True
    cites: ClassVar[Sequence[Citation]] = (RESEMBLANCE,)
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    grows_with_n: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = ("exact.rows", "exact.extra", "pairs", "total")
    least: ClassVar[int] = 2

    def measured(self, features: Features, reference: Features | None) -> Measure:
        found = self._found(features)
        ids, share = features.dataset.ids, float(found.near.mean())
        interval = self.interval(features, None, share) if found.complete else None
        bound, why = one_sided(share, len(features)) if found.complete else (None, "not all pairs are known")
        detail = {
            "exact": {"rows": found.exact_rows, "extra": found.exact_extra},
            "pairs": [[ids[first], ids[second], round(similarity, 4)] for first, second, similarity in found.pairs],
            "total": len(found.pairs),
        }
        if not found.complete:
            detail["note"] = "not all pairs are listed: one or more for each text that has a near copy"
        signature = f"jaccard={THRESHOLD}|shingle={SHINGLE}|{TERMS}|N={len(features)}"
        if not found.exact:
            signature += f"|minhash:recall>={1 - MISSED}"
        return Measure(share, self.direction, signature, interval, detail, no_interval=why, bound=bound)

    def interval(self, features: Features, reference: Features | None, value: float) -> Interval | None:
        """Wilson's, of as many independent texts as have the error of the parts."""
        parts, n = features.parts, float(len(features))
        measured = None if parts is None else self.by_parts(features, None, parts)
        error = None if measured is None else standard_error(measured)
        if error is None or value in (0.0, 1.0):
            return None
        independent = min(n, value * (1 - value) / error**2) if error > 0 else n
        return share_interval(value * independent, independent)

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        found = self._found(features)
        if not found.complete:
            return None
        masks, counts = partners(found, parts), np.bincount(parts.of, minlength=parts.count)

        def of(keep: Bools) -> float:
            near = (masks & mask_of(keep)) != 0
            return float(near[keep[parts.of]].sum() / counts[keep].sum())

        return ByParts(of, parts.count)

    def _found(self, features: Features) -> NearDuplicatesFound:
        return features.once(self.name, lambda: pairs_of_terms(features.texts, features.terms, THRESHOLD))

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        extra = detail.get("exact", {}).get("extra", 0)
        more = f", {counted(extra, 'exact extra row')}" if extra else ""
        return f"{percent(value)} nearly repeat another{more}"

    def exhibits(self, detail: Mapping[str, Any]) -> Sequence[Exhibit]:
        pairs = detail.get("pairs", ())
        drawn = [
            Passage(f"similarity {number(similarity)}", [Side(f"row {row}", row=row) for row in (first, second)])
            for first, second, similarity in pairs
        ]
        return [Passages("Rows that nearly repeat each other", drawn, detail.get("total", len(pairs)))]
