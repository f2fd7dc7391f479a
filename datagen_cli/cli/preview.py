"""`datagen preview`: the first slots of the real plan, what every stage did to each, and what it cost."""

from __future__ import annotations

import json
from typing import Any

from datagen_cli.cli import console
from datagen_cli.cli import options as given
from datagen_cli.cli.dry_run import make_first, show_estimate
from datagen_cli.cli.invocation import Invocation
from datagen_cli.cli.session import open_session
from datagen_cli.core.errors import UsageError
from datagen_cli.metrics.wording import usd
from datagen_cli.pipeline.preview import Trace

EXAMPLES = ("datagen preview quickstart", "datagen preview my.yaml -n 5 --model ollama/llama3.1")


def command(
    recipe: given.RecipeArgument,
    number: given.Number = 3,
    model: given.Model = None,
    seed: given.Seed = None,
    set_: given.Set = None,
    out: given.Out = None,
    cache: given.Cache = "run",
    dry_run: given.DryRun = False,
    max_cost: given.MaxCost = None,
    allow_host: given.AllowHost = None,
    json_: given.Json = False,
) -> int:
    """Run the first records and show what every stage did.

    They are the first slots of the real plan: the run does not pay for them again.
    """
    limits = {"max_cost": max_cost}
    invocation = Invocation(recipe, out, model or (), None, seed, set_ or (), limits, cache, allow_host or ())
    if dry_run:
        return show_estimate(invocation, as_json=json_, count=number)
    if number < 1:
        raise UsageError(f"-n: {number} records cannot be shown", hint="give 1 or more")
    session = open_session(invocation)
    built = session.built
    traces, _, _ = make_first(session, min(number, built.recipe.options.count))
    if json_:
        console.emit_json(
            {"run": str(session.folder.path), "simulated": built.simulated, "records": [_as_json(t) for t in traces]}
        )
        return 0
    if built.simulated:
        console.say("simulated: the offline model writes these records; nothing is sent anywhere")
    for trace in traces:
        _show(trace)
    console.say("the run does not pay for the calls above again")
    console.next_step(session.options.command)
    return 0


def _as_json(trace: Trace) -> dict[str, Any]:
    usage = trace.usage
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
        **({"parent": trace.slot.parent} if trace.slot.parent else {}),
        "stages": stages,
        "calls": len(trace.calls),
        "tokens": {"in": usage.tokens_in, "out": usage.tokens_out},
        "cost_usd": usage.cost_usd,
    }


def _show(trace: Trace) -> None:
    usage = trace.usage
    parent = {"for": trace.slot.parent} if trace.slot.parent else {}
    drawn = {**({"label": trace.slot.label} if trace.slot.label is not None else {}), **parent, **trace.slot.attributes}
    plan = ", ".join(f"{name} {value}" for name, value in drawn.items() if value is not None)
    console.line(console.painted_out(trace.slot.id, "1") + (f" · {plan}" if plan else ""))
    before: Any = None
    for stage, record in trace.stages:
        rejection = record.rejection
        verdicts = (
            ", ".join(f"{name} {verdict}" for name, verdict in record.verdicts.items()) if stage == "validate" else ""
        )
        outcome = f"rejected, {rejection.reason}: {rejection.detail}" if rejection else verdicts or "passed on"
        if stage == "dedup" and not rejection:
            outcome = "would be accepted"
        console.line(f"  {stage}: {outcome}")
        if record.fields and record.fields != before:
            for name, value in record.fields.items():
                console.line(
                    f"    {name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
                )
        before = record.fields
    tokens = f"{usage.tokens_in:,} + {usage.tokens_out:,} tokens"
    console.paragraph(f"  {console.counted(len(trace.calls), 'call')}, {tokens}, {usd(usage.cost_usd)}\n")
