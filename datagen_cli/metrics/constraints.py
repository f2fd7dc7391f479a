"""Constraints: how often a run's records kept to each constraint, from the verdicts it stored.

Per constraint: `before`, the first verdict of every generated record, and `after`, those of the accepted ones. The
headline is the share of generated records that kept to all of them at the first try: what the generator does by itself,
since what is accepted was repaired or passes by definition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from datagen_cli.metrics.measure import Direction, Measure
from datagen_cli.metrics.verified import measure_verdicts

if TYPE_CHECKING:
    from datagen_cli.metrics.features import Features


class Constraints:
    """Share of generated records that kept to every constraint at the first try; higher is better."""

    name: ClassVar[str] = "constraints"
    direction: ClassVar[Direction] = "higher"

    def compute(self, features: Features, reference: Features | None) -> Measure:
        """See `Metric`."""
        return measure_verdicts(features.dataset.run, constraints=True, lacking="the recipe has no constraints")
