"""The first units of the real plan through every stage, kept in the call cache only: the run does not pay again; and
from these first records to the whole run: attempts, calls, tokens, cost and time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from datagen_cli.core.chat import Usage
from datagen_cli.core.errors import CallPending, CallRefused
from datagen_cli.core.record import Call, Record, Rejection, Slot
from datagen_cli.llm.client import Client
from datagen_cli.metrics.intervals import share_interval
from datagen_cli.pipeline.build import Built
from datagen_cli.pipeline.context import UnitContext
from datagen_cli.pipeline.dedup_reference import BatchEmbedder
from datagen_cli.pipeline.engines.local import LocalEngine

T = TypeVar("T")
Z = 1.64
"""Of a 90 % interval."""


@dataclass(slots=True)
class Trace:
    """What happened to one slot: the record as each stage left it, the calls that were made for it (by its whole batch
    where several records came of one), and for how long it was under way."""

    slot: Slot
    stages: list[tuple[str, Record]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def usage(self) -> Usage:
        """Tokens and cost of its calls."""
        return sum((Usage(call.tokens_in, call.tokens_out, call.cost_usd) for call in self.calls), Usage())

    @property
    def last(self) -> Record:
        """The record as the last stage left it."""
        return self.stages[-1][1]


async def preview(
    built: Built, client: Client, engine: LocalEngine, number: int, *, unsafe_exec: bool = False
) -> list[Trace]:
    """Traces of the first `number` slots, first attempts only. What waits while others get through (a request that was
    refused before any was answered) is asked once more. Raises `CallPending` when a model does not answer."""
    cut = built.cut
    planned = list(built.slots(cut.end(number)))
    seen: set[str] = set()

    async def follow(start: int, *, last: bool = False) -> list[Trace]:
        unit = built.unit(planned[start : start + cut.width(start)], 1)
        context = UnitContext(client, engine.run_blocking, unit.first, 1, seen)
        began = asyncio.get_running_loop().time()

        def none(why: Rejection) -> list[Record]:
            return [Record(slot.index, 1, {}, rejection=why) for slot in unit.slots]

        records = await _tried("generate", built.generate.run(unit, context), none, last=last)
        asked = asyncio.get_running_loop().time() - began
        found = []
        for slot, record in zip(unit.slots, records, strict=False):
            began = asyncio.get_running_loop().time()
            trace = Trace(slot, [("generate", record)], list(context.calls))
            own = UnitContext(client, engine.run_blocking, slot.index, 1, seen, unsafe_exec=unsafe_exec)
            for stage, step in built.steps:
                if trace.last.rejection is None:
                    work = step(trace.last, slot, unit, own)
                    trace.stages.append((stage, await _tried(stage, work, trace.last.rejected, last=last)))
            trace.calls += own.calls
            trace.seconds = asked / len(unit.slots) + asyncio.get_running_loop().time() - began
            found.append(trace)
        return found

    results = await asyncio.gather(*(follow(start) for start in cut.starts(number)), return_exceptions=True)
    waiting = [place for place, result in enumerate(results) if isinstance(result, CallPending)]
    if waiting and all(isinstance(result, list | CallPending) for result in results) and len(waiting) < len(results):
        starts = list(cut.starts(number))
        again = (follow(starts[place], last=True) for place in waiting)
        for place, result in zip(waiting, await asyncio.gather(*again, return_exceptions=True), strict=True):
            results[place] = result
    failed = [result for result in results if isinstance(result, BaseException)]
    if failed:  # what ended the calls, before those that only ended with it
        raise next((error for error in failed if not isinstance(error, CallPending)), failed[0])
    traces = [trace for result in results if not isinstance(result, BaseException) for trace in result]
    judge = built.dedup()
    desk = BatchEmbedder(built.comparison, engine.run_blocking, judge)
    await desk.prepare([trace.last for trace in traces[:number]])
    for trace in traces[:number]:
        if trace.last.rejection is None:
            trace.stages.append(("dedup", judge.judge(trace.last, desk.take(trace.last)).record))
    return traces[:number]


def project(traces: Sequence[Trace], *, count: int, attempts: int, concurrency: int, timed: bool) -> dict[str, Any]:
    """The projection of `count` records from the traces of some, each with `attempts` at most.

    `low` and `high` come from a 90 % interval of the share that is kept. Time is None when answers came from the cache.
    """
    kept = sum(trace.last.rejection is None for trace in traces)
    calls = {call.digest: call for trace in traces for call in trace.calls}
    used = sum((Usage(call.tokens_in, call.tokens_out, call.cost_usd) for call in calls.values()), Usage())
    seconds = sum(trace.seconds for trace in traces)
    low, high = share_interval(kept, len(traces), z=Z) or (0.0, 1.0)
    shares = {"low": high, "expected": max(kept / len(traces), low), "high": low}

    def at(share: float) -> dict[str, Any]:
        tries = min(1.0 / share, float(attempts)) if share else float(attempts)
        factor = count * tries / len(traces)
        return {
            "attempts_a_record": round(tries, 3),
            "calls": math.ceil(factor * len(calls)),
            "tokens": {"in": math.ceil(factor * used.tokens_in), "out": math.ceil(factor * used.tokens_out)},
            "cost_usd": None if used.cost_usd is None else round(factor * used.cost_usd, 6),
            "seconds": round(factor * seconds / min(concurrency, count), 3) if timed else None,
        }

    return {
        "probed": len(traces),
        "would_be_accepted": kept,
        "calls": len(calls),
        "tokens": {"in": used.tokens_in, "out": used.tokens_out},
        "cost_usd": used.cost_usd,
        "projected": {name: at(share) for name, share in shares.items()},
    }


async def _tried(stage: str, work: Awaitable[T], rejected: Callable[[Rejection], T], *, last: bool) -> T:
    """What comes of a piece of work, or a rejection for a request that was refused, or for a prompt that always fails
    while others are answered or is asked for the `last` time. Raises what is pending for any other reason."""
    try:
        return await work
    except CallRefused as refused:
        return rejected(Rejection(stage, "bad_request", str(refused)))
    except CallPending as pending:
        if not (pending.no_reply or last):
            raise
        return rejected(Rejection(stage, "no_reply", str(pending)))
