"""Repetition inside a text: (bigrams − distinct bigrams) / bigrams, the mean over texts; lower is better.

Contrastive sampling and small models loop inside a text ("the cat sat on the mat and the cat sat on the mat and …"),
which no measure between texts sees. Bigrams are of tokens, case kept; texts below two tokens have none and do not
count. Long texts repeat more than short ones: compare sets of like lengths. Linear.
It misleads when long texts are compared with short ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen_cli.core.citation import Citation
from datagen_cli.metrics.exhibits import Exhibit, Passage, Passages, Side
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.intervals import clip, mean_interval
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.ngrams import TokenTable, tokenise
from datagen_cli.metrics.parts import ByParts, Parts, means
from datagen_cli.metrics.postings import distinct
from datagen_cli.metrics.wording import percent, scale
from datagen_cli.text.tokens import TOKENS

SOURCE = Citation(
    "welleck2020unlikelihood", "Welleck, Sean and others", 2020,
    "Neural Text Generation with Unlikelihood Training", "arXiv:1908.04319",
)  # fmt: skip
LOOP = 0.5
"""From this share of repeated bigrams on a text goes round in circles."""


def repetition(texts: Sequence[str]) -> float | None:
    """The mean share of repeated bigrams, in [0, 1); None when no text has two tokens."""
    shares = repeated_shares(tokenise(texts))
    found = shares[~np.isnan(shares)]
    return float(found.mean()) if len(found) else None


def repeated_shares(table: TokenTable) -> NDArray[np.float64]:
    """For each text the share of its bigrams that stood in it before, `[T]`; NaN below two tokens."""
    owners = np.repeat(np.arange(len(table.lengths)), table.lengths)
    inside = np.flatnonzero(owners[1:] == owners[:-1])
    pairs = table.ids[inside].astype(np.int64) * table.size + table.ids[inside + 1]
    most = table.size**2
    if len(table.lengths) * most >= 1 << 63:
        _, pairs = np.unique(pairs, return_inverse=True)
        most = len(pairs)
    kept = distinct(owners[inside] * most + pairs) // max(most, 1)
    bigrams = np.maximum(table.lengths - 1, 0)
    different = np.bincount(kept, minlength=len(bigrams))
    return np.divide(bigrams - different, bigrams, out=np.full(len(bigrams), np.nan), where=bigrams > 0)


class Repetition(Metric):
    """How much the texts repeat themselves: the mean share of repeated bigrams within a text.

    Detail: how many texts have a bigram, how many loop, and those that loop, worst first.
    """

    name: ClassVar[str] = "repetition"
    direction: ClassVar[Direction] = "lower"
    cites: ClassVar[Sequence[Citation]] = (SOURCE,)
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = ("texts", "loops", "rows", "total")

    def measured(self, features: Features, reference: Features | None) -> Measure:
        shares = features.once(self.name, lambda: repeated_shares(features.table))
        known = np.flatnonzero(~np.isnan(shares))
        if not len(known):
            return Measure.missing("no text has 2 tokens", self.direction)
        groups, ids = features.dataset.groups, features.dataset.ids
        own = None if groups is None else [groups[row] for row in known.tolist()]
        loops = sorted((row for row in known.tolist() if shares[row] >= LOOP), key=lambda row: (-shares[row], row))
        rows = [{"id": ids[row], "share": round(float(shares[row]), 4)} for row in loops]
        detail = {"texts": len(known), "loops": len(loops), "rows": rows, "total": len(rows)}
        interval = clip(mean_interval(shares[known], own), 0.0, 1.0)
        return Measure(
            float(shares[known].mean()), self.direction, f"n=2|{TOKENS}|N={len(features)}", interval, detail
        )  # fmt: skip

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        return means(features.once(self.name, lambda: repeated_shares(features.table)), parts)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        words = scale(
            value, (0.1, "texts hardly repeat themselves"), (0.3, "texts repeat themselves"), (1.0, "texts loop")
        )
        loops = detail.get("loops", 0)
        more = f", {loops:,} of {detail['texts']:,} go round in circles" if loops else ""
        return f"{words} ({percent(value)} of the word pairs in a text){more}"

    def exhibits(self, detail: Mapping[str, Any]) -> Sequence[Exhibit]:
        rows = detail.get("rows", ())
        drawn = [
            Passage(f"{percent(item['share'])} repeated", [Side(f"row {item['id']}", row=item["id"])]) for item in rows
        ]
        return [Passages("Rows that repeat themselves", drawn, detail.get("total", len(rows)))]
