"""Entity entropy (CorrSynth, arXiv 2411.08553): Shannon entropy in bits of the entity strings; higher is more varied.

Per type and overall, over every mention. Entities come from the rules of `text/entities.py`, so numbers are not those
of a trained recogniser: compare sets measured here. Linear. It grows with the set: compare at equal n only. The
interval is that of `parts.py`.
It misleads when the domain has no names; rules find entities, not a trained recogniser.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar

import numpy as np

from datagen_cli.core.citation import CORRSYNTH, Citation
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.parts import ENOUGH, Bools, ByParts, Parts
from datagen_cli.text.entities import RULES, TYPES, find_entities

MOST_FREQUENT = 10


def entity_entropy(texts: Sequence[str]) -> float | None:
    """Entropy in bits of the entity strings of the texts, ≥ 0; None when there is no entity."""
    return entropy_bits(Counter(string for text in texts for _, string in find_entities(text)).values())


def entropy_bits(counts: Iterable[int]) -> float | None:
    """Shannon entropy in bits of counts ≥ 0, from 0 to log2 of their number; None when all are 0."""
    total, weighted = 0, 0.0  # log2 N - (Σ c log2 c) / N
    for count in counts:
        total += count
        weighted += count * math.log2(count) if count > 1 else 0.0
    return max(0.0, math.log2(total) - weighted / total) if total else None


class EntityEntropy(Metric):
    """How varied the names and amounts in the texts are: their entropy in bits.

    Headline: overall. Detail: entropy, mentions and distinct strings by type, and the most frequent strings.
    """

    name: ClassVar[str] = "entity_entropy"
    direction: ClassVar[Direction] = "higher"
    cites: ClassVar[Sequence[Citation]] = (CORRSYNTH,)
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    reach: ClassVar[tuple[float, float]] = (0.0, math.inf)
    enough: ClassVar[int] = ENOUGH
    grows_with_n: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = (
        "types.*.entropy",
        "types.*.mentions",
        "types.*.distinct",
        "mentions",
        "distinct",
    )

    def measured(self, features: Features, reference: Features | None) -> Measure:
        by_type: dict[str, Counter[str]] = {kind: Counter() for kind in TYPES}
        for (kind, string), count in Counter(chain.from_iterable(features.entities)).items():
            by_type[kind][string] = count
        overall: Counter[str] = sum(by_type.values(), Counter())
        value = entropy_bits(overall.values())
        if value is None:
            return Measure.missing("no entity found in any text", self.direction)
        detail = {
            "types": {
                kind: {"entropy": entropy_bits(counts.values()), "mentions": counts.total(), "distinct": len(counts)}
                for kind, counts in by_type.items()
                if counts
            },
            "mentions": overall.total(),
            "distinct": len(overall),
            "most_frequent": [[string, count] for string, count in overall.most_common(MOST_FREQUENT)],
        }
        interval = self.interval(features, None, value)
        return Measure(value, self.direction, f"ner=rules{RULES}|N={len(features)}", interval, detail)

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        numbers: dict[str, int] = {}
        found = [
            (numbers.setdefault(string, len(numbers)), part)
            for entities, part in zip(features.entities, parts.of.tolist(), strict=True)
            for _, string in entities
        ]
        strings, owners = np.array(found, np.int64).reshape(-1, 2).T
        flat = np.bincount(strings * parts.count + owners, minlength=len(numbers) * parts.count)
        counts = flat.reshape(len(numbers), parts.count).astype(np.float64)

        def of(keep: Bools) -> float | None:
            kept = counts[:, keep].sum(axis=1)
            kept = kept[kept > 0]
            return float(np.log2(kept.sum()) - (kept * np.log2(kept)).sum() / kept.sum()) if len(kept) else None

        return ByParts(of, parts.count)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        many = round(2**value)
        return f"as many names as {many:,} equally frequent ones" if many > 1 else "one name, or hardly more"
