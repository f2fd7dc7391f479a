"""`datagen why`: one record's whole history, from the plan to the last verdict, with what every call cost."""

from __future__ import annotations

import json
import re
import shlex
from typing import Annotated, Any

import typer

from datagen_cli.cli import console
from datagen_cli.cli import options as given
from datagen_cli.cli.run_folder import open_run
from datagen_cli.core.errors import UsageError
from datagen_cli.core.record import unit_name
from datagen_cli.core.stored import StoredPairs
from datagen_cli.core.system import read_own
from datagen_cli.llm.cache import FILE, exchange
from datagen_cli.runs.folder import RunFolder

EXAMPLES = ("datagen why runs/quickstart 5a1f3c-000012", "datagen why runs/quickstart 12 --json")


def command(
    run: given.RunArgument,
    id_: Annotated[str, typer.Argument(metavar="ID", help="A record's id, or its number.")],
    json_: given.Json = False,
) -> int:
    """Tell one record's whole history.

    Plan, examples, prompts, replies, verdicts, evidence and cost of every attempt.
    """
    folder, _ = open_run(run)
    if folder.state().get("pruned"):
        raise UsageError(f"{run} was pruned: the histories of its records are gone", hint=f"datagen show {run}")
    found = re.fullmatch(r"(?:([0-9a-f]{6})-)?(\d{1,12})(?:\.(\d+))?", id_)
    if found is None:
        raise UsageError(
            f"{id_!r} is not an id of a record", hint="ids look like a1b2c3-000012, later attempts like a1b2c3-000012.2"
        )
    slot, only = int(found[2]), int(found[3]) if found[3] else None
    history = collect(folder, slot)
    if not history["plan"]:
        raise UsageError(f"there is no record {id_} in this run", hint=f"datagen show {run} lists some")
    if found[1] and not history["plan"]["id"].startswith(found[1]):
        raise UsageError(
            f"{id_} belongs to another run", hint=f"ids of this run begin with {history['plan']['id'][:6]}"
        )
    if only is not None:
        history["attempts"] = {key: value for key, value in history["attempts"].items() if key == only}
        if not history["attempts"]:
            raise UsageError(
                f"slot {slot} had no attempt {only}", hint=f"datagen why {run} {history['plan']['id']} shows all"
            )
    _add_calls(folder, history)
    if json_:
        console.emit_json(history)
    else:
        _show(history)
        console.next_step(f"datagen show {shlex.quote(run)} --rejected --by reason")
    return 0


def collect(folder: RunFolder, slot: int) -> dict[str, Any]:
    """Plan and checkpoint lines of one slot: `{"plan": {...}, "attempts": {n: {stage: line}}}`; later lines win."""
    plan: dict[str, Any] = {}
    for line in _lines(folder, "plan"):
        if line.get("unit") == f"{slot:06d}.1":
            plan = line
            break
    attempts: dict[int, dict[str, Any]] = {}
    for line in _lines(folder, "generate"):
        records = line.get("records") or []
        for record in records:
            if record["slot"] == slot and (record.get("rejection") or {}).get("reason") != "surplus":
                shared = {"calls": line.get("calls", []), "shared_by": len(records)}
                attempts.setdefault(record["attempt"], {})["generate"] = {**record, **shared}
    for stage in ("validate", "enhance", "dedup"):
        for line in _lines(folder, stage):
            if line.get("slot") == slot and line["attempt"] in attempts:
                attempts[line["attempt"]][stage] = line
    return {"plan": plan, "attempts": dict(sorted(attempts.items()))}


def _lines(folder: RunFolder, stage: str) -> Any:
    """Whole lines of a checkpoint; a torn one at the end of a running stage is left out."""
    path = folder.checkpoint_path(stage)
    if not path.exists():
        return
    with read_own(path) as file:
        next(file, None)
        for line in file:
            try:
                yield json.loads(line)
            except ValueError:
                continue


def _add_calls(folder: RunFolder, history: dict[str, Any]) -> None:
    """Prompts and replies from the call cache, where it still has them."""
    path = folder.file(FILE)
    cache = StoredPairs(path) if path.exists() else None
    try:
        for stages in history["attempts"].values():
            for line in stages.values():
                calls = [_call(cache, row) for row in line.get("calls", [])]
                line["calls"] = [_of_row(call, line) if "lineage" in line else call for call in calls]
    finally:
        if cache is not None:
            cache.close()


