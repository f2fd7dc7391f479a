"""Constraints: how often a run's records kept to each constraint, from the verdicts it stored.

Per constraint: `before`, the first verdict of every generated record, and `after`, those of the accepted ones. The
headline is the share of generated records that kept to all of them at the first try: what the generator does by itself,
since what is accepted was repaired or passes by definition.
It misleads when it is worked out from the dataset alone, which holds only what passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from datagen_cli.metrics.exhibits import Exhibit
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.verified import VERDICTS, measure_verdicts, verdict_exhibits
from datagen_cli.metrics.wording import percent

if TYPE_CHECKING:
    from datagen_cli.metrics.features import Features


class Constraints(Metric):
    """The share of generated records that kept to every constraint at the first try."""

    name: ClassVar[str] = "constraints"
    direction: ClassVar[Direction] = "higher"
    headline: ClassVar[str] = "kept every constraint at first"
    counts_rows: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = VERDICTS
    counted: ClassVar[Sequence[str]] = VERDICTS

    def compute(self, features: Features, reference: Features | None) -> Measure:
        return measure_verdicts(features.dataset.run, constraints=True, lacking="the recipe has no constraints")

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        return f"{percent(value)} kept to every constraint at once"

    def exhibits(self, detail: Mapping[str, Any]) -> Sequence[Exhibit]:
        return verdict_exhibits("First verdicts of the run's constraints", detail)
