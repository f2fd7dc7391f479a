"""Lengths of the texts in words, characters and tokens; headline: mean words. Neither longer nor shorter is better.

Words as in `text/tokens.py` (a Han character or kana is one), tokens as in `features.py` (no model's). Linear.
It misleads when the mean hides two humps: look at the quantiles in `detail`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datagen_cli.metrics.exhibits import Distribution, Exhibit
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.intervals import clip, mean_interval
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.parts import ByParts, Parts, means
from datagen_cli.metrics.wording import counted
from datagen_cli.text.tokens import word_count

PERCENTILES = (5, 25, 50, 75, 95)
BINS = 20
UNITS = ("words", "characters", "tokens")
FACTS = ("mean", "sd", "min", *(f"p{share}" for share in PERCENTILES), "max")


def distribution(lengths: ArrayLike) -> dict[str, Any]:
    """Mean, standard deviation, least, percentiles, most of at least one length; histogram of at most 20 equal bins,
    whose width is a power of two and their ends multiples of it: bins of two sets are joined to the wider ones."""
    values = np.asarray(lengths, dtype=np.int64)
    low, high = int(values.min()), int(values.max())
    width = 1
    while high // width - low // width >= BINS:
        width *= 2
    counts = np.bincount(values // width - low // width)
    return {
        "mean": float(values.mean()),
        "sd": float(values.std()),
        "min": low,
        **{f"p{share}": float(np.percentile(values, share)) for share in PERCENTILES},
        "max": high,
        "histogram": {"start": low // width * width, "width": width, "counts": counts.tolist()},
    }


def _words(features: Features) -> NDArray[np.int64]:
    """The words of each text, counted once for each different one between white space."""
    words = features.words
    return features.once("words", lambda: words.sums(np.array([word_count(word) for word in words.names], np.int64)))


class Length(Metric):
    """How long the texts are: mean words a text.

    Detail holds the distributions of words, characters and tokens; histogram bins are half open.
    """

    name: ClassVar[str] = "length"
    direction: ClassVar[Direction] = "none"
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = (*(f"{unit}.{fact}" for unit in UNITS for fact in FACTS), "empty")

    def measured(self, features: Features, reference: Features | None) -> Measure:
        words = _words(features)
        return Measure(
            float(words.mean()),
            self.direction,
            f"unit=word|N={len(words)}",
            clip(mean_interval(words, features.dataset.groups), 0.0, np.inf),
            {
                "words": distribution(words),
                "characters": distribution([len(text) for text in features.texts]),
                "tokens": distribution(features.table.lengths),
                "empty": int(sum(not text or text.isspace() for text in features.texts)),
            },
        )

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        return means(_words(features).astype(np.float64), parts)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        return f"{counted(value, 'word')} a text"

    def exhibits(self, detail: Mapping[str, Any]) -> Sequence[Exhibit]:
        words = detail.get("words")
        return [Distribution("Words a text", "words", words)] if words else []
