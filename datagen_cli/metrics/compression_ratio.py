"""Compression ratio (Shaib et al. 2024): bytes of all texts / their bytes after gzip; lower is more varied.

Linear, about 30 MB a second. gzip looks back 32 kB only, so far repeats do not count, and the order of rows matters a
little: read it beside `self_bleu` and `near_duplicates`. The interval is that of `parts.py`, from a sample of a
thousand texts at most, its error rescaled by the root of their share.
It misleads when repeats lie more than 32 kB apart; texts are few or short.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from datagen_cli.core.citation import Citation
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.parts import ENOUGH, FEWEST, Bools, ByParts, Parts
from datagen_cli.metrics.wording import percent

SOURCE = Citation(
    "shaib2024standardizing", "Shaib, Chantal and others", 2024,
    "Standardizing the Measurement of Text Diversity: A Tool and a Comparative Analysis of Scores", "arXiv:2403.00553",
)  # fmt: skip
LEVEL = 6
SAMPLE = 1_000
"""Texts that are compressed again and again for an interval."""


def compression_ratio(texts: Sequence[str]) -> float | None:
    """Raw UTF-8 bytes / gzip bytes of the texts, one a line; None without text. Few bytes give less than 1."""
    if not any(texts):
        return None
    raw = "\n".join(texts).encode("utf-8", "surrogatepass")
    return len(raw) / len(gzip.compress(raw, LEVEL, mtime=0))


class CompressionRatio(Metric):
    """How far the texts can be packed: their bytes over their bytes after gzip.

    gzip at level 6 is in the standard library everywhere, so numbers agree between machines.
    """

    name: ClassVar[str] = "compression_ratio"
    direction: ClassVar[Direction] = "lower"
    cites: ClassVar[Sequence[Citation]] = (SOURCE,)
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    reach: ClassVar[tuple[float, float]] = (0.0, math.inf)
    enough: ClassVar[int] = ENOUGH
    grows_with_n: ClassVar[bool] = True

    def measured(self, features: Features, reference: Features | None) -> Measure:
        texts = features.texts
        value = compression_ratio(texts)
        if value is None:
            return Measure.missing("no text in any row", self.direction)
        return Measure(value, self.direction, f"gzip={LEVEL}|N={len(texts)}", self.interval(features, None, value))

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        rows, texts = parts.drawn(SAMPLE), features.texts
        few = parts.fewer(FEWEST)
        part_of = few.of[rows]

        def of(keep: Bools) -> float | None:
            return compression_ratio([texts[row] for row in rows[keep[part_of]].tolist()])

        return ByParts(of, few.count, len(rows) / len(texts), pairs=True)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        if value <= 1:
            return "too little text to pack: what gzip adds weighs more than it takes"
        return f"packs to {percent(1 / value)} of its size"
