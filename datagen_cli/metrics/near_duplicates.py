"""The share of texts that another text nearly repeats: Jaccard of the sets of 3-shingles ≥ 0.8; lower is better.

Shingles are of terms (`text/tokens.py`); a text of one or two terms is one shingle. The share is exact and does not
depend on the order of the rows (see `similar_sets.py`, which says where the pairs are not all of them, and from which
size on MinHash takes over; the signature then says so). 100,000 texts take some seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen_cli.metrics.exhibits import Exhibit, Passage, Passages, Side
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.intervals import Interval, group_sums, jackknife_interval, share_interval, student_t
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.ngrams import number_ngrams, number_tokens
from datagen_cli.metrics.postings import LOW, distinct
from datagen_cli.metrics.similar_sets import Pair, Sets, rarest_first, similar_sets
from datagen_cli.metrics.wording import number, percent
from datagen_cli.text.similarity import MISSED
from datagen_cli.text.tokens import TERMS, term_key, terms

THRESHOLD = 0.8
SHINGLE = 3


@dataclass(frozen=True, slots=True)
class NearDuplicatesFound:
    """`near[i]`: whether text i is in a pair. `pairs`: earlier and later text with their similarity, most alike first;
    of texts that are exactly alike each is paired with the first. `exact_rows`: texts that have a twin up to case and
    punctuation; `exact_extra`: how many could go without losing a text. `complete`: all pairs are there, else one or
    more for each near text; `exact`: no text was looked up by MinHash. `only[i]`: the one text that text i is near to,
    -1 where it is near to none or to several."""

    near: NDArray[np.bool_]
    pairs: list[Pair]
    exact_rows: int
    exact_extra: int
    only: NDArray[np.int64]
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
    only = _only_partners(len(texts), pairs, twins)
    exact_rows = sum(several)
    return NearDuplicatesFound(near, pairs, exact_rows, exact_rows - len(several), only, alike.complete, alike.exact)


def _only_partners(n: int, pairs: Sequence[Pair], twins: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """The one partner of each text, -1 where it has none or several; all of several twins are partners of each."""
    several = [tuple(rows) for rows in twins if len(rows) > 1]
    group_of = {row: rows for rows in several for row in rows}
    partners: dict[int, set[int]] = {}
    for first, second, _ in pairs:
        for row, other in ((first, second), (second, first)):
            for own in group_of.get(row, (row,)):
                if len(known := partners.setdefault(own, set())) < 2:
                    known.update(one for one in group_of.get(other, (other,))[:3] if one != own)
    only = np.full(n, -1, np.int64)
    for row, known in partners.items():
        if len(known) == 1:
            only[row] = next(iter(known))
    return only


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


def _interval(found: NearDuplicatesFound, groups: Sequence[str] | None) -> Interval | None:
    """Wilson's, of as many independent texts as have the jackknife's spread: a text left out can leave one alone."""
    n, share = len(found.near), float(found.near.mean())
    loss = found.near.astype(np.float64)
    np.add.at(loss, found.only[found.only >= 0], 1.0)
    if groups is not None:
        sizes = group_sums(np.ones(n), groups)
        left_out = (share * n - group_sums(loss, groups)) / np.maximum(n - sizes, 1)
    else:
        left_out = (share * n - loss) / max(n - 1, 1)
    spread = jackknife_interval(share, left_out)
    if spread is None:
        return None
    error = (spread[1] - spread[0]) / (2 * student_t(len(left_out) - 1))
    independent = min(float(n), share * (1 - share) / error**2) if error > 0 and 0 < share < 1 else float(n)
    return share_interval(share * independent, independent)


class NearDuplicates(Metric):
    """The share of texts that another text repeats or nearly repeats.

    Detail: `exact` (up to case and punctuation), the pairs with the ids of their rows, and their `total`.
    """

    name: ClassVar[str] = "near_duplicates"
    direction: ClassVar[Direction] = "lower"
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    grows_with_n: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = ("exact.rows", "exact.extra", "pairs", "total")

    def compute(self, features: Features, reference: Features | None) -> Measure:
        if reason := features.lack(2):
            return Measure.missing(reason, self.direction)
        found = pairs_of_terms(features.texts, features.terms, THRESHOLD)
        groups, ids = features.dataset.groups, features.dataset.ids
        share = float(found.near.mean())
        interval = _interval(found, groups) if found.complete else None
        why = "" if found.complete else "not all pairs are known"
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
        return Measure(share, self.direction, signature, interval, detail, no_interval=why)

    def reading(self, found: Measure) -> str:
        """See `Metric`."""
        assert found.value is not None
        extra = found.detail.get("exact", {}).get("extra", 0)
        more = f", {extra:,} rows are exact extras" if extra else ""
        return f"{percent(found.value)} nearly repeat another{more}"

    def exhibits(self, detail: Mapping[str, Any]) -> Sequence[Exhibit]:
        """See `Metric`."""
        pairs = detail.get("pairs", ())
        drawn = [
            Passage(f"similarity {number(similarity)}", [Side(f"row {row}", row=row) for row in (first, second)])
            for first, second, similarity in pairs
        ]
        return [Passages("Rows that nearly repeat each other", drawn, detail.get("total", len(pairs)))]