def _call(cache: StoredPairs | None, row: list[Any]) -> dict[str, Any]:
    digest, role, purpose, model, tokens_in, tokens_out, cost = row
    call = {
        "role": role,
        "purpose": purpose,
        "model": model,
        "tokens": {"in": tokens_in, "out": tokens_out},
        "cost_usd": cost,
    }
    stored = exchange(cache.get(str(digest))) if cache is not None else None
    if stored is not None:
        request, reply = stored
        call["messages"] = request.get("messages", [])
        if "group" in request:
            call["group"] = request["group"]
        call["reply"] = reply.text
        call["finish_reason"] = reply.finish_reason
    return call


def _of_row(call: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
    """Of a call for a whole batch of groups: the prompt and the text of this record's row, and under `negatives` the
    prompts that it was steered away from (`cfg`)."""
    group = call.pop("group", None)
    if group is None:
        return call
    key = unit_name(line["slot"], line["attempt"])
    place = next((place for place, row in enumerate(group["rows"]) if row["key"] == key), None)
    if place is None:
        return call
    row = group["rows"][place]
    call["messages"], call["completion"] = row["prompt"]["messages"], row["prompt"]["text"]
    if row.get("negatives"):
        call["negatives"] = [{"messages": other["messages"], "completion": other["text"]} for other in row["negatives"]]
    try:
        own = json.loads(call["reply"])["rows"][place]
        call["reply"], call["finish_reason"] = own["text"], own["finish"]
    except (ValueError, LookupError, TypeError):
        pass
    return call


def _show(history: dict[str, Any]) -> None:
    plan = history["plan"]
    console.out(console.painted_out(plan["id"], "1"))
    if plan.get("label") is not None:
        console.out(f"  label: {plan['label']}")
    for name, value in plan.get("attributes", {}).items():
        console.out(f"  {name}: {value if value is not None else '–'}")
    for attempt, stages in history["attempts"].items():
        console.out(f"\n{console.painted_out(f'attempt {attempt}', '1')}")
        examples = stages["generate"].get("examples")
        if examples:
            console.out(f"  examples: {', '.join(examples)}")
        lineage = stages["generate"].get("lineage")
        if lineage:
            console.out("  " + ", ".join(f"{name} {value}" for name, value in lineage.items()))
        for stage, line in stages.items():
            _show_stage(stage, line)
    if not history["attempts"]:
        console.out("  not generated yet")


def _show_stage(stage: str, line: dict[str, Any]) -> None:
    rejection = line.get("rejection")
    outcome = f"rejected, {rejection['reason']}: {rejection.get('detail', '')}" if rejection else "passed on"
    if stage == "dedup" and not rejection:
        outcome = "accepted"
    console.out(f"  {stage}: {outcome}")
    for call in line.get("calls", []):
        shared = f", shared by {line['shared_by']} records" if line.get("shared_by", 1) > 1 else ""
        tokens = call["tokens"]
        used = f"{tokens['in']} + {tokens['out']} tokens, {console.money(call['cost_usd'])}{shared}"
        console.out(f"    {call['purpose']} by {call['model']}: {used}")
        for message in call.get("messages", []):
            console.out(_indented(f"[{message['role']}] {message['content']}"))
        if "completion" in call:
            console.out(_indented(f"[or, for a model without a chat template] {call['completion']}"))
        for other in call.get("negatives", ()):
            console.out(_indented(f"[steered away from] {other['messages'][-1]['content']}"))
        if "reply" in call:
            console.out(_indented(f"[reply, {call['finish_reason']}] {call['reply']}"))
        else:
            console.out("      (prompt and reply are no longer in the call cache)")
    first = line.get("first_verdicts", {})
    for name, verdict in line.get("verdicts", {}).items() if stage == "validate" else ():
        before = f" (before the fix: {first[name]})" if name in first else ""
        note = line.get("notes", {}).get(name)
        console.out(f"    {name}: {verdict}{before}" + (f": {note}" if note else ""))
    if stage in ("generate", "dedup") and line.get("fields"):
        console.out(_indented(json.dumps(line["fields"], ensure_ascii=False)))
    if rejection and rejection.get("repeats"):
        console.out(f"    repeats {rejection['repeats']}: {json.dumps(rejection.get('evidence'), ensure_ascii=False)}")


def _indented(text: str) -> str:
    return "\n".join(f"      {line}" for line in text.rstrip().splitlines())
