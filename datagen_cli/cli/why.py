"""`datagen why`: one record's whole history, from the plan to the last verdict, with what every call cost."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from datagen_cli.cli import console
from datagen_cli.cli import options as given
from datagen_cli.cli.run_folder import say_damage
from datagen_cli.core.errors import UsageError
from datagen_cli.metrics.wording import usd
from datagen_cli.runs.history import PastCall, PastStage, RecordHistory, read_history
from datagen_cli.runs.lines import to_line
from datagen_cli.runs.reader import RunReader

EXAMPLES = (
    "datagen why runs/quickstart 5a1f3c-000012",
    "datagen why runs/quickstart 12 --full",
    "datagen why runs/quickstart 12 --json",
)
HEAD = 5
"""Lines of a message of a prompt that are shown without `--full`, where it has at least two more."""


def command(
    run: given.RunArgument,
    id_: Annotated[str, given.argument("ID", "A record's id, or its number.")],
    full: Annotated[
        bool, given.option(None, "", "Every prompt whole, also one that was sent before.", "--full")
    ] = False,
    json_: given.Json = False,
) -> int:
    """Tell one record's whole history.

    Plan, examples, prompts, replies, verdicts, evidence and cost of every attempt. A prompt is shown once, and its
    messages by their first lines (--full: all of it, as in --json).
    """
    reader = RunReader(Path(run))
    if reader.document.get("pruned"):
        raise UsageError(f"{run} was pruned: the histories of its records are gone", hint=f"datagen show {run}")
    found = re.fullmatch(r"(?:([0-9a-f]{6})-)?(\d{1,12})(?:\.(\d+))?", id_)
    if found is None:
        raise UsageError(
            f"{id_!r} is not an id of a record", hint="ids look like a1b2c3-000012, later attempts like a1b2c3-000012.2"
        )
    slot, only = int(found[2]), int(found[3]) if found[3] else None
    history = read_history(reader, slot)
    if history is None:
        raise UsageError(f"there is no record {id_} in this run", hint=f"datagen show {run} lists some")
    if found[1] and not history.slot.id.startswith(found[1]):
        raise UsageError(f"{id_} belongs to another run", hint=f"ids of this run begin with {history.slot.id[:6]}")
    if only is not None:
        history = replace(history, attempts={key: told for key, told in history.attempts.items() if key == only})
        if not history.attempts:
            raise UsageError(
                f"slot {slot} had no attempt {only}", hint=f"datagen why {run} {history.slot.id} shows all"
            )
    say_damage(reader)
    if json_:
        console.emit_json(as_json_object(history))
    else:
        _show(history, ShownPrompts(full))
        console.next_step(f"datagen show {shlex.quote(run)} --rejected --by reason")
    return 0


def as_json_object(history: RecordHistory) -> dict[str, Any]:
    """`{"plan": {"id", "label", "attributes"[, "parent"]}, "attempts": {n: {stage: record and calls}}, "cost_usd"}`."""
    slot = history.slot
    attempts = {
        attempt: {
            told.stage: {
                **to_line(told.record),
                "calls": [_call(call) for call in told.calls],
                **({"shared_by": told.shared_by} if told.stage == "generate" else {}),
            }
            for told in stages
        }
        for attempt, stages in history.attempts.items()
    }
    parent = {"parent": slot.parent} if slot.parent else {}
    plan = {"id": slot.id, "label": slot.label, "attributes": dict(slot.attributes), **parent}
    return {"plan": plan, "attempts": attempts, "cost_usd": history.cost_usd}


def _call(call: PastCall) -> dict[str, Any]:
    tokens = {"in": call.usage.tokens_in, "out": call.usage.tokens_out}
    found: dict[str, Any] = {"role": call.role, "purpose": call.purpose, "model": call.model, "tokens": tokens}
    found["cost_usd"] = call.usage.cost_usd
    if call.request is None:
        return found
    shown = ("messages", "completion", "negatives", "group")
    found |= {name: call.request[name] for name in shown if name in call.request}
    return {**found, "reply": call.reply, "finish_reason": call.finish_reason}


class ShownPrompts:
    """What has been shown of the prompts of a history, so that nothing is shown twice unless `full`."""

    def __init__(self, full: bool) -> None:
        self.full = full
        self._shown: set[str] = set()

    def lines(self, request: Mapping[str, Any]) -> list[str]:
        """The prompt of a call, for people."""
        parts = [(f"[{message['role']}]", str(message["content"])) for message in request.get("messages", [])]
        if "completion" in request:
            parts.append(("[or, for a model without a chat template]", str(request["completion"])))
        for other in request.get("negatives", ()):
            parts.append(("[steered away from]", str(other["messages"][-1]["content"])))
        if not self.full and parts and all(text in self._shown for _, text in parts):
            return ["(the prompt is one of those above)"]
        return [f"{head} {self._part(text)}" for head, text in parts]

    def _part(self, text: str) -> str:
        again = text in self._shown
        self._shown.add(text)
        lines = text.rstrip().splitlines()
        if self.full or len(lines) < 2:
            return text
        if again:
            return "(as above)"
        return (
            "\n".join([*lines[:HEAD], f"… {len(lines) - HEAD} more lines: --full"]) if len(lines) > HEAD + 1 else text
        )


def _show(history: RecordHistory, prompts: ShownPrompts) -> None:
    slot = history.slot
    console.line(console.painted_out(slot.id, "1"))
    if slot.label is not None:
        console.line(f"  label: {slot.label}")
    if slot.parent:
        console.line(f"  written for {slot.parent} of the base")
    for name, value in slot.attributes.items():
        console.line(f"  {name}: {value if value is not None else '–'}")
    for attempt, stages in history.attempts.items():
        console.paragraph(f"\n{console.painted_out(f'attempt {attempt}', '1')}")
        generated = stages[0].record
        if generated.examples:
            console.line(f"  examples: {', '.join(generated.examples)}")
        if generated.lineage:
            console.line("  " + ", ".join(f"{name} {value}" for name, value in generated.lineage.items()))
        for told in stages:
            _show_stage(told, prompts)
    if not history.attempts:
        console.line("  not generated yet")


def _show_stage(told: PastStage, prompts: ShownPrompts) -> None:
    record, rejection = told.record, told.record.rejection
    outcome = f"rejected, {rejection.reason}: {rejection.detail}" if rejection else "passed on"
    if told.stage in ("dedup", "review") and not rejection:
        outcome = "accepted" if told.stage == "dedup" else "edited by a person"
    console.line(f"  {told.stage}: {outcome}")
    for call in told.calls:
        _show_call(call, told.shared_by, prompts)
    for name, verdict in record.verdicts.items() if told.stage == "validate" else ():
        before = f" (before the fix: {record.first_verdicts[name]})" if name in record.first_verdicts else ""
        note = record.notes.get(name)
        console.line(f"    {name}: {verdict}{before}" + (f": {note}" if note else ""))
        _show_evidence(record.evidence.get(name, {}))
    for change in record.changes if told.stage == "validate" else ():
        old = json.dumps(change["before"], ensure_ascii=False)
        console.paragraph(_indented(f"mended by {change['by']}; before: {old}"))
        _show_evidence(change.get("evidence", {}))
    if told.stage == "enhance" and "operator" in record.lineage:
        made = record.lineage
        harder = f"harder; before: {json.dumps(made.get('before'), ensure_ascii=False)}"
        console.paragraph(_indented(f"{made['operator']}: {harder if made.get('harder') else made.get('why_not')}"))
    if told.stage in ("generate", "dedup", "review") and record.fields:
        console.paragraph(_indented(json.dumps(dict(record.fields), ensure_ascii=False)))
    if rejection and rejection.repeats:
        console.line(f"    repeats {rejection.repeats}: {json.dumps(rejection.evidence, ensure_ascii=False)}")


def _show_evidence(evidence: Mapping[str, Any]) -> None:
    """What a check based its verdict on, a line a kind."""
    for kind, found in evidence.items():
        if kind == "calls":  # their replies are shown above
            continue
        console.paragraph(
            _indented(f"{kind}: {found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)}")
        )


def _show_call(call: PastCall, shared_by: int, prompts: ShownPrompts) -> None:
    shared = f", shared by {shared_by} records" if shared_by > 1 else ""
    used = f"{call.usage.tokens_in} + {call.usage.tokens_out} tokens, {usd(call.usage.cost_usd)}{shared}"
    console.line(f"    {call.purpose} by {call.model}: {used}")
    for text in prompts.lines(call.request or {}):
        console.paragraph(_indented(text))
    if call.reply is not None:
        console.paragraph(_indented(f"[reply, {call.finish_reason}] {call.reply}"))
    else:
        console.line("      (prompt and reply are no longer in the call cache)")


def _indented(text: str) -> str:
    return "\n".join(f"      {line}" for line in text.rstrip().splitlines())
