"""`--dry-run` and `--probe N`: what a run would take, from an estimate or from its first records, whose replies its
cache keeps: the run does not pay for them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from datagen_cli.cli import console
from datagen_cli.cli.invocation import Invocation
from datagen_cli.cli.session import open_session
from datagen_cli.core.errors import CallPending, ProviderError
from datagen_cli.metrics.wording import usd
from datagen_cli.pipeline.control import plan_control
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.pipeline.estimate import contacted, estimate
from datagen_cli.pipeline.known_bad import find_planted, keep_found
from datagen_cli.pipeline.preview import Trace, preview, project
from datagen_cli.pipeline.session import Session
from datagen_cli.runs.previous_run import refuse_other_recipe

AGAIN = "try again later; what was answered is kept"
PROBED = 10
First = tuple[list[Trace], int, dict[str, dict[str, int]]]
OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")


def show_estimate(invocation: Invocation, *, as_json: bool, count: int | None = None, control: bool = False) -> int:
    """`--dry-run`: nothing is sent and nothing is written. `count` is for commands that make fewer records."""
    with _nothing_fetched():
        built = open_session(invocation).built
        result = estimate(built, invocation.environ, invocation.allow_hosts, count=count)
        if control:
            result["control"] = plan_control(built.recipe).about
    if as_json:
        console.emit_json(result)
        return 0
    rows = []
    for item in result["estimates"]:
        called = f"{item['records_per_call']}{' (this recipe)' if item['yours'] else ''}"
        rows.append((called, *console.estimated(item), console.span(item["seconds"], _time)))
    title = f"{console.counted(result['count'], 'record')}; nothing was sent"
    console.table(title, ("records a call", "calls", "tokens", "cost", "time"), rows)
    attempts = result["assumptions"]["attempts_a_record"]["high"]
    high = f"{attempts:g} attempts a record, repairs, long replies"
    console.paragraph(f"low: every first attempt is kept; high: {high}")
    shared = result["shared_prefix"]
    if shared["tokens"]:
        console.paragraph(
            f"{shared['share']:.0%} of a prompt is the same in all: providers that cache beginnings charge it less"
        )
    for name, cap in result["caps"].items():
        if cap is not None:
            console.paragraph(f"{name}: {cap:g}; the run stops before it would be exceeded")
    console.paragraph(f"hosts contacted: {', '.join(result['hosts']) or 'none'}")
    if control:
        console.paragraph(f"--control: as much again, {result['control']}")
    console.say("--probe makes the first records and says more")
    console.next_step(
        invocation.line("generate", *(["--control"] if control else []), "--probe", str(min(PROBED, result["count"])))
    )
    return 0


def show_probe(session: Session, number: int, *, as_json: bool, control: bool = False) -> int:
    """`--probe N`: makes the first N records of the run, kept in its cache, and projects the whole."""
    built = session.built
    if control:
        console.note("--control: the run itself is probed, its control will take as much again")
    options = built.recipe.options
    number = built.cut.end(min(number, options.count))
    traces, cached, planted = make_first(session, number, plant=True)
    attempts, concurrency = options.limits.attempts_per_record, options.limits.concurrency
    result = project(traces, count=options.count, attempts=attempts, concurrency=concurrency, timed=cached == 0)
    result |= {
        "run": str(session.folder.path),
        "count": options.count,
        "cached_calls": cached,
        "planted": planted,
        "hosts": contacted(built, session.options.environ),
        "simulated": built.simulated,
    }
    if as_json:
        console.emit_json(result)
        return 0
    _show_probe(result)
    console.say("the run does not pay for the calls above again")
    console.next_step(session.options.command)
    return 0


def _show_probe(result: Mapping[str, Any]) -> None:
    if result["simulated"]:
        console.say("simulated: the offline model writes these records; nothing is sent anywhere")
    made = f"{result['would_be_accepted']:,} of {result['probed']:,} first attempts would be kept"
    console.paragraph(f"{made}; {console.counted(result['calls'], 'call')}, {usd(result['cost_usd'])}")
    for name, counts in result["planted"].items():
        unknown = f", cannot tell of {counts['unknown']}" if counts["unknown"] else ""
        console.paragraph(
            f"{name} finds {counts['found']} of {counts['planted']} records that are bad on purpose{unknown}"
        )
    rows = [
        (
            name,
            item["attempts_a_record"],
            f"{item['calls']:,}",
            f"{sum(item['tokens'].values()):,}",
            usd(item["cost_usd"]),
            "not measured" if item["seconds"] is None else _time(item["seconds"]),
        )
        for name, item in result["projected"].items()
    ]
    console.table(
        f"all {result['count']:,} records", ("projected", "attempts a record", "calls", "tokens", "cost", "time"), rows
    )


@contextmanager
def _nothing_fetched() -> Iterator[None]:
    """The libraries of the hub read their local cache only."""
    before = {name: os.environ[name] for name in OFFLINE if name in os.environ}
    os.environ.update(dict.fromkeys(OFFLINE, "1"))
    try:
        yield
    finally:
        for name in OFFLINE:
            del os.environ[name]
        os.environ.update(before)


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 1 else "1 s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def make_first(session: Session, number: int, *, plant: bool = False) -> First:
    """The first slots, kept in the run's cache and counted by its folder; with `plant` known-bad records are checked.
    Returns traces, how many answers were cached, and what checks said of planted records.

    Closes the session. Raises `UsageError` for a folder of another recipe, `ProviderError` where no answer came.
    """
    session.folder.lock()
    try:
        refuse_other_recipe(session.folder.path, session.folder.state(), session.built.recipe.options.name)
        session.know_values()
        engine = LocalEngine()
        first = engine.run(lambda: _ask_first(session, engine, number, plant))
        if planted := first[2]:
            keep_found(session.folder.path, session.built.fingerprints["validate"], planted)
        return first
    except CallPending as pending:
        raise ProviderError(f"no answer: {pending}", hint=pending.hint or AGAIN) from pending
    finally:
        session.plants.close()
        session.close()


async def _ask_first(session: Session, engine: LocalEngine, number: int, plant: bool) -> First:
    async with session.ahead(engine) as client:
        unsafe = session.options.unsafe_exec
        traces = await preview(session.built, client, engine, number, unsafe_exec=unsafe)
        cached = client.totals.all.cached_calls
        kept = [(trace.slot, trace.last) for trace in traces if trace.last.rejection is None] if plant else []
        return traces, cached, await find_planted(session.built, client, engine, kept, unsafe_exec=unsafe)
