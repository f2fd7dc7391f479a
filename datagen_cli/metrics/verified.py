"""Verified: what a run's own validators said, from the verdicts it stored. No measure of correctness.

Per check: `before`, the first verdict of every generated record that the check saw, and `after`, those of the accepted
records. The headline is the share of generated records for which every validator that saw them said pass at once;
unknown is not passed. Constraints are counted in `constraints`.
It misleads when it is taken for correctness: these checks chose the records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from datagen_cli.metrics.dataset import RunFacts
from datagen_cli.metrics.exhibits import Exhibit, Outcomes
from datagen_cli.metrics.intervals import share_interval
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.wording import percent

if TYPE_CHECKING:
    from datagen_cli.metrics.features import Features

OUTCOMES = ("pass", "fail", "unknown")
VERDICTS = tuple(f"*.{side}.{outcome}" for side in ("before", "after") for outcome in OUTCOMES)
NO_RUN = "not a run folder: no verdicts are stored"
NOT_ENDED = "the run has not ended, and no check had its say yet"


def verdict_counts(facts: RunFacts, names: Sequence[str]) -> dict[str, dict[str, dict[str, int]]]:
    """For each check `{"before": {outcome: count}, "after": {outcome: count}}`; what never occurs is left out."""
    return {name: {"before": _count(facts.first, name), "after": _count(facts.last, name)} for name in names}


def passed_at_once(records: Sequence[Mapping[str, str]], names: Sequence[str]) -> tuple[int, int]:
    """(records for which every one of these checks that saw them passed, records that one of them saw)."""
    passed = seen = 0
    for verdicts in records:
        found = [verdicts[name] for name in names if name in verdicts]
        seen += bool(found)
        passed += bool(found) and all(outcome == "pass" for outcome in found)
    return passed, seen


def measure_verdicts(facts: RunFacts | None, *, constraints: bool, lacking: str) -> Measure:
    """The measure of a run's constraints, or of its other checks. `lacking` is the reason when it has none."""
    if facts is None:
        return Measure.missing(NO_RUN, "higher")
    names = [name for name in facts.checks if (name in facts.constraints) == constraints]
    if not names:
        return Measure.missing(lacking if facts.ended else NOT_ENDED, "higher")
    passed, seen = passed_at_once(facts.first, names)
    detail: dict[str, Any] = verdict_counts(facts, names)
    if not seen:
        return Measure(None, "higher", reason="no record was checked", detail=detail)
    signature = f"first verdicts|N={seen}"
    return Measure(passed / seen, "higher", signature, share_interval(passed, seen), detail)


def verdict_exhibits(title: str, detail: Mapping[str, Any]) -> list[Exhibit]:
    """The first verdicts of each check."""
    checks = {
        check: sides["before"]
        for check, sides in detail.items()
        if isinstance(sides, Mapping) and isinstance(sides.get("before"), Mapping)
    }
    return [Outcomes(title, OUTCOMES, checks)] if checks else []


def _count(records: Sequence[Mapping[str, str]], name: str) -> dict[str, int]:
    counts = Counter(verdicts[name] for verdicts in records if name in verdicts)
    return {outcome: counts[outcome] for outcome in OUTCOMES if counts[outcome]}


class Verified(Metric):
    """The share of generated records that the run's own validators passed at once."""

    name: ClassVar[str] = "verified"
    direction: ClassVar[Direction] = "higher"
    headline: ClassVar[str] = "passed the run's own checks"
    counts_rows: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = VERDICTS
    counted: ClassVar[Sequence[str]] = VERDICTS

    def compute(self, features: Features, reference: Features | None) -> Measure:
        return measure_verdicts(features.dataset.run, constraints=False, lacking="the run has no validators")

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        return f"{percent(value)} passed the run's own checks at once"

    def exhibits(self, detail: Mapping[str, Any]) -> Sequence[Exhibit]:
        return verdict_exhibits("First verdicts of the run's validators", detail)
