"""`datagen status`: state, counts, checks and cost of a run."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datagen_cli.cli import console
from datagen_cli.cli import options as given
from datagen_cli.cli.run_folder import resuming, say_damage
from datagen_cli.metrics.wording import duration, usd
from datagen_cli.runs.card import module_head, module_rows, outcomes
from datagen_cli.runs.reader import RunReader

EXAMPLES = ("datagen status runs/quickstart", "datagen status runs/quickstart --json")
COVERED = 60
"""Rows of the table of coverage that are shown; `--json` has all."""


def command(run: given.RunArgument, json_: given.Json = False) -> int:
    """Counts, cost and state of a run."""
    reader = RunReader(Path(run))
    state = reader.summary()
    say_damage(reader)
    changed = reader.changed()
    if changed:
        console.say(
            f"changed or missing since the run: {', '.join(changed)}; the run's command restores it without a call"
        )
    if json_:
        console.emit_json(state)
        return 0
    _show(state)
    if state["state"] == "running":
        console.next_step(f"datagen status {shlex.quote(run)}")
    elif state["state"] == "done" and not changed:
        console.next_step(f"datagen show {shlex.quote(run)}")
    elif state["state"] == "short":
        console.next_step(f"datagen show {shlex.quote(run)} --rejected --by reason")
    else:
        console.next_step(resuming(state.get("resume_command"), run))
    return 0


def _show(state: dict[str, Any]) -> None:
    recipe = state["recipe"]
    console.line(f"{recipe['name']} · {state['state']}" + (f": {state['reason']}" if state.get("reason") else ""))
    console.line(
        f"  accepted   {state['accepted']:,} of {state['count']:,}"
        + (" · simulated (offline model)" if state["simulated"] else "")
    )
    lost = sum_calls(state, "lost")
    without = f" and {lost:,} without an answer" if lost else ""
    last, whole = state["this_run"], state["all_runs"]
    console.line(f"  calls      {_calls(whole, f' in all{without}')}{_of_last(last, whole, 'calls', _calls)}")
    cost = state.get("cost", {})
    per_record = cost.get("per_accepted")
    paid = _of_last(last, whole, "cost_usd", lambda took: usd(took["cost_usd"]))
    each = f", {usd(per_record)} an accepted record" if per_record else ""
    console.line(f"  cost       {usd(whole['cost_usd'])}{paid}{each}")
    if state["cost_usd"]:
        shares = [f"{name} {usd(share)}" for name, share in cost.get("by_stage", {}).items()]
        roles = [f"{name} {usd(share)}" for name, share in cost.get("by_role", {}).items()]
        console.line(f"             by stage: {', '.join(shares)}; by role: {', '.join(roles)}")
    lasted = _of_last(last, whole, "seconds", lambda took: duration(took["seconds"]))
    console.line(f"  time       {duration(whole['seconds'])}{lasted}")
    console.line(f"  dataset    {state.get('dataset') or 'none yet'}")
    if state.get("rejected"):
        console.table("\nnot kept", ("reason", "attempts"), [(name, f"{n:,}") for name, n in state["rejected"].items()])
    checks = [
        (name, outcomes(found["before"]), outcomes(found["after"])) for name, found in state.get("checks", {}).items()
    ]
    if checks:
        console.table("\nchecks", ("check", "first verdict of every attempt", "accepted records"), checks)
    parts = [(name, *cells) for name, cells in module_rows(state.get("modules", {}))]
    if parts:
        head = module_head(simulated=state["simulated"])
        work = len(module_head(simulated=False))
        console.table("\nwhat each part did", head[:work], [row[:work] for row in parts])
        if found := [(row[0], *row[work:]) for row in parts if set(row[work : len(head)]) - {"–"}]:
            console.table("\nwhat it found of planted faults", ("part", *head[work:]), found)
    for name, told in state.get("shift", {}).get("operators", {}).items():
        rate = told.get("pass_rate")
        measured = f"; pass rate of the solver {rate['before']:.2f} before, {rate['after']:.2f} after" if rate else ""
        console.line(f"  harder     {name}: {told['harder']:,} of {told['tried']:,}{measured}")
    covered = [
        (name, value, f"{counts['planned']:,}", f"{counts['accepted']:,}")
        for name, values in state.get("coverage", {}).items()
        for value, counts in values.items()
    ]
    if covered:
        console.table("\ncoverage", ("attribute", "value", "planned", "accepted"), covered[:COVERED])
    spent = [
        (
            role,
            purpose,
            *(f"{counts[what]:,}" for what in ("calls", "tokens_in", "tokens_out")),
            usd(counts["cost_usd"]),
        )
        for role, purposes in state.get("spent", {}).items()
        for purpose, counts in purposes.items()
    ]
    if spent:
        console.table("\nspent", ("role", "for", "calls", "tokens in", "tokens out", "cost"), spent)
    for slot in state.get("failed_slots", [])[:10]:
        console.line(f"  short: {slot['id']}: {slot['reason'][:200]}")


def _of_last(last: dict[str, Any], whole: dict[str, Any], what: str, told: Callable[[dict[str, Any]], str]) -> str:
    """What the last run took, where runs before it took a part of the whole; empty for the only one."""
    return "" if last[what] == whole[what] else f"; the last run {told(last)}"


def _calls(took: dict[str, Any], more: str = "") -> str:
    tokens = took["tokens"]
    return f"{took['calls']:,}{more}, {tokens['in']:,} tokens in, {tokens['out']:,} out"


def sum_calls(state: dict[str, Any], kind: str = "calls") -> int:
    """Calls paid in the folder, across resumes; those that are lost are booked at what they may have used."""
    return sum(counts.get(kind, 0) for purposes in state.get("spent", {}).values() for counts in purposes.values())
