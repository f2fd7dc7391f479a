"""What became of a plan: slots and records by attribute value, what checks turned away, and what operators came to."""

from __future__ import annotations

from collections import Counter
from typing import Any

from datagen_cli.core.record import Record, Slot

MOST_VALUES = 50
CLUSTERS = "clusters of the base"


class Shift:
    """Counts attempts, accepted and rejected, by attribute value; and what every difficulty operator came to."""

    def __init__(self) -> None:
        self._attributes: dict[str, dict[str, list[int]]] = {}
        self._operators: dict[str, dict[str, Any]] = {}
        self._rates: dict[bool, list[float]] = {True: [], False: []}

    def count(self, record: Record, slot: Slot, *, accepted: bool) -> None:
        """Adds one attempt."""
        for name, value in slot.attributes.items():
            if value is not None:
                counts = self._attributes.setdefault(name, {}).setdefault(value, [0, 0])
                counts[not accepted] += 1
        told = record.lineage
        if "operator" not in told:
            return
        rates = told.get("pass_rate") or {}
        if rates.get("after") is not None:
            self._rates[accepted].append(rates["after"])
        if not accepted:
            return
        found = self._operators.setdefault(
            told["operator"], {"tried": 0, "harder": 0, "why_not": Counter(), "before": [], "after": []}
        )
        found["tried"] += 1
        found["harder"] += bool(told["harder"])
        if not told["harder"]:
            found["why_not"][str(told.get("why_not", "")).partition(":")[0]] += 1
        elif None not in (rates.get("before"), rates.get("after")):
            found["before"].append(rates["before"])
            found["after"].append(rates["after"])

    @property
    def table(self) -> dict[str, Any]:
        """`{"attributes": {name: {value: {"accepted", "rejected"}}}, "operators": {name: {"tried", "harder", "why_not",
        "pass_rate"}}, "pass_rate": {"accepted", "rejected"}}`; parts that say nothing are left out."""
        attributes = {
            name: {value: {"accepted": kept, "rejected": lost} for value, (kept, lost) in sorted(values.items())}
            for name, values in self._attributes.items()
            if len(values) <= MOST_VALUES and any(lost for _, lost in values.values())
        }
        operators = {}
        for name, found in sorted(self._operators.items()):
            rate = {side: _mean(found[side]) for side in ("before", "after")} if found["before"] else None
            told = {part: found[part] for part in ("tried", "harder", "why_not")}
            operators[name] = told | ({"pass_rate": {**rate, "n": len(found["before"])}} if rate else {})
        rates = {"accepted": _mean(self._rates[True]), "rejected": _mean(self._rates[False])}
        parts = {"attributes": attributes, "operators": operators, "pass_rate": rates if self._rates[True] else {}}
        return {name: part for name, part in parts.items() if part}


class Coverage:
    """Counts slots: `table` is `{attribute: {value: {"planned": n, "accepted": n}}}`, clusters under `CLUSTERS`."""

    def __init__(self) -> None:
        self.table: dict[str, dict[str, dict[str, int]]] = {}

    def count(self, slot: Slot, *, accepted: bool) -> None:
        """Adds one slot."""
        cluster = {} if slot.cluster is None else {CLUSTERS: f"cluster {slot.cluster + 1}"}
        for name, value in {**slot.attributes, **cluster}.items():
            if value is not None:
                counts = self.table.setdefault(name, {}).setdefault(value, {"planned": 0, "accepted": 0})
                counts["planned"] += 1
                counts["accepted"] += accepted


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 6) if values else None
