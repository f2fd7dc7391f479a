"""Self-BLEU (Texygen, arXiv 1802.01886): how much each text repeats the others. 1: all are equal; lower is better.

The mean over texts of BLEU-n against all other texts as references, as nltk's `sentence_bleu` with smoothing `method1`
gives it to 1e-9, but in linear time: what clips an n-gram is its largest count in any other text (see `ngrams.py`), and
the closest length is looked up among the sorted lengths. 100,000 texts of 60 tokens take some seconds.
It grows with the number of texts: compare at equal n only.
It misleads when sets of different size are compared (it grows with n); texts share a form on purpose, such as questions
that all begin alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen_cli.core.citation import Citation
from datagen_cli.metrics.features import LONGEST_NGRAM, Features
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.ngrams import Longs, NGramCounts, TokenTable, count_ngrams, number_ngrams, tokenise
from datagen_cli.metrics.parts import ENOUGH, Bools, ByParts, Parts, mask_of
from datagen_cli.metrics.postings import LOW, begins_anew, places_in_runs
from datagen_cli.metrics.wording import scale
from datagen_cli.text.tokens import TOKENS

SOURCE = Citation(
    "zhu2018texygen", "Zhu, Yaoming and others", 2018,
    "Texygen: A Benchmarking Platform for Text Generation Models", "arXiv:1802.01886",
)  # fmt: skip
HEADLINE = 4
SAMPLE = 4_000
"""Texts from which the interval comes."""
SMOOTHED = 0.1
"""What stands for a count of no matches (smoothing method 1)."""

Floats = NDArray[np.float64]


def self_bleu(texts: Sequence[str], *, n: int = HEADLINE) -> float:
    """Self-BLEU-n of the texts, in [0, 1]; NaN for fewer than two texts: there is nothing to compare with."""
    if len(texts) < 2:
        return math.nan
    return float(bleu_scores(list(count_ngrams(tokenise(texts), n)))[-1].mean())


def bleu_scores(counts: Sequence[NGramCounts]) -> list[Floats]:
    """BLEU-1, BLEU-2, … of each of at least two texts against all others, one array `[T]` for each of the counts.

    A text that is empty or shares no token with another has 0.
    """
    return _scores([one.matched for one in counts], [one.totals for one in counts], counts[0].totals)


def closest_other_lengths(lengths: Longs) -> Longs:
    """For each of at least two lengths the closest among the others, the shorter of two equally close."""
    distinct, places, counts = np.unique(lengths, return_inverse=True, return_counts=True)
    if len(distinct) == 1:
        return lengths.copy()
    far = np.int64(2 * distinct[-1] + 1)
    below = np.concatenate(([-far], distinct[:-1]))
    above = np.concatenate((distinct[1:], [distinct[-1] + far]))
    nearest = np.where(distinct - below <= above - distinct, below, above)
    return np.where(counts > 1, distinct, nearest)[places]


def _scores(matched: Sequence[Longs], totals: Sequence[Longs], lengths: Longs) -> list[Floats]:
    """BLEU-1, BLEU-2, … from the matched and all n-grams of each text."""
    closest = closest_other_lengths(lengths)
    penalty = np.exp(np.minimum(0.0, 1.0 - closest / np.maximum(lengths, 1)))
    logs, scores = np.zeros(len(lengths)), []
    for n, (some, all_) in enumerate(zip(matched, totals, strict=True), 1):
        logs += np.log(np.where(some > 0, some, SMOOTHED) / np.maximum(all_, 1))
        scores.append(np.where(matched[0] > 0, penalty * np.exp(logs / n), 0.0))
    return scores


@dataclass(frozen=True, slots=True)
class _Shared:
    """The n-grams of one length that texts share: `always` `[T]` of each text are matched by whatever parts are kept;
    each other one is matched in `texts[i]` when a part of `others[i]` is kept."""

    always: Longs
    texts: Longs
    others: NDArray[np.uint32]

    def matched(self, kept: np.uint32) -> Longs:
        """The matched n-grams of each text."""
        found = self.texts[(self.others & kept) != 0]
        return self.always + np.bincount(found, minlength=len(self.always))


def shared_grams(table: TokenTable, parts: Parts) -> list[_Shared]:
    """For n = 1 to 4. The k-th occurrence of an n-gram in a text is matched by another text that has it k times: so
    it is clipped to the largest count in another text."""
    everywhere = np.uint32((1 << parts.count) - 1)
    found = []
    for starts, numbers, _ in number_ngrams(table, HEADLINE):
        owners = np.searchsorted(table.offsets, starts, side="right") - 1
        keys = np.sort((numbers.astype(np.int64) << 32) | owners)
        times = places_in_runs(keys)
        order = np.lexsort((parts.of[keys & LOW], times, keys >> 32))
        grams, owners, times = keys[order] >> 32, keys[order] & LOW, times[order]
        fresh = begins_anew(grams) | begins_anew(times)
        number, own = np.cumsum(fresh) - 1, parts.bits[owners]
        first = np.flatnonzero(fresh | begins_anew(parts.of[owners]))
        sizes = np.diff(first, append=len(owners))
        holders = np.bitwise_or.reduceat(own[first], np.flatnonzero(fresh[first])) if len(first) else own
        alone = np.repeat(sizes == 1, sizes)
        others = np.where(alone, holders[number] & ~own, holders[number])
        sure = (others | own) == everywhere
        some = ~sure & (others != 0)
        always = np.bincount(owners[sure & (others != 0)], minlength=len(table.lengths))
        found.append(_Shared(always, owners[some], others[some]))
    return found


class SelfBleu(Metric):
    """How much the texts repeat each other: BLEU of each against all others.

    Headline n = 4; detail holds n = 2 to 5. The interval is that of `parts.py`: a text left
    out is neither measured nor a reference.
    """

    name: ClassVar[str] = "self_bleu"
    direction: ClassVar[Direction] = "lower"
    headline: ClassVar[str] = "self-BLEU: lower is more varied"
    cites: ClassVar[Sequence[Citation]] = (SOURCE,)
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    reach: ClassVar[tuple[float, float]] = (0.0, 1.0)
    enough: ClassVar[int] = ENOUGH
    grows_with_n: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = ("short", *(str(n) for n in range(2, LONGEST_NGRAM + 1)))
    least: ClassVar[int] = 2

    def measured(self, features: Features, reference: Features | None) -> Measure:
        scores = bleu_scores([features.ngrams(n) for n in range(1, LONGEST_NGRAM + 1)])
        headline = scores[HEADLINE - 1]
        detail: dict[str, float] = {str(n): float(scores[n - 1].mean()) for n in range(2, LONGEST_NGRAM + 1)}
        short = int((features.table.lengths < HEADLINE).sum())
        if 2 * short > len(features):
            detail["short"] = short
        return Measure(
            float(headline.mean()),
            self.direction,
            f"n={HEADLINE}|{TOKENS}|smooth=m1|N={len(features)}",
            self.interval(features, None, float(headline.mean())),
            detail,
        )

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        rows = parts.drawn(SAMPLE)
        table, few = features.table.take(rows), Parts(parts.of[rows], parts.count)
        grams = shared_grams(table, few)
        totals = [np.maximum(table.lengths - (n - 1), 0) for n in range(1, HEADLINE + 1)]

        def of(keep: Bools) -> float | None:
            kept, inside = mask_of(keep), keep[few.of]
            if inside.sum() < 2:
                return None
            matched = [one.matched(kept)[inside] for one in grams]
            return float(_scores(matched, [one[inside] for one in totals], table.lengths[inside])[-1].mean())

        return ByParts(of, parts.count, len(rows) / len(features))

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        if "short" in detail:
            return f"most texts are shorter than {HEADLINE} tokens: it says little of them"
        return scale(
            value,
            (0.3, "texts share few phrases"),
            (0.6, "texts share many phrases"),
            (1.0, "texts are made of the same phrases"),
        )
