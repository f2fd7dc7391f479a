"""What the checks of a run said: counts of verdicts, and what is odd about a checker that is a model.

A checker that says the same of everything tells nothing, and one whose replies cannot be read lets everything pass: a
run says so of either, with the numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from datagen_cli.config.checks import Check
from datagen_cli.core.record import Record

FEWEST = 20
"""From so many verdicts on a check that always says the same is reported."""
MOST_UNKNOWN = 0.2
WORDS = {"pass": "passes", "fail": "turns down", "unknown": "cannot tell of"}


class Adherence:
    """Counts verdicts per check: the first verdict of every attempt that was checked, and those of accepted records.

    `table` is `{check: {"before": {outcome: n}, "after": {outcome: n}}}`.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.table: dict[str, dict[str, dict[str, int]]] = {
            name: {"before": Counter(), "after": Counter()} for name in names
        }
        self._unknown: dict[str, str] = {}

    def count(self, record: Record, *, accepted: bool) -> None:
        """Adds one attempt."""
        for name, counts in self.table.items():
            outcome = record.verdicts.get(name)
            first = record.first_verdicts.get(name, outcome)
            if first is not None:
                counts["before"][first] += 1
            if accepted and outcome is not None:
                counts["after"][outcome] += 1
            if outcome == "unknown":
                self._unknown.setdefault(name, record.notes.get(name, ""))

    def remarks(self, checks: Sequence[Check]) -> Iterator[str]:
        """A sentence for every asking check that always says the same, or too often cannot tell."""
        for check in checks:
            counts = Counter(self.table.get(check.name, {}).get("before"))
            total, unknown = counts.total(), counts["unknown"]
            if not check.facts.roles or not total:
                continue
            ((outcome, most),) = counts.most_common(1)
            if unknown > MOST_UNKNOWN * total:
                example = f", for instance: {self._unknown[check.name]}" if self._unknown.get(check.name) else ""
                yield f"{check.name} cannot tell of {unknown:,} of {total:,} records{example}"
            elif most == total >= FEWEST:
                yield (
                    f"{check.name} {WORDS[outcome]} all {total:,} records: it may not tell good ones from bad;"
                    " another model for its role may"
                )
