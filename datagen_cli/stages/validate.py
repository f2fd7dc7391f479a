"""Validation: constraints first (they cost nothing), then validators; one re-ask that quotes what failed.

Every check says pass, fail or unknown. A failed check with `on_fail: fix` leads to one re-ask of the generator for the
whole record, after which all checks run again; what still fails is dropped. A fix that changes a planned label is a
rejection. Verdicts before the fix are kept beside those after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from datagen_cli.core.errors import CallRefused
from datagen_cli.core.fields import plain
from datagen_cli.core.ports import Constraint, Context, Validator
from datagen_cli.core.record import Outcome, Record, Rejection, Slot, Verdict
from datagen_cli.prompts.compose import Composer
from datagen_cli.stages.generate import Generate, Unit

VERSION = 1


@dataclass(frozen=True, slots=True)
class BoundCheck:
    """A check with what a failure or an unknown leads to. Exactly one of `constraint` and `validator` is set."""

    name: str
    on_fail: Literal["drop", "fix", "keep"]
    on_unknown: Literal["drop", "keep"]
    constraint: Constraint | None = None
    validator: Validator | None = None


class Validate:
    """Runs the checks of one record. `label_field` is empty when no label is planned."""

    def __init__(self, checks: Sequence[BoundCheck], generate: Generate, composer: Composer, label_field: str) -> None:
        self._checks = sorted(checks, key=lambda check: check.constraint is None)
        self._generate = generate
        self._composer = composer
        self._label_field = label_field

    async def run(self, record: Record, slot: Slot, unit: Unit, ctx: Context) -> Record:
        """The record with its verdicts, repaired where a check asked for it, or rejected."""
        if self._moved_label(record.fields, slot):
            found = record.fields.get(self._label_field)
            return record.rejected(
                Rejection("validate", "label", f"asked for {slot.label!r}, the record has {found!r}")
            )
        record, failures = await self._check(record, slot, ctx)
        dropped = _first_drop(failures)
        if dropped is None and failures:
            record, failures, problem = await self._repair(record, failures, slot, unit, ctx)
            dropped = problem or (_rejection(*failures[0]) if failures else None)
        return record.rejected(dropped) if dropped else record

    async def _check(self, record: Record, slot: Slot, ctx: Context) -> tuple[Record, list[tuple[BoundCheck, Verdict]]]:
        """Verdicts of all checks, stopping at the first that drops the record; and those that call for action."""
        verdicts: dict[str, Outcome] = {}
        notes: dict[str, str] = {}
        failures: list[tuple[BoundCheck, Verdict]] = []
        for check in self._checks:
            if failures and check.constraint is None and any(c.constraint is not None for c, _ in failures):
                break  # a record whose constraints fail is repaired or dropped before anything is paid for checking it
            verdict = await _verdict(check, record, slot, ctx)
            verdicts[check.name] = verdict.outcome
            if verdict.detail and verdict.outcome != "pass":
                notes[check.name] = verdict.detail
            if verdict.outcome == "fail" and check.on_fail != "keep":
                failures.append((check, verdict))
            if verdict.outcome == "unknown" and check.on_unknown == "drop":
                failures.append((check, verdict))
            if failures and _drops(*failures[-1]):
                break
        return replace(record, verdicts=verdicts, notes=notes), failures

    async def _repair(
        self, record: Record, failures: list[tuple[BoundCheck, Verdict]], slot: Slot, unit: Unit, ctx: Context
    ) -> tuple[Record, list[tuple[BoundCheck, Verdict]], Rejection | None]:
        """One re-ask; the new record checked again. The rejection is set when no usable record came."""
        asked = self._generate.messages(Unit((slot,), unit.attempt, unit.examples, unit.avoid))
        messages = self._composer.repair(asked, record.fields, [verdict.detail for _, verdict in failures])
        try:
            _, parsed = await self._generate.ask(messages, 1, ctx, purpose="repair")
        except CallRefused:
            return record, failures, None
        fields = parsed.records[0] if parsed.records else None
        if fields is None:
            return record, failures, None
        if self._moved_label(fields, slot):
            check, verdict = failures[0]
            return (
                record,
                failures,
                Rejection("validate", check.name, f"{verdict.detail}; the repair changed the label"),
            )
        before = record.verdicts
        repaired, still = await self._check(replace(record, fields=fields), slot, ctx)
        changed = {name: outcome for name, outcome in before.items() if repaired.verdicts.get(name) != outcome}
        return replace(repaired, first_verdicts=changed), still, None

    def _moved_label(self, fields: Mapping[str, Any], slot: Slot) -> bool:
        return (
            bool(self._label_field)
            and slot.label is not None
            and plain(fields.get(self._label_field)) != plain(slot.label)
        )


async def _verdict(check: BoundCheck, record: Record, slot: Slot, ctx: Context) -> Verdict:
    if check.constraint is not None:
        return check.constraint.check(record.fields)
    assert check.validator is not None
    try:
        return await check.validator.verify(record, slot, ctx)
    except CallRefused as refused:
        return Verdict("unknown", f"{check.name}: the model's endpoint refused the request: {refused}")


def _drops(check: BoundCheck, verdict: Verdict) -> bool:
    return verdict.outcome == "unknown" or check.on_fail == "drop"


def _first_drop(failures: Sequence[tuple[BoundCheck, Verdict]]) -> Rejection | None:
    for check, verdict in failures:
        if _drops(check, verdict):
            return _rejection(check, verdict)
    return None


def _rejection(check: BoundCheck, verdict: Verdict) -> Rejection:
    return Rejection("validate", check.name, verdict.detail)
