"""`datagen bench --dry-run`: what every cell would take, and all of them together; nothing is sent or written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datagen_cli.bench.plan import Bench
from datagen_cli.cli import console
from datagen_cli.pipeline.estimate import contacted, estimate

ENDS = ("low", "high")


def show_estimate(bench: Bench, command: str, *, as_json: bool) -> int:
    """Prints the estimate of a bench that is ready to run; `command` runs it."""
    result = estimated(bench)
    if as_json:
        console.emit_json(result)
        return 0
    rows = [
        (
            cell["setting"],
            cell["generator"],
            f"{cell['cells']:,}",
            *_figures(cell),
        )
        for cell in result["cells"]
    ]
    total = ("all", "", f"{sum(cell['cells'] for cell in result['cells']):,}")
    rows.append((*total, *_figures(result)))
    console.table("nothing was sent", ("setting", "generator", "runs", "calls", "tokens", "cost"), rows)
    if result["judge_calls"]:
        console.paragraph(f"and at most {console.counted(result['judge_calls'], 'call')} to the judge")
    console.paragraph(f"hosts contacted: {', '.join(result['hosts']) or 'none'}")
    console.next_step(command)
    return 0


def estimated(bench: Bench) -> dict[str, Any]:
    """`{"cells", "calls", "tokens", "cost_usd", "judge_calls", "hosts", "settings"}`; a cost of None is not known."""
    found: list[dict[str, Any]] = []
    hosts: set[str] = set()
    for setting in bench.settings:
        for candidate in bench.candidates:
            cells = [cell for cell in bench.of(setting, candidate) if not candidate.dataset]
            if not cells:
                continue
            built = cells[0].build(bench.options, bench.way)
            one = next(
                item for item in estimate(built, bench.way.environ, bench.way.allow_hosts)["estimates"] if item["yours"]
            )
            hosts |= set(contacted(built, bench.way.environ))
            tokens = {end: sum(one["tokens"][end].values()) for end in ENDS}
            found.append(
                {
                    "setting": setting.name,
                    "generator": candidate.name,
                    "cells": len(cells),
                    **{
                        name: {end: _times(values[end], len(cells)) for end in ENDS}
                        for name, values in (("calls", one["calls"]), ("tokens", tokens), ("cost_usd", one["cost_usd"]))
                    },
                }
            )
    sums = {
        name: {end: _sum([cell[name][end] for cell in found]) for end in ENDS}
        for name in ("calls", "tokens", "cost_usd")
    }
    judged = 2 * bench.options.judged * sum(cell["cells"] for cell in found) if bench.judge else 0
    return {"settings": bench.digest, "cells": found, **sums, "judge_calls": 2 * judged, "hosts": sorted(hosts)}


def _times(value: float | None, by: int) -> float | None:
    return None if value is None else value * by


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _figures(found: Mapping[str, Any]) -> tuple[str, str, str]:
    """Calls, tokens and cost as they are shown."""
    calls, tokens = (console.span(found[name], "{:,.0f}".format) for name in ("calls", "tokens"))
    return calls, tokens, console.span(found["cost_usd"], console.money)
