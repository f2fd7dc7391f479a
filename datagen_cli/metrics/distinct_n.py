"""Distinct-n (Li et al. 2016): distinct token n-grams / all n-grams of the set; higher is better.

Linear. It falls as the set grows: compare at equal n only. The interval is that of `parts.py`.
It misleads when sizes or lengths differ: long texts repeat function words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from datagen_cli.core.citation import Citation
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.ngrams import NGramCounts, count_ngrams, counts_by_parts, tokenise
from datagen_cli.metrics.parts import ENOUGH, Bools, ByParts, Parts
from datagen_cli.metrics.wording import percent
from datagen_cli.text.tokens import TOKENS

SOURCE = Citation(
    "li2016diversity", "Li, Jiwei and others", 2016,
    "A Diversity-Promoting Objective Function for Neural Conversation Models", "arXiv:1510.03055",
)  # fmt: skip
HEADLINE = 2
SIZES = (1, 2, 3)


def distinct_n(texts: list[str], *, n: int = HEADLINE) -> float | None:
    """The share of n-grams that differ, in (0, 1]; None when no text has n tokens."""
    return _share(list(count_ngrams(tokenise(texts), n))[-1])


def _share(counts: NGramCounts) -> float | None:
    return counts.distinct / counts.total if counts.total else None


class DistinctN(Metric):
    """The share of token n-grams that differ.

    Headline n = 2; detail holds n = 1, 2, 3.
    """

    name: ClassVar[str] = "distinct_n"
    direction: ClassVar[Direction] = "higher"
    cites: ClassVar[Sequence[Citation]] = (SOURCE,)
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    reach: ClassVar[tuple[float, float]] = (0.0, 1.0)
    enough: ClassVar[int] = ENOUGH
    grows_with_n: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = tuple(str(n) for n in SIZES)

    def measured(self, features: Features, reference: Features | None) -> Measure:
        counts = features.ngrams(HEADLINE)
        value = _share(counts)
        if value is None:
            return Measure.missing(f"no text has {HEADLINE} tokens", self.direction)
        return Measure(
            value,
            self.direction,
            f"n={HEADLINE}|{TOKENS}|N={len(features)}",
            self.interval(features, None, value),
            {str(n): _share(features.ngrams(n)) for n in SIZES},
        )

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        counts = counts_by_parts(features.ngrams(HEADLINE), parts)

        def of(keep: Bools) -> float | None:
            distinct, total = counts(keep)
            return distinct / total if total else None

        return ByParts(of, parts.count)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        return f"{percent(value)} of word pairs differ"
