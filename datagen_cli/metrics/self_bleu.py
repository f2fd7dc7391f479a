"""Self-BLEU (Texygen, arXiv 1802.01886): how much each text repeats the others. 1: all are equal; lower is better.

The mean over texts of BLEU-n against all other texts as references, as nltk's `sentence_bleu` with smoothing `method1`
gives it to 1e-9, but in linear time: what clips an n-gram is its largest count in any other text (see `ngrams.py`), and
the closest length is looked up among the sorted lengths. 100,000 texts of 60 tokens take some seconds.
It grows with the number of texts: compare at equal n only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen_cli.metrics.features import LONGEST_NGRAM, Features
from datagen_cli.metrics.intervals import Interval, clip, parts_interval
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.ngrams import Longs, NGramCounts, count_ngrams, tokenise
from datagen_cli.metrics.wording import scale
from datagen_cli.text.tokens import TOKENS

HEADLINE = 4
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
    lengths = counts[0].totals
    shared = counts[0].matched > 0
    closest = closest_other_lengths(lengths)
    penalty = np.exp(np.minimum(0.0, 1.0 - closest / np.maximum(lengths, 1)))
    logs = np.zeros(len(lengths))
    scores = []
    for one in counts:
        matches = np.where(one.matched > 0, one.matched, SMOOTHED)
        logs += np.log(matches / np.maximum(one.totals, 1))
        scores.append(np.where(shared, penalty * np.exp(logs / one.n), 0.0))
    return scores


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


def _interval(features: Features, value: float) -> Interval | None:
    def of(rows: Longs) -> float:
        return float(bleu_scores(list(count_ngrams(features.table.take(rows), HEADLINE)))[-1].mean())

    return parts_interval(value, of, len(features), features.dataset.groups) if features.intervals else None


class SelfBleu(Metric):
    """How much the texts repeat each other: BLEU of each against all others.

    Headline n = 4; detail holds n = 2 to 5. The interval is that of the jackknife over parts: a text
    left out is neither measured nor a reference.
    """

    name: ClassVar[str] = "self_bleu"
    direction: ClassVar[Direction] = "lower"
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    grows_with_n: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = ("short", *(str(n) for n in range(2, LONGEST_NGRAM + 1)))

    def compute(self, features: Features, reference: Features | None) -> Measure:
        if reason := features.lack(2):
            return Measure.missing(reason, self.direction)
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
            clip(_interval(features, float(headline.mean())), 0.0, 1.0),
            detail,
        )

    def reading(self, found: Measure) -> str:
        """See `Metric`."""
        assert found.value is not None
        if "short" in found.detail:
            return f"most texts are shorter than {HEADLINE} tokens: it says little of them"
        return scale(
            found.value,
            (0.3, "texts share few phrases"),
            (0.6, "texts share many phrases"),
            (1.0, "texts are made of the same phrases"),
        )
