"""INGF, inter-sample n-gram frequency (DataGen, arXiv 2406.18966; Mishra et al. 2020): occurrences per distinct 3-gram.

1 when no 3-gram ever returns; lower is better. Linear. It grows with the set: compare at equal n only. The interval is
that of `parts.py`.
It misleads when sizes or lengths differ: long texts repeat function words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from datagen_cli.core.citation import DATAGEN, Citation
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.ngrams import NGramCounts, count_ngrams, counts_by_parts, tokenise
from datagen_cli.metrics.parts import ENOUGH, Bools, ByParts, Parts
from datagen_cli.text.tokens import TOKENS

SOURCE = Citation(
    "mishra2020dqi", "Mishra, Swaroop and others", 2020,
    "DQI: Measuring Data Quality in NLP", "arXiv:2005.00816",
)  # fmt: skip
SIZE = 3


def ingf(texts: list[str]) -> float | None:
    """The mean number of occurrences of a distinct token 3-gram, ≥ 1; None when no text has three tokens."""
    return _frequency(list(count_ngrams(tokenise(texts), SIZE))[-1])


def _frequency(counts: NGramCounts) -> float | None:
    return counts.total / counts.distinct if counts.distinct else None


class Ingf(Metric):
    """How often a token 3-gram occurs in the set, on average."""

    name: ClassVar[str] = "ingf"
    direction: ClassVar[Direction] = "lower"
    cites: ClassVar[Sequence[Citation]] = (DATAGEN, SOURCE)
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    reach: ClassVar[tuple[float, float]] = (1.0, math.inf)
    enough: ClassVar[int] = ENOUGH
    grows_with_n: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = ("distinct", "total")

    def measured(self, features: Features, reference: Features | None) -> Measure:
        counts = features.ngrams(SIZE)
        value = _frequency(counts)
        if value is None:
            return Measure.missing(f"no text has {SIZE} tokens", self.direction)
        return Measure(
            value,
            self.direction,
            f"n={SIZE}|{TOKENS}|N={len(features)}",
            self.interval(features, None, value),
            {"distinct": counts.distinct, "total": counts.total},
        )

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        counts = counts_by_parts(features.ngrams(SIZE), parts)

        def of(keep: Bools) -> float | None:
            distinct, total = counts(keep)
            return total / distinct if distinct else None

        return ByParts(of, parts.count)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        return "no 3-gram returns" if value == 1 else f"a 3-gram occurs {value:,.2f} times"
