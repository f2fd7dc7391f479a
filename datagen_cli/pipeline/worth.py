"""What each part of a run is worth: what it changed and turned away, what it asks, and what it found of planted faults.

A simulated run knows which faults its model planted, so that every check can be measured against them: of the faults
that it is made for it *found* those where its first verdict was fail, *missed* those that it passed, and could not tell
of the *unknown* ones; *harmed* are records without any planted fault that it failed. The simulation is kind: its faults
are plain, and its checkers know the answers. On real data see `make bench-faults`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.config.checks import Check
from datagen_cli.core.flow import FLOW
from datagen_cli.core.record import Record
from datagen_cli.runs.planted import Plants

READER = {"malformed": "malformed", "truncated": "truncated", "refusal": "refused"}
"""Faults of whole replies, with the reason of an attempt that such a reply ends."""
COPIES = ("near_copy", "duplicate")
_CHECKING = {"constraints": (), "repair": ("repair",)}
OUTCOMES = ("planted", "found", "missed", "unknown", "clean", "harmed")


def _read_well(record: Record, fault: str) -> bool:
    """Whether a fault of the reply was noticed: the attempt ended by it, or the reply was mended or asked for again."""
    rejection = record.rejection
    stopped = rejection is not None and rejection.stage == "generate" and rejection.reason == READER[fault]
    return stopped or fault == "truncated" or (fault == "malformed" and record.repaired)


class Worth:
    """Counts over all attempts of a run; `table` says what came of them by part of the run."""

    def __init__(self, checks: Sequence[Check], plants: Plants) -> None:
        self._checks = checks
        self._plants = plants
        self._changed: Counter[str] = Counter()
        self._turned_away: Counter[str] = Counter()
        self._planted: dict[str, dict[str, dict[str, int]]] = {}
        self._clean: dict[str, dict[str, int]] = {}

    def count(self, record: Record, *, accepted: bool) -> None:
        """Adds one attempt."""
        for change in record.changes:
            self._changed[str(change.get("by"))] += 1
        self._changed["enhance"] += bool(record.lineage.get("harder"))
        if record.rejection is not None:
            stage, reason = record.rejection.stage, record.rejection.reason
            self._turned_away[reason if stage == "validate" else stage] += 1
        if self._plants:
            self._count_planted(record, accepted)

    def _count_planted(self, record: Record, accepted: bool) -> None:
        planted, clean = self._plants.first(record, accepted=accepted), not self._plants.any(record)
        faults, rejection = set(planted), record.rejection
        self._count_run(record, planted, clean=clean, accepted=accepted)
        for fault in faults.intersection(READER):
            self._judge("generate", fault, "found" if _read_well(record, fault) else "missed")
        ended = rejection is not None and rejection.stage == "generate"
        if clean:
            self._harm("generate", harmed=ended)
        if ended:
            return
        for check in self._checks:
            first = record.first_verdicts.get(check.name, record.verdicts.get(check.name))
            if first is None:
                continue
            outcome = {"fail": "found", "pass": "missed"}.get(first, "unknown")
            for fault in faults.intersection(check.facts.finds):
                self._judge(check.name, fault, outcome)
            if clean and check.kind == "validators":
                self._harm(check.name, harmed=first == "fail")
        self._count_rules(record, faults)
        judged = accepted or (rejection is not None and rejection.stage == "dedup")
        if judged and not record.changes:
            for fault in faults.intersection(COPIES):
                self._judge("dedup", fault, "missed" if accepted else "found")

    def _count_run(self, record: Record, planted: Mapping[str, str | None], *, clean: bool, accepted: bool) -> None:
        """What the whole run made of an attempt: turned away or put right, or accepted as it was."""
        changed = {name for change in record.changes for name in change.get("before", ())}
        for fault, field in planted.items():
            gone = not accepted or field in changed or (fault in READER and _read_well(record, fault))
            self._judge("run", fault, "found" if gone else "missed")
        rejection = record.rejection
        if clean and (rejection is None or rejection.stage != "dedup"):
            failed = rejection is not None and record.verdicts.get(rejection.reason) != "unknown"
            self._harm("run", harmed=failed)

    def _count_rules(self, record: Record, faults: set[str]) -> None:
        """A planted break of some constraint is found where any of them fails."""
        rules = [check.name for check in self._checks if check.kind == "constraints" and not check.facts.roles]
        firsts = [record.first_verdicts.get(name, record.verdicts.get(name)) for name in rules]
        if "off_constraint" in faults and any(firsts):
            self._judge("constraints", "off_constraint", "found" if "fail" in firsts else "missed")

    def _judge(self, name: str, fault: str, outcome: str) -> None:
        counts = self._planted.setdefault(name, {}).setdefault(fault, dict.fromkeys(OUTCOMES[:4], 0))
        counts["planted"] += 1
        counts[outcome] += 1

    def _harm(self, name: str, *, harmed: bool) -> None:
        counts = self._clean.setdefault(name, {"clean": 0, "harmed": 0})
        counts["clean"] += 1
        counts["harmed"] += harmed

    def table(self, spent: Mapping[str, Any], accepted: int) -> dict[str, Any]:
        """`{"changed", "turned_away", "calls", "tokens", "faults"?, "clean"?, "harmed"?}` by part, in a run's order.

        `calls` and `tokens` are those for each accepted record, null where two checks of one kind share them; `faults`
        are counts by planted fault, those of all constraints together under `constraints`, what the whole run came to
        under `run`: a fault is found there where its record was turned away, or the field that it was in was changed.
        """
        found: dict[str, Any] = {"run": self._part("run", None, spent, accepted)} if self._plants else {}
        for stage in FLOW[2:]:
            if stage.name == "validate":
                found |= {name: self._part(name, asks, spent, accepted) for name, asks in _CHECKING.items()}
                found |= {check.name: self._check(check, spent, accepted) for check in self._checks}
            else:
                found[stage.name] = self._part(stage.name, stage.asks, spent, accepted)
        always = {"generate", *(check.name for check in self._checks)}
        return {name: part for name, part in found.items() if any(part.values()) or name in always}

    def _check(self, check: Check, spent: Mapping[str, Any], accepted: int) -> dict[str, Any]:
        alone = sum(other.type == check.type for other in self._checks) == 1
        return self._part(check.name, check.facts.asks if alone else None, spent, accepted)

    def _part(
        self, name: str, purposes: Sequence[str] | None, spent: Mapping[str, Any], accepted: int
    ) -> dict[str, Any]:
        told: dict[str, Any] = {"changed": self._changed[name], "turned_away": self._turned_away[name]}
        told |= {"calls": None, "tokens": None}
        if purposes is not None and accepted:
            booked = [counts for role in spent.values() for purpose, counts in role.items() if purpose in purposes]
            calls = sum(counts["calls"] + counts["cached_calls"] for counts in booked)
            tokens = sum(counts["tokens_in"] + counts["tokens_out"] for counts in booked)
            told |= {"calls": round(calls / accepted, 3), "tokens": round(tokens / accepted, 1)}
        if name in self._planted:
            told["faults"] = {fault: dict(counts) for fault, counts in sorted(self._planted[name].items())}
        if name in self._clean:
            told |= self._clean[name]
        return told
