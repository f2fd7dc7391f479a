"""Correctness by checking again: the recipe's checks that compute an answer, with draws that the run never used.

A run's own verdicts chose its records, so they cannot measure them. Here every record is checked by the same kind of
check under other draws (and with `--model` by another model), whatever was said before: pass is right, fail is wrong,
anything else unknown. Only checks that find an answer by themselves count (`code`, `solve`, `search`): a reviewer's
"good" is no proof. Nothing is cached or kept: a second recheck asks and pays again, and draws anew only with another
seed. What it costs is bounded by the recipe's `limits` and `--max-cost` (`cost_usd` and `calls` in the detail);
where a cap ends it, the rows checked so far are the measure (`stopped` in the detail says so).

A row of a run has the recipe's fields. A row of another file has them too, or else the columns of the recipe's base and
is read through its mapping. What cannot be read is unknown, and a file without the columns has no measure. The offline
model only simulates: it judges simulated rows and no others.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datagen_cli.config.load import load_recipe
from datagen_cli.config.models import ROLES, SharedModel
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import CallPending, CallRefused, CapReached, DatagenError, ProviderError, UsageError
from datagen_cli.core.fields import FieldSpec, WrongType, coerce, describe_type
from datagen_cli.core.record import Outcome, Record, Slot, Verdict
from datagen_cli.llm.keys import hosts
from datagen_cli.llm.usage import Totals
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.intervals import share_interval
from datagen_cli.metrics.measure import Measure
from datagen_cli.pipeline.build import Built, build
from datagen_cli.pipeline.connect import all_of, identities, open_client
from datagen_cli.pipeline.context import UnitContext
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.pipeline.estimate import estimate_checks
from datagen_cli.pipeline.questions import Noted
from datagen_cli.pipeline.trial import CheckTrials
from datagen_cli.sources.mapping import BadValue, FieldReader, readers_of
from datagen_cli.stages.validate import BoundCheck
from datagen_cli.text.answers import parse_number

UNUSED_ATTEMPT = 1_000_000
"""No run makes so many attempts at a slot, so no draw of this attempt was ever asked."""
NO_ANSWER = "no answer: "
OFFLINE = "the checker is offline, a simulation: it cannot judge real rows; name a model with --model"


@dataclass(frozen=True, slots=True)
class RecheckOptions:
    """How to check again: the recipe (None: the run's own), other models, a cap in USD, and the environment.

    `trust_lock`: the models that a run's lock names may be asked; a folder may come from anybody. `allow_hosts` may be
    sent keys.
    """

    recipe: str | None
    models: Sequence[str]
    max_cost: float | None
    environ: Mapping[str, str]
    trust_lock: bool = False
    allow_hosts: Sequence[str] = ()

    @property
    def words(self) -> list[str]:
        """The options of `datagen eval` that say this."""
        given = {"--recipe": self.recipe, "--max-cost": None if self.max_cost is None else f"{self.max_cost:g}"}
        named = [word for option, value in given.items() if value is not None for word in (option, value)]
        many = {"--model": self.models, "--allow-host": self.allow_hosts}
        named += [word for option, values in many.items() for value in values for word in (option, value)]
        return ["--recheck", *named, *(["--trust-lock"] if self.trust_lock else [])]


@dataclass(frozen=True, slots=True)
class Reporter:
    """Where messages go: `say` for what is under way, `note` for what must not be missed."""

    say: Callable[[str], None]
    note: Callable[[str], None]


@dataclass(slots=True)
class RecheckOutcomes:
    """For every row its verdicts by check, or why it cannot be read, or None where what `stopped` it came first: a cap,
    or an endpoint that answers no more."""

    verdicts: list[dict[str, Verdict] | str | None]
    totals: Totals = field(default_factory=Totals)
    stopped: DatagenError | None = None


def recheck(dataset: Dataset, run: Path | None, how: RecheckOptions, reporter: Reporter) -> Measure:
    """The measure; missing where the rows lack what the check needs, or a simulation would judge real ones.

    Raises `UsageError` where the recipe has no check that finds an answer, or there is no recipe. A measure that a cap
    ended says so: `stopped_with`. Raises `ProviderError` where no row could be checked for want of answers, and
    `GotNowhere` where the first answers of a check cannot be read.
    """
    built, checks = _finding(run, how)
    records = _records(dataset, built, of_run=run is not None)
    if all(isinstance(record, str) for record in records):
        return Measure.missing(_why_unread(dataset, built, records), "higher")
    offline = any(model.provider.simulated for model in _asked(built, checks))
    if offline and not _simulated(dataset, run):
        return Measure.missing(OFFLINE, "higher")
    if offline:
        reporter.note("recheck: simulated: the offline model checks simulated rows")
    engine = LocalEngine()
    outcomes = engine.run(lambda: _verify_all(dataset, records, built, checks, how, engine, reporter))
    if outcomes.stopped:
        reporter.note(f"recheck: {outcomes.stopped.message}; it ended there, and another recheck asks anew")
    return _measure(dataset, [check.name for check in checks], outcomes, simulated=offline or dataset.simulated)


def recheck_estimate(dataset: Dataset, run: Path | None, how: RecheckOptions) -> dict[str, Any]:
    """What a recheck of these rows would take: `{"checks", "rows", "calls", "tokens", "cost_usd", "seconds", "hosts"}`.

    Nothing is sent. Raises `UsageError` as `recheck` does.
    """
    built, checks = _finding(run, how)
    names = [check.name for check in checks]
    rows = sum(not isinstance(record, str) for record in _records(dataset, built, of_run=run is not None))
    figures = estimate_checks(built, how.environ, how.allow_hosts, names, rows)
    return {"checks": names, "rows": rows, **figures, "hosts": hosts(_asked(built, checks), how.environ)}


def _finding(run: Path | None, how: RecheckOptions) -> tuple[Built, list[BoundCheck]]:
    """The recipe, and those of its checks that find answers."""
    built = _built(run, how)
    names = {check.name for check in built.recipe.checks if check.facts.finds_answers}
    checks = [bound for bound in built.bound if bound.name in names]
    if not checks:
        raise UsageError(
            "--recheck: the recipe has no check that finds an answer by itself",
            hint="--recipe FILE with `validators: [{code: …}]`, or --gold FILE",
        )
    return built, checks


def stopped_with(measure: Measure | None) -> int:
    """The exit code of what ended the recheck before its last row: 4 of a cap, 5 of an endpoint; else 0."""
    return int(measure.detail.get("exit_code", 0)) if measure is not None else 0


def _built(run: Path | None, how: RecheckOptions) -> Built:
    source = how.recipe or (str(run / "recipe.lock.yaml") if run is not None else None)
    if source is None:
        raise UsageError("--recheck needs a recipe", hint="--recipe FILE, or name a run folder")
    overrides = [f"limits.max_cost={how.max_cost}"] if how.max_cost is not None else []
    recipe = load_recipe(source, overrides=overrides, model=how.models, environ=how.environ, cwd=Path.cwd())
    if how.recipe is None and not how.trust_lock:
        _refuse_models_of_lock(recipe, how)
    return build(recipe, identities(recipe))


def _refuse_models_of_lock(recipe: Recipe, how: RecheckOptions) -> None:
    """Raises `UsageError` where a check would ask a model that only the lock names; the offline model asks nobody."""
    roles = {role for check in recipe.checks if check.facts.finds_answers for role in check.facts.roles}
    own = recipe.source.get("models") or {}
    named = {text.partition("=")[0] for text in how.models if "=" in text}
    plain = any(text.partition("=")[0] not in ROLES for text in how.models)
    for role in sorted(roles):
        given = role in named or (plain and role not in own)
        if given or all(model.provider.simulated for model in recipe.models[role]):
            continue
        host = ", ".join(hosts(recipe.models[role], how.environ)) or "this machine"
        raise UsageError(
            f"--recheck: the folder's lock names the {role}: {recipe.models[role][0].name} at {host}; nothing was sent",
            hint=f"--model {role + '=' if role in own else ''}MODEL or --recipe FILE says whom to ask;"
            " --trust-lock asks the models of a lock that you trust",
        )


def _asked(built: Built, checks: Sequence[BoundCheck]) -> list[SharedModel]:
    """The models that these checks ask."""
    names = {check.name for check in checks}
    asked = {role for check in built.recipe.checks if check.name in names for role in check.facts.roles}
    return [model for role in sorted(asked) for model in built.recipe.models[role]]


def _simulated(dataset: Dataset, run: Path | None) -> bool:
    """Whether every row is simulated: a run is as a whole, a file's rows say it one by one."""
    return dataset.simulated and (run is not None or all(row.get("simulated") is True for row in dataset.rows))


def _needed(built: Built) -> list[FieldSpec]:
    """The fields that the checks read."""
    names: set[str] = set()
    for check in built.recipe.checks:
        names |= set(check.facts.reads(check.options)) if check.facts.finds_answers else set()
    return [spec for spec in built.specs if spec.name in names]


def _readers(built: Built) -> dict[str, FieldReader]:
    return readers_of(built.recipe.options.fields or {})


def _records(dataset: Dataset, built: Built, *, of_run: bool) -> list[dict[str, Any] | str]:
    """The fields of every row, or why they cannot be read."""
    needed, readers = _needed(built), _readers(built)
    records: list[dict[str, Any] | str] = []
    for row in dataset.rows:
        own = of_run or isinstance(row.get("verdicts"), dict)
        try:
            records.append(
                {**{spec.name: row.get(spec.name) for spec in built.specs}, **_read(row, needed, readers, own)}
            )
        except BadValue as error:
            records.append(str(error))
    return records


def _read(
    row: Mapping[str, Any], specs: Sequence[FieldSpec], readers: Mapping[str, FieldReader], own: bool
) -> dict[str, Any]:
    """The fields by their names if the row has all of them, else through the recipe's mapping. Raises `BadValue`."""
    if all(spec.name in row for spec in specs):
        return {spec.name: _typed(spec, _named(row, spec, None if own else readers.get(spec.name))) for spec in specs}
    for spec in specs:
        if spec.name not in readers:
            raise BadValue(f"{spec.name}: there is no such column")
    return {spec.name: _typed(spec, readers[spec.name].read(row)) for spec in specs}


def _named(row: Mapping[str, Any], spec: FieldSpec, reader: FieldReader | None) -> Any:
    """The column of the field's name; in a row of the base what the recipe takes from it."""
    if reader is not None and reader.derived and reader.column == spec.name:
        try:
            return reader.read(row)
        except BadValue:
            pass
    return row[spec.name]


def _typed(spec: FieldSpec, value: Any) -> Any:
    """The value in the field's type; as it is where a check can still read it. Raises `BadValue`."""
    if value is None or (isinstance(value, str) and not value.strip()):
        raise BadValue(f"{spec.name} is {'null' if value is None else 'empty'}")
    try:
        return coerce(spec, value)
    except WrongType as error:
        scalar = isinstance(value, str | int | float)
        if scalar and (spec.type != "number" or (not isinstance(value, bool) and parse_number(value) is not None)):
            return value
        raise BadValue(f"{spec.name}: {error or describe_type(value)}") from error


def _why_unread(dataset: Dataset, built: Built, records: Sequence[Any]) -> str:
    """Why no row can be read: the columns that are in none of them, else what is wrong with the first."""
    if not records:
        return "the dataset has no rows"
    columns = {name for row in dataset.rows for name in row}
    readers = _readers(built)
    names = [spec.name for spec in _needed(built)]
    mapped = [readers[name].column for name in names if name in readers and readers[name].column]
    lacking = [name for name in names if name not in columns]
    unmapped = [column for column in dict.fromkeys(mapped) if column not in columns]
    if not lacking or (readers and not unmapped):
        return f"no row can be read; the first: {records[0]}"
    other = (
        f", nor those that the recipe reads them from: {', '.join(unmapped)}" if set(unmapped) - set(lacking) else ""
    )
    return f"the dataset lacks the columns that the recheck needs: {', '.join(lacking)}{other}"


async def _verify_all(
    dataset: Dataset,
    records: Sequence[dict[str, Any] | str],
    built: Built,
    checks: Sequence[BoundCheck],
    how: RecheckOptions,
    engine: LocalEngine,
    reporter: Reporter,
) -> RecheckOutcomes:
    """The verdicts of every row; as many rows at once as the recipe allows calls. A cap ends it, and is no error."""
    contacted = hosts(_asked(built, checks), how.environ)
    if contacted and how.recipe is None:
        reporter.note(f"recheck: calls go to {', '.join(contacted)}")
    client = open_client(
        built.recipe, cache=None, observer=Noted(reporter.note), environ=how.environ, allow_hosts=how.allow_hosts
    )
    outcomes = RecheckOutcomes([None] * len(records), client.totals)
    places = asyncio.Semaphore(built.recipe.options.limits.concurrency)
    seen: set[str] = set()
    trials = CheckTrials()
    done = 0

    async def verify(number: int) -> None:
        nonlocal done
        fields = records[number]
        if isinstance(fields, str):
            outcomes.verdicts[number] = fields
            return
        index = _slot(dataset.ids[number], number)
        record, slot = Record(index, UNUSED_ATTEMPT, fields), Slot(index, dataset.ids[number])
        async with places:
            if outcomes.stopped:
                return
            context = UnitContext(client, engine.run_blocking, index, UNUSED_ATTEMPT, seen)
            try:
                found = {check.name: await _verdict(check, record, slot, context) for check in checks}
            except CapReached as error:
                outcomes.stopped = outcomes.stopped or error
                return
        outcomes.verdicts[number] = found
        trials.add_verdicts(record, {name: one for name, one in found.items() if not one.detail.startswith(NO_ANSWER)})
        done += 1
        reporter.say(f"recheck: {done:,} of {len(dataset):,} rows")

    try:
        await all_of(client, (verify(number) for number in range(len(records))))
    except ProviderError as error:
        if not _answered(outcomes):
            raise
        outcomes.stopped = error
    finally:
        await client.close()
    first = next((one for one in outcomes.verdicts if isinstance(one, dict)), None)
    if first and not outcomes.stopped and not _answered(outcomes):
        hint = "`datagen doctor` says whether the model can be reached, and what it refuses"
        raise ProviderError(f"no row could be checked; the first: {next(iter(first.values())).detail}", hint=hint)
    return outcomes


def _answered(outcomes: RecheckOutcomes) -> bool:
    """Whether any check had an answer."""
    found = [verdict for one in outcomes.verdicts if isinstance(one, dict) for verdict in one.values()]
    return not all(verdict.detail.startswith(NO_ANSWER) for verdict in found)


async def _verdict(check: BoundCheck, record: Record, slot: Slot, context: UnitContext) -> Verdict:
    assert check.validator is not None
    try:
        return await check.validator.verify(record, slot, context)
    except (CallRefused, CallPending) as error:
        return Verdict("unknown", f"{NO_ANSWER}{error}")


def _slot(id_: str, number: int) -> int:
    """The slot that an id names, else the row's number."""
    found = re.fullmatch(r"[0-9a-f]{6}-(\d{1,12})", id_)
    return int(found[1]) if found else number


def _measure(dataset: Dataset, names: Sequence[str], outcomes: RecheckOutcomes, *, simulated: bool) -> Measure:
    checked = [
        (id_, found) for id_, found in zip(dataset.ids, outcomes.verdicts, strict=True) if isinstance(found, dict)
    ]
    unread = [found for found in outcomes.verdicts if isinstance(found, str)]
    counts = Counter(_together([verdict.outcome for verdict in found.values()]) for _, found in checked)
    right, wrong = counts["pass"], counts["fail"]
    rows = [
        {"id": id_, "check": name, "detail": verdict.detail}
        for id_, found in checked
        for name, verdict in found.items()
        if verdict.outcome == "fail"
    ]
    by_check = {name: dict(Counter(found[name].outcome for _, found in checked)) for name in names}
    cost = outcomes.totals.all.usage.cost_usd
    detail: dict[str, Any] = {
        "right": right, "wrong": wrong, "unknown": counts["unknown"] + len(unread), "checks": by_check, "rows": rows,
        "total": len(rows), "simulated": simulated, "calls": outcomes.totals.all.calls,
        "cost_usd": None if cost is None else round(cost, 9),
    }  # fmt: skip
    if unread:
        detail["unread"] = {"n": len(unread), "first": unread[0]}
    if outcomes.stopped:
        stopped = {"stopped": outcomes.stopped.message, "exit_code": outcomes.stopped.exit_code}
        detail |= {**stopped, "rechecked": len(checked), "of": len(dataset)}
    if not right + wrong:
        return Measure(
            None, "higher", reason=str(detail.get("stopped") or "the recheck could decide no row"), detail=detail
        )
    signature = f"recheck:{'+'.join(names)}|draws=new|N={right + wrong}"
    return Measure(right / (right + wrong), "higher", signature, share_interval(right, right + wrong), detail)


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    """Any fail is a fail; else one pass is a pass."""
    return "fail" if "fail" in outcomes else "pass" if "pass" in outcomes else "unknown"
