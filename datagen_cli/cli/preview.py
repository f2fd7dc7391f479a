"""`datagen preview`: the first slots of the real plan, what every stage did to each, and what it cost."""

from __future__ import annotations

import json
from typing import Any

from datagen_cli.cli import console
from datagen_cli.cli.generate import Flags, open_session, resume_command
from datagen_cli.core.chat import Usage
from datagen_cli.core.errors import CallPending, ProviderError, UsageError
from datagen_cli.llm.cache import open_cache
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.pipeline.preview import Trace, preview
from datagen_cli.pipeline.session import Session
from datagen_cli.runs.spending import add_spending


def run(flags: Flags, number: int) -> int:
    """Runs the command. Returns the exit code."""
    if number < 1:
        raise UsageError(f"-n: {number} records cannot be shown", hint="give 1 or more")
    session, built = open_session(flags)
    traces, _ = make_first(session, min(number, built.recipe.options.count))
    if flags.as_json:
        console.emit_json(
            {"run": str(session.folder.path), "simulated": built.simulated, "records": [_as_json(t) for t in traces]}
        )
        return 0
    if built.simulated:
        console.say("simulated: the offline model writes these records; nothing is sent anywhere")
    for trace in traces:
        _show(trace)
    console.say("the run does not pay for the calls above again")
    console.next_step(resume_command(flags))
    return 0


def make_first(session: Session, number: int) -> tuple[list[Trace], int]:
    """Traces of the first slots, kept in the run's cache and counted by its folder; how many answers were cached.

    Closes the session. Raises `UsageError` for a folder of another recipe, `ProviderError` where no answer came.
    """
    session.folder.lock()
    try:
        session.refuse_other_recipe(session.folder.state())
        engine = LocalEngine()
        return engine.run(lambda: _ask_first(session, engine, number))
    except CallPending as pending:
        raise ProviderError(f"no answer: {pending}", hint="try again later; what was answered is kept") from pending
    finally:
        session.plants.close()
        session.close()


async def _ask_first(session: Session, engine: LocalEngine, number: int) -> tuple[list[Trace], int]:
    ledger = session.open_ledger(session.folder.state())
    cache = open_cache(session.options.cache, session.folder.path)
    client = session.connect(cache)
    try:
        unsafe = session.options.unsafe_exec
        traces = await preview(session.built, client, engine, number, unsafe_exec=unsafe)
        return traces, client.totals.cached_calls
    finally:
        await client.close()
        if cache is not None:
            cache.close()
        spent = add_spending(ledger.before, client.totals.as_dict())
        ledger.close(spent)
        session.add_to_spent(spent)


def _usage(trace: Trace) -> Usage:
    total = Usage()
    for call in trace.calls:
        total = total + Usage(call.tokens_in, call.tokens_out, call.cost_usd)
    return total


def _as_json(trace: Trace) -> dict[str, Any]:
    usage = _usage(trace)
    stages = [
        {
            "stage": stage,
            "fields": dict(record.fields),
            "verdicts": dict(record.verdicts),
            "rejected": record.rejection.reason if record.rejection else None,
            "detail": record.rejection.detail if record.rejection else None,
        }
        for stage, record in trace.stages
    ]
    return {
        "id": trace.slot.id,
        "label": trace.slot.label,
        "attributes": dict(trace.slot.attributes),
        "stages": stages,
        "calls": len(trace.calls),
        "tokens": {"in": usage.tokens_in, "out": usage.tokens_out},
        "cost_usd": usage.cost_usd,
    }


def _show(trace: Trace) -> None:
    usage = _usage(trace)
    drawn = {**({"label": trace.slot.label} if trace.slot.label is not None else {}), **trace.slot.attributes}
    plan = ", ".join(f"{name} {value}" for name, value in drawn.items() if value is not None)
    console.out(console.painted_out(trace.slot.id, "1") + (f" · {plan}" if plan else ""))
    before: Any = None
    for stage, record in trace.stages:
        rejection = record.rejection
        verdicts = (
            ", ".join(f"{name} {verdict}" for name, verdict in record.verdicts.items()) if stage == "validate" else ""
        )
        outcome = f"rejected, {rejection.reason}: {rejection.detail}" if rejection else verdicts or "passed on"
        if stage == "dedup" and not rejection:
            outcome = "would be accepted"
        console.out(f"  {stage}: {outcome}")
        if record.fields and record.fields != before:
            for name, value in record.fields.items():
                console.out(f"    {name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")
        before = record.fields
    tokens = f"{usage.tokens_in:,} + {usage.tokens_out:,} tokens"
    console.out(f"  {console.counted(len(trace.calls), 'call')}, {tokens}, {console.money(usage.cost_usd)}\n")
