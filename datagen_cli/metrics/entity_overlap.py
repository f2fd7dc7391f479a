"""Knowledge overlap (DataGen, arXiv 2406.18966): entities shared with the reference / those of the smaller set.

Distinct entity strings of both sides, by the rules of `text/entities.py`; 0 when the sets speak of different things, 1
when one holds all of the other's. Lower means more that is new. Linear. The interval is that of `parts.py` over the
dataset's texts, the reference fixed.
It misleads when lower is taken for better where the task is about those very names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, ClassVar

import numpy as np

from datagen_cli.core.citation import DATAGEN, Citation
from datagen_cli.metrics.exhibits import Exhibit, Names
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.parts import ENOUGH, Bools, ByParts, Parts, mask_of
from datagen_cli.metrics.wording import percent
from datagen_cli.text.entities import RULES, TYPES, Entity, find_entities


def entity_overlap(texts: Sequence[str], reference: Sequence[str]) -> float | None:
    """The share in [0, 1] of the smaller set's entities that the other has too; None when a side has no entity."""
    sides = ({string for text in side for _, string in find_entities(text)} for side in (texts, reference))
    return overlap(*sides)


def overlap(first: Set[str], second: Set[str]) -> float | None:
    """|first ∩ second| / the smaller size; None when one is empty."""
    smaller = min(len(first), len(second))
    return len(first & second) / smaller if smaller else None


def _strings(entities: Sequence[Sequence[Entity]], kind: str | None = None) -> set[str]:
    return {string for found in entities for one, string in found if kind in (None, one)}


class EntityOverlap(Metric):
    """The share of the smaller set's names and amounts that the texts and the reference both have.

    Detail: the overlap by type, how many are shared, and the shared strings.
    """

    name: ClassVar[str] = "entity_overlap"
    direction: ClassVar[Direction] = "lower"
    cites: ClassVar[Sequence[Citation]] = (DATAGEN,)
    needs_reference: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    reach: ClassVar[tuple[float, float]] = (0.0, 1.0)
    enough: ClassVar[int] = ENOUGH
    details: ClassVar[Sequence[str]] = ("types.*", "distinct", "distinct_reference", "shared", "total")

    def measured(self, features: Features, reference: Features | None) -> Measure:
        assert reference is not None
        own, other = _strings(features.entities), _strings(reference.entities)
        value = overlap(own, other)
        if value is None:
            side = "reference" if own else "dataset"
            return Measure.missing(f"no entity found in the {side}", self.direction)
        kinds = {kind: (_strings(features.entities, kind), _strings(reference.entities, kind)) for kind in TYPES}
        shared = sorted(own & other, key=lambda name: (not name[:1].isalpha(), name))  # names first, then amounts
        detail = {
            "types": {kind: both for kind, sides in kinds.items() if (both := overlap(*sides)) is not None},
            "distinct": len(own),
            "distinct_reference": len(other),
            "shared": shared,
            "total": len(shared),
        }
        interval = self.interval(features, reference, value)
        signature = f"ner=rules{RULES}|N={len(features)}|R={len(reference)}"
        return Measure(value, self.direction, signature, interval, detail)

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        if reference is None:
            return None
        other, holders = _strings(reference.entities), dict[str, int]()
        for entities, part in zip(features.entities, parts.of.tolist(), strict=True):
            for _, string in entities:
                holders[string] = holders.get(string, 0) | 1 << part
        masks = np.array(list(holders.values()), dtype=np.uint32)
        shared = np.array([string in other for string in holders], dtype=np.bool_)

        def of(keep: Bools) -> float | None:
            own = (masks & mask_of(keep)) != 0
            smaller = min(int(own.sum()), len(other))
            return float((own & shared).sum() / smaller) if smaller else None

        return ByParts(of, parts.count)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        return f"{percent(value)} of the smaller set's names are shared"

    def exhibits(self, detail: Mapping[str, Any]) -> Sequence[Exhibit]:
        shared: Sequence[str] = detail.get("shared", ())
        title = "Names and amounts shared with the reference"
        return [Names(title, shared, detail.get("total", len(shared)))] if shared else []
