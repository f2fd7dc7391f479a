"""Correctness by checking again: the recipe's checks that compute an answer, with draws that the run never used.

A run's own verdicts chose its records, so they cannot measure them. Here every record is checked by the same kind of
check under other draws (and with `--model` by another model), whatever was said before: pass is right, fail is wrong,
anything else unknown. Only checks that find an answer by themselves count (`code`, `solve`, `search`): a reviewer's
"good" is no proof. Nothing is cached, so that a second recheck draws anew only with another seed; what it costs is
bounded by the recipe's `limits` and `--max-cost`.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datagen_cli.config.load import load_recipe
from datagen_cli.core.errors import CallPending, CallRefused, UsageError
from datagen_cli.core.record import Outcome, Record, Slot, Verdict
from datagen_cli.core.registry import load
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.intervals import share_interval
from datagen_cli.metrics.measure import Measure
from datagen_cli.pipeline.build import Built, build
from datagen_cli.pipeline.connect import identities, open_client
from datagen_cli.pipeline.context import UnitContext
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.stages.validate import BoundCheck

FINDING = ("code", "solve", "search")
"""Validators that find an answer of their own."""
UNUSED_ATTEMPT = 1_000_000
"""No run makes so many attempts at a slot, so no draw of this attempt was ever asked."""


@dataclass(frozen=True, slots=True)
class Again:
    """How to check again: the recipe (None: the run's own), other models, a cap in USD, and the environment."""

    recipe: str | None
    models: Sequence[str]
    max_cost: float | None
    environ: Mapping[str, str]


class Silent:
    """An observer that is told and says nothing but remarks."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def event(self, kind: str, **facts: Any) -> None:
        """See `core.ports.Observer`."""
        if kind == "note":
            self._say(str(facts["text"]))


def recheck(dataset: Dataset, run: Path | None, how: Again, say: Callable[[str], None]) -> Measure:
    """The measure. Raises `UsageError` where the recipe has no check that finds an answer, or there is no recipe."""
    built = _built(run, how)
    checks = [
        bound
        for bound in built.bound
        if bound.validator is not None and _kind(built, bound.name) in FINDING
    ]  # fmt: skip
    if not checks:
        raise UsageError(
            "--recheck: the recipe has no check that finds an answer by itself",
            hint="--recipe FILE with `validators: [{code: …}]`, or --gold FILE",
        )
    engine = LocalEngine()
    verdicts = engine.run(lambda: _verify_all(dataset, built, checks, how, engine, say))
    return _measure(dataset, [check.name for check in checks], verdicts, built)


def _built(run: Path | None, how: Again) -> Built:
    source = how.recipe or (str(run / "recipe.lock.yaml") if run is not None else None)
    if source is None:
        raise UsageError("--recheck needs a recipe", hint="--recipe FILE, or name a run folder")
    overrides = [f"limits.max_cost={how.max_cost}"] if how.max_cost is not None else []
    recipe = load_recipe(source, overrides=overrides, model=how.models, environ=how.environ, cwd=Path.cwd())
    for check in recipe.validators:
        if check.type in FINDING and not load("validators", check.type).built:
            raise UsageError(f"--recheck: the check {check.type} is not built yet", hint="--gold FILE tells now")
    return build(recipe, identities(recipe))


def _kind(built: Built, name: str) -> str:
    return next((check.type for check in built.recipe.validators if check.name == name), "")


async def _verify_all(
    dataset: Dataset,
    built: Built,
    checks: Sequence[BoundCheck],
    how: Again,
    engine: LocalEngine,
    say: Callable[[str], None],
) -> list[dict[str, Verdict]]:
    """For every row its verdicts by check; as many rows at once as the recipe allows calls."""
    client = open_client(
        built.recipe, cache=None, observer=Silent(say), environ=how.environ, allow_hosts=(), plant=lambda _: None
    )
    places = asyncio.Semaphore(built.recipe.options.limits.concurrency)
    seen: set[str] = set()
    done = 0

    async def verify(number: int) -> dict[str, Verdict]:
        nonlocal done
        row, index = dataset.rows[number], _slot(dataset.ids[number], number)
        fields = {spec.name: row.get(spec.name) for spec in built.specs}
        record, slot = Record(index, UNUSED_ATTEMPT, fields), Slot(index, dataset.ids[number])
        async with places:
            context = UnitContext(client, engine.run_blocking, index, UNUSED_ATTEMPT, seen)
            found = {check.name: await _verdict(check, record, slot, context) for check in checks}
        done += 1
        say(f"recheck: {done:,} of {len(dataset):,} rows")
        return found

    try:
        return list(await asyncio.gather(*(verify(number) for number in range(len(dataset)))))
    finally:
        await client.close()


async def _verdict(check: BoundCheck, record: Record, slot: Slot, context: UnitContext) -> Verdict:
    assert check.validator is not None
    try:
        return await check.validator.verify(record, slot, context)
    except (CallRefused, CallPending) as error:
        return Verdict("unknown", f"no answer: {error}")


def _slot(id_: str, number: int) -> int:
    """The slot that an id names, else the row's number."""
    found = re.fullmatch(r"[0-9a-f]{6}-(\d{1,12})", id_)
    return int(found[1]) if found else number


def _measure(
    dataset: Dataset, names: Sequence[str], verdicts: Sequence[Mapping[str, Verdict]], built: Built
) -> Measure:
    together = [_together([verdict.outcome for verdict in found.values()]) for found in verdicts]
    counts = Counter(together)
    right, wrong = counts["pass"], counts["fail"]
    rows = [
        {"id": dataset.ids[number], "check": name, "detail": verdict.detail}
        for number, found in enumerate(verdicts)
        for name, verdict in found.items()
        if verdict.outcome == "fail"
    ]
    by_check = {name: dict(Counter(found[name].outcome for found in verdicts)) for name in names}
    detail = {
        "right": right, "wrong": wrong, "unknown": counts["unknown"], "checks": by_check, "rows": rows,
        "total": len(rows), "simulated": built.simulated,
    }  # fmt: skip
    if not right + wrong:
        return Measure(None, "higher", reason="the recheck could decide no row", detail=detail)
    signature = f"recheck:{'+'.join(names)}|draws=new|N={right + wrong}"
    return Measure(right / (right + wrong), "higher", signature, share_interval(right, right + wrong), detail)


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    """Any fail is a fail; else one pass is a pass."""
    return "fail" if "fail" in outcomes else "pass" if "pass" in outcomes else "unknown"
