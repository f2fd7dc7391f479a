"""Validation: constraints first (they cost nothing), then what asks a model; fixes, and one re-ask.

Every check says pass, fail or unknown. A check that can mend the record itself (`code` knows the right answer,
`reflect` rewrites) does so, otherwise `on_fail: fix` leads to one re-ask of the generator that quotes what failed.
After each change all checks run again (a question already asked for this attempt is not asked twice), so that nothing
is kept unchecked; what still fails is dropped. A change that moves a planned label is a rejection. So is a text, or a
change, that gives the words of the prompt back: every text that a model writes for a record comes through here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from datagen_cli.core.constraint import Constraint
from datagen_cli.core.errors import CallRefused
from datagen_cli.core.fields import plain
from datagen_cli.core.pointer import Pointer
from datagen_cli.core.ports import Context, Validator
from datagen_cli.core.record import Outcome, Record, Rejection, Slot, Verdict
from datagen_cli.prompts.announcing import only_announces
from datagen_cli.prompts.compose import Composer
from datagen_cli.stages.generate import Generate, Unit, no_record

VERSION = 2


@dataclass(frozen=True, slots=True)
class BoundCheck:
    """A check with what a failure or an unknown leads to. Exactly one of `constraint` and `validator` is set.

    `mends` is how often the check may change the record itself; one that `rewrites` does so whatever `on_fail` says,
    others only with `on_fail: fix`.
    """

    name: str
    on_fail: Literal["drop", "fix", "keep"]
    on_unknown: Literal["drop", "keep"]
    constraint: Constraint | None = None
    validator: Validator | None = None
    mends: int = 1
    rewrites: bool = False


@dataclass(slots=True)
class _CheckState:
    """What happened to one record so far."""

    record: Record
    first: dict[str, Outcome] = field(default_factory=dict)
    mended: dict[str, int] = field(default_factory=dict)
    reasked: bool = False
    changes: list[dict[str, Any]] = field(default_factory=list)


Failure = tuple[BoundCheck, Verdict]


class Validate:
    """Runs the checks of one record.

    `label_field` is empty when no label is planned; `pointer` says that the label names an item of a list field.
    Without `generate` no record is asked for again: texts that were sampled in a group are not written anew one by one,
    so that a failure which the check cannot mend itself rejects the attempt, `on_fail: fix` or not.
    """

    def __init__(
        self,
        checks: Sequence[BoundCheck],
        generate: Generate | None,
        composer: Composer,
        label_field: str,
        pointer: Pointer | None = None,
    ) -> None:
        self._checks = sorted(checks, key=lambda check: check.constraint is None)
        self._generate = generate
        self._composer = composer
        self._label_field = label_field
        self._pointer = pointer

    async def run(self, record: Record, slot: Slot, unit: Unit, ctx: Context) -> Record:
        """The record with its verdicts, mended where a check asked for it, or rejected."""
        if self._moved_label(record.fields, slot):
            found = record.fields.get(self._label_field)
            return record.rejected(
                Rejection("validate", "label", f"asked for {slot.label!r}, the record has {found!r}")
            )
        if self._pointer is not None and not self._points(record.fields):
            return record.rejected(Rejection("validate", "label", self._pointer.problem(record.fields)))
        if reason := no_record(self._composer, record.fields):
            return record.rejected(Rejection("validate", *reason))
        state = _CheckState(record)
        while True:
            failures = await self._check(state, slot, ctx)
            if not failures:
                return self._done(state)
            before = state.record
            rejection = await self._change(state, failures, slot, unit, ctx)
            if rejection is not None:
                return self._done(state).rejected(rejection)
            if broke := self._broken(state.record.fields, slot, failures):
                check, verdict = failures[0]
                state.record = before
                return self._done(state).rejected(Rejection("validate", check.name, f"{verdict.detail}; {broke}"))

    def _broken(self, fields: Mapping[str, Any], slot: Slot, failures: list[Failure]) -> str:
        """What a change of a record broke, so that the record was better before; empty where it broke nothing."""
        if self._moved_label(fields, slot) or not self._points(fields):
            return "the fix broke the label"
        if said := only_announces(self._composer.about, fields):
            return f"the fix only announces a text: {said!r}"
        told = [verdict.detail for check, verdict in failures if check.constraint is not None]
        echo = self._composer.echoes.found(fields) or self._composer.echoes.of_failures(fields, told)
        return f"the fix gives the prompt back: {echo}" if echo else ""

    async def _check(self, state: _CheckState, slot: Slot, ctx: Context) -> list[Failure]:
        """Verdicts of all checks into the state; what calls for action. Nothing is paid once something failed."""
        verdicts: dict[str, Outcome] = {}
        notes: dict[str, str] = {}
        evidence: dict[str, Mapping[str, Any]] = {}
        failures: list[Failure] = []
        for check in self._checks:
            if failures and check.constraint is None:
                break
            verdict = await _verdict(check, state.record, slot, ctx)
            verdicts[check.name] = verdict.outcome
            state.first.setdefault(check.name, verdict.outcome)
            if verdict.detail and verdict.outcome != "pass":
                notes[check.name] = verdict.detail
            if verdict.evidence:
                evidence[check.name] = verdict.evidence
            if _calls_for_action(check, verdict):
                failures.append((check, verdict))
        if self._checks:
            state.record = replace(state.record, verdicts=verdicts, notes=notes, evidence=evidence)
        return failures

    async def _change(
        self, state: _CheckState, failures: list[Failure], slot: Slot, unit: Unit, ctx: Context
    ) -> Rejection | None:
        """Mends the record, by the check's own fix or by the one re-ask; a rejection when nothing more can be done."""
        for check, verdict in failures:
            fixable = verdict.outcome == "fail" and (check.on_fail == "fix" or check.rewrites)
            if not fixable or state.mended.get(check.name, 0) >= check.mends:
                continue
            fix = verdict.fix
            if fix is None and check.rewrites and check.validator is not None:
                fix = await _rewritten(check.validator, state.record, verdict, ctx)
            if fix:
                state.mended[check.name] = state.mended.get(check.name, 0) + 1
                self._replace(state, (check, verdict), {**state.record.fields, **fix})
                return None
        dropped = next((failure for failure in failures if not _can_be_reasked(*failure)), None)
        if dropped is None and self._generate is not None and not state.reasked:
            state.reasked = True
            fields = await self._reask(state.record, failures, slot, unit, ctx)
            if fields is not None:
                self._replace(state, failures[0], fields)
                return None
        check, verdict = dropped or failures[0]
        return Rejection("validate", check.name, verdict.detail)

    async def _reask(
        self, record: Record, failures: list[Failure], slot: Slot, unit: Unit, ctx: Context
    ) -> Mapping[str, Any] | None:
        """The generator's second version of the record; None when no usable one came."""
        assert self._generate is not None
        asked = self._generate.prompt(replace(unit, slots=(slot,)))
        prompt = self._composer.repair(asked, record.fields, [verdict.detail for _, verdict in failures])
        try:
            _, parsed = await self._generate.ask(prompt, 1, ctx, purpose="repair")
        except CallRefused:
            return None
        fields = parsed.records[0] if parsed.records else None
        return None if fields is None else {**record.fields, **self._generate.whole(fields, slot)}

    def _replace(self, state: _CheckState, failure: Failure, fields: Mapping[str, Any]) -> None:
        check, verdict = failure
        old = state.record.fields
        changed = {name: old.get(name) for name, value in fields.items() if old.get(name) != value}
        change: dict[str, Any] = {"by": check.name, "before": changed}
        if verdict.evidence:
            change["evidence"] = dict(verdict.evidence)
        state.changes.append(change)
        state.record = replace(state.record, fields=fields)

    def _done(self, state: _CheckState) -> Record:
        record = state.record
        first = {name: outcome for name, outcome in state.first.items() if record.verdicts.get(name) != outcome}
        changes = tuple(state.changes)
        unlike = (first, changes) != (record.first_verdicts, record.changes)
        return replace(record, first_verdicts=first, changes=changes) if unlike else record

    def _points(self, fields: Mapping[str, Any]) -> bool:
        return self._pointer is None or self._pointer.holds(fields)

    def _moved_label(self, fields: Mapping[str, Any], slot: Slot) -> bool:
        planned = bool(self._label_field) and slot.label is not None
        return planned and plain(fields.get(self._label_field)) != plain(slot.label)


async def _verdict(check: BoundCheck, record: Record, slot: Slot, ctx: Context) -> Verdict:
    if check.constraint is not None:
        return check.constraint.check(record.fields)
    assert check.validator is not None
    try:
        return await check.validator.verify(record, slot, ctx)
    except CallRefused as refused:
        return Verdict("unknown", f"{check.name}: the model's endpoint refused the request: {refused}")


async def _rewritten(validator: Validator, record: Record, verdict: Verdict, ctx: Context) -> Mapping[str, Any] | None:
    """What a check that rewrites makes of a record; None when the endpoint refused, or no whole record came."""
    try:
        return await validator.rewrite(record, verdict, ctx)  # type: ignore[attr-defined]
    except CallRefused:
        return None


def _calls_for_action(check: BoundCheck, verdict: Verdict) -> bool:
    if verdict.outcome == "unknown":
        return check.on_unknown == "drop"
    return verdict.outcome == "fail" and check.on_fail != "keep"


def _can_be_reasked(check: BoundCheck, verdict: Verdict) -> bool:
    """A re-ask quotes what is wrong: there must be something wrong, and the recipe must want it mended."""
    return verdict.outcome == "fail" and check.on_fail == "fix" and not check.rewrites
