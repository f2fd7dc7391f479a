"""One record's whole history: its plan, and of every attempt what each stage made of it and what was asked for that."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from datagen_cli.core.chat import Usage
from datagen_cli.core.flow import ATTEMPTED
from datagen_cli.core.record import Record, Slot, unit_name
from datagen_cli.core.stored import StoredPairs
from datagen_cli.llm.cache import FILE, exchange
from datagen_cli.runs.lines import from_line
from datagen_cli.runs.reader import RunReader


@dataclass(frozen=True, slots=True)
class PastCall:
    """One call. `request` is the body that was sent and `reply` the text that came back, None where the call cache has
    them no more; both are of the record's own row where a call was for many rows at once."""

    digest: str
    role: str
    purpose: str
    model: str
    usage: Usage
    request: Mapping[str, Any] | None = None
    reply: str | None = None
    finish_reason: str = ""


@dataclass(frozen=True, slots=True)
class PastStage:
    """The record as a stage left it, and the calls made for that; `shared_by` records came of them."""

    stage: str
    record: Record
    calls: tuple[PastCall, ...] = ()
    shared_by: int = 1

    @property
    def cost_usd(self) -> float | None:
        """This record's share of what the calls cost; None where that is not known."""
        total = sum((call.usage for call in self.calls), Usage())
        return None if total.cost_usd is None else total.cost_usd / self.shared_by


@dataclass(frozen=True, slots=True)
class RecordHistory:
    """The planned slot, and by attempt its stages in order."""

    slot: Slot
    attempts: Mapping[int, tuple[PastStage, ...]]

    @property
    def cost_usd(self) -> float | None:
        """What all attempts cost; None where that is not known."""
        costs = [stage.cost_usd for stages in self.attempts.values() for stage in stages]
        return None if None in costs else sum(cost or 0.0 for cost in costs)


def read_history(reader: RunReader, index: int) -> RecordHistory | None:
    """The history of a slot; None where the plan has none of that index. Reads the call cache of the folder, too.

    Raises `UsageError` for a cache that no run made.
    """
    slot = next((_slot(line, index) for line in _of_slot(reader, "plan", index)), None)
    if slot is None:
        return None
    attempts: dict[int, dict[str, PastStage]] = {}
    for line in reader.lines("generate", b'"slot":%d,' % index):
        for record, calls, shared in _generated(line, index):
            attempts.setdefault(record.attempt, {})["generate"] = PastStage("generate", record, calls, shared)
    for stage in ATTEMPTED[1:]:
        for line in _of_slot(reader, stage, index):
            after = _record(line)
            if after is not None and after.slot == index and after.attempt in attempts:
                attempts[after.attempt][stage] = PastStage(stage, after, _calls(line))
    path = reader.folder / FILE
    with closing(StoredPairs(path)) if os.path.lexists(path) else nullcontext() as stored:
        told = {
            attempt: tuple(_with_replies(stages[stage], stored) for stage in ATTEMPTED if stage in stages)
            for attempt, stages in sorted(attempts.items())
        }
    return RecordHistory(slot, told)


def _of_slot(reader: RunReader, stage: str, index: int) -> Iterator[dict[str, Any]]:
    return reader.lines(stage, b'{"unit":"%06d.' % index)


def _slot(line: Mapping[str, Any], index: int) -> Slot:
    attributes = line.get("attributes")
    drawn = attributes if isinstance(attributes, dict) else {}
    return Slot(index, str(line.get("id")), line.get("label"), drawn, str(line.get("parent") or ""))


def _generated(line: Mapping[str, Any], index: int) -> Iterator[tuple[Record, tuple[PastCall, ...], int]]:
    """The records of a slot in a generation line, surplus ones left out."""
    items = line.get("records")
    items = items if isinstance(items, list) else []
    for item in items:
        record = _record(item)
        if record is None or record.slot != index:
            continue
        if record.rejection is None or record.rejection.reason != "surplus":
            yield record, _calls(line), len(items)


def _record(line: Any) -> Record | None:
    try:
        return from_line(line)
    except (KeyError, TypeError, AttributeError):
        return None


def _calls(line: Mapping[str, Any]) -> tuple[PastCall, ...]:
    rows = line.get("calls")
    found = []
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, list) and len(row) == 7:
            digest, role, purpose, model, *used = row
            found.append(PastCall(digest, role, purpose, model, Usage(*used)))
    return tuple(found)


def _with_replies(stage: PastStage, stored: StoredPairs | None) -> PastStage:
    """The stage with the prompts and replies that the call cache still has."""
    return replace(stage, calls=tuple(_with_reply(call, stage.record, stored) for call in stage.calls))


def _with_reply(call: PastCall, record: Record, stored: StoredPairs | None) -> PastCall:
    found = exchange(stored.get(call.digest)) if stored is not None else None
    if found is None:
        return call
    request, reply = found
    told = replace(call, request=request, reply=reply.text, finish_reason=reply.finish_reason)
    told = _of_row(told, record) if record.lineage else told
    return told if _can_be_shown(told.request or {}) else replace(told, request=None)


def _can_be_shown(request: Mapping[str, Any]) -> bool:
    """Whether the messages of a request are some: a folder may come from a stranger."""
    others = request.get("negatives", [])
    if not isinstance(others, list) or not all(isinstance(one, dict) and one.get("messages") for one in others):
        return False
    lists = [request.get("messages", []), *(one["messages"] for one in others)]
    return all(isinstance(some, list) and all(map(_is_message, some)) for some in lists)


def _is_message(message: Any) -> bool:
    return isinstance(message, dict) and {"role", "content"} <= set(message)


def _of_row(call: PastCall, record: Record) -> PastCall:
    """Of a call for a whole batch of groups: the prompt and the text of this record's row, and as `negatives` the
    prompts that it was steered away from (`cfg`)."""
    key = unit_name(record.slot, record.attempt)
    try:
        rows = (call.request or {})["group"]["rows"]
        place = next(place for place, row in enumerate(rows) if row["key"] == key)
        row = rows[place]
        request = {"messages": row["prompt"]["messages"], "completion": row["prompt"]["text"]}
        if row.get("negatives"):
            others = row["negatives"]
            request["negatives"] = [{"messages": other["messages"], "completion": other["text"]} for other in others]
    except (LookupError, TypeError, StopIteration, AttributeError):
        return call
    try:
        own = json.loads(call.reply or "")["rows"][place]
        return replace(call, request=request, reply=own["text"], finish_reason=own["finish"])
    except (ValueError, RecursionError, LookupError, TypeError):
        return replace(call, request=request)
