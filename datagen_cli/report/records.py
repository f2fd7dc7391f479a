"""The records of a dataset as the page's script reads them: what each says, and what happened to it on its way.

Of a run the rows are its accepted records and the attempts that were turned away, a refused one standing under the
same slot as what replaced it. A run that is going on is read from its checkpoints. Texts are cut so that a page of
2,000 records stays below 5 MB; `datagen why` has all of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from datagen_cli.core.errors import DataError
from datagen_cli.core.flow import ATTEMPTED
from datagen_cli.runs.reader import RunReader

MOST_ROWS = 20_000
MOST_REFUSED = 5_000
CHARACTERS = 3_000_000
LEAST, LONGEST = 600, 20_000
"""Characters of one record that a page holds, for many records and for few."""
NOTE = 300
APART = ("id", "attributes", "verdicts", "simulated")
WHY = ("stage", "reason", "detail", "repeats")
MARKS = {"pass": "p", "fail": "f", "unknown": "u"}


@dataclass(slots=True)
class Refused:
    """How often a stage turned attempts away for a reason, and the first such attempt in words."""

    stage: str
    reason: str
    count: int = 0
    detail: str = ""
    text: str = ""


@dataclass(slots=True)
class Records:
    """The table of a page. `rows` are objects with short keys, see `page.js`; `total` counts what there is."""

    fields: list[str]
    label: str | None
    checks: list[str]
    attributes: list[str]
    rows: list[dict[str, Any]]
    total: int
    accepted: int
    refused: list[Refused] = field(default_factory=list)
    refused_total: int = 0
    of_run: bool = False

    def island(self) -> dict[str, Any]:
        """What the script is given."""
        names = ("fields", "label", "checks", "attributes", "rows", "total", "accepted", "refused_total", "of_run")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class _Told:
    """What checkpoints say: the accepted line of a slot, the attempts turned away, and the plan."""

    accepted: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    refused: dict[tuple[int, int], Mapping[str, Any]] = field(default_factory=dict)
    plan: dict[int, Mapping[str, Any]] = field(default_factory=dict)


def records_of_rows(rows: Sequence[Mapping[str, Any]], ids: Sequence[str], label: str | None, total: int) -> Records:
    """The table of a file."""
    shown = rows[:MOST_ROWS]
    fields = list(dict.fromkeys(name for row in shown for name in row if name not in APART))
    checks, attributes = (_keys(shown, name) for name in ("verdicts", "attributes"))
    budget = _budget(len(shown))
    drawn = []
    for id_, row in zip(ids, shown, strict=False):
        marks = _marks(_mapping(row.get("verdicts")), _mapping(row.get("attributes")), checks, attributes)
        drawn.append(_row(id_, row, fields, budget) | marks)
    return Records(fields, label if label in fields else None, checks, attributes, drawn, total, total)


def records_of_run(run: RunReader) -> Records:
    """The table of a run folder, as far as the run has come."""
    rows, told = _rows(run)
    refused = _written(run)
    finished = told is None
    if told is None:
        known = bool(refused) or not run.manifest.rejected
        shown_slots = {slot_of(row.get("id")) for row in (*rows, *refused[:MOST_REFUSED])}
        told = _told(run, shown_slots if known else None)
    accepted = run.manifest.accepted if finished else len(told.accepted)
    refused = refused or _refused(run, told)
    shown = refused[:MOST_REFUSED]
    fields = list(dict.fromkeys(name for row in rows for name in row if name not in APART))
    if not rows:
        fields = list(dict.fromkeys(name for row in shown for name in row if name not in (*APART, *WHY)))
    return _table(run, told, rows, shown, refused, fields, accepted)


def rows_of(run: RunReader) -> tuple[list[Mapping[str, Any]], bool]:
    """The accepted records that a page shows, and whether they stand in a dataset already."""
    rows, told = _rows(run)
    return rows, told is None


def _rows(run: RunReader) -> tuple[list[Mapping[str, Any]], _Told | None]:
    """The accepted records that a page shows; with what checkpoints say where they stand in no dataset yet."""
    gone: DataError | None = None
    try:
        written: list[Mapping[str, Any]] = list(islice(run.rows(), MOST_ROWS)) if run.state != "running" else []
    except DataError as error:
        gone, written = error, []
    if written:
        return written, None
    told = _told(run)
    under_way: list[Mapping[str, Any]] = list(islice(_rows_under_way(told), MOST_ROWS))
    if gone is not None and not under_way:
        raise gone
    return under_way, told


def _table(
    run: RunReader,
    told: _Told,
    rows: Sequence[Mapping[str, Any]],
    shown: Sequence[Mapping[str, Any]],
    refused: Sequence[Mapping[str, Any]],
    fields: list[str],
    accepted: int,
) -> Records:
    order = {name: place for place, name in enumerate(run.manifest.checks)}
    checks = sorted(_keys(rows, "verdicts"), key=lambda name: order.get(name, len(order)))
    attributes = _keys(rows, "attributes")
    budget = _budget(len(rows) + len(shown))
    drawn = []
    for row in rows:
        slot = slot_of(row.get("id"))
        line = told.accepted.get(slot, {})
        marks = _marks(_mapping(row.get("verdicts")), _mapping(row.get("attributes")), checks, attributes)
        drawn.append(_row(str(row.get("id")), row, fields, budget) | marks | {"k": slot} | _history(line))
    for row in shown:
        slot = slot_of(row.get("id"))
        line = told.refused.get((slot, attempt_of(row.get("id"))), {})
        planned = _mapping(told.plan.get(slot, {}).get("attributes"))
        marks = _marks(_mapping(line.get("verdicts")), planned, checks, attributes)
        why = {"r": str(row.get("reason")), "s": str(row.get("stage")), "d": cut(row.get("detail"), NOTE)}
        again = {"o": str(row["repeats"])} if row.get("repeats") else {}
        drawn.append(_row(str(row.get("id")), row, fields, budget) | marks | {"k": slot} | _history(line) | why | again)
    label = run.label if run.label in fields else None
    counts = tally(refused, fields)
    return Records(fields, label, checks, attributes, drawn, accepted, accepted, counts, len(refused), of_run=True)


def tally(refused: Iterable[Mapping[str, Any]], fields: Sequence[str]) -> list[Refused]:
    """What each stage turned away and why, in the order of the stages, the most frequent reason first."""
    found: dict[tuple[str, str], Refused] = {}
    for row in refused:
        key = (str(row.get("stage")), str(row.get("reason")))
        one = found.setdefault(key, Refused(*key))
        one.count += 1
        text = " · ".join(as_text(row[name]) for name in fields if row.get(name) is not None)
        if not one.detail or (not one.text and text):
            one.detail, one.text = cut(row.get("detail"), NOTE), cut(text, NOTE)
    places = {stage: place for place, stage in enumerate(ATTEMPTED)}
    return sorted(found.values(), key=lambda one: (places.get(one.stage, 99), -one.count, one.reason))


def slot_of(id_: Any) -> int:
    """The slot that an id names: 12 for `a1b2c3-000012.2`; -1 for an id of another form."""
    number = str(id_).rpartition("-")[2].partition(".")[0]
    return int(number) if number.isdecimal() and len(number) < 13 else -1


def attempt_of(id_: Any) -> int:
    """The attempt that an id names: 2 for `a1b2c3-000012.2`."""
    number = str(id_).rpartition("-")[2].partition(".")[2]
    return int(number) if number.isdecimal() and len(number) < 13 else 1


def as_text(value: Any) -> str:
    """A value as the page shows it."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def _told(run: RunReader, slots: Container[int] | None = None) -> _Told:
    """Reads the checkpoints once, and keeps what they say of these slots (all without any); a later line of an attempt
    replaces an earlier one."""
    told = _Told()
    for line in run.lines("plan"):
        slot = slot_of(line.get("id"))
        if slots is None or slot in slots:
            told.plan[slot] = line
    for stage in ATTEMPTED:
        for line in run.lines(stage):
            for item in line.get("records") or () if stage == "generate" else (line,):
                if (
                    isinstance(item, dict)
                    and isinstance(item.get("slot"), int)
                    and isinstance(item.get("attempt"), int)
                    and (slots is None or item["slot"] in slots)
                ):
                    _take(told, item, stage)
    return told


def _take(told: _Told, item: Mapping[str, Any], stage: str) -> None:
    key = (item["slot"], item["attempt"])
    if isinstance(item.get("rejection"), dict):
        told.refused[key] = item
        return
    told.refused.pop(key, None)
    if stage == "dedup":
        told.accepted[key[0]] = item


def _rows_under_way(told: _Told) -> Iterator[dict[str, Any]]:
    """The accepted records of a run that has not written its dataset yet, as the dataset will have them."""
    for slot in sorted(told.accepted):
        line, planned = told.accepted[slot], told.plan.get(slot, {})
        fields, verdicts = _mapping(line.get("fields")), _mapping(line.get("verdicts"))
        yield {
            "id": planned.get("id"), **fields, "attributes": _mapping(planned.get("attributes")), "verdicts": verdicts,
        }  # fmt: skip


def _written(run: RunReader) -> list[Mapping[str, Any]]:
    """Every attempt that was turned away, as `rejected.jsonl` has them; none before that is written."""
    return list(run.rejected()) if run.state != "running" else []


def _refused(run: RunReader, told: _Told) -> list[Mapping[str, Any]]:
    """Every attempt that was turned away, as the checkpoints have them."""
    rows: list[Mapping[str, Any]] = []
    for (slot, attempt), line in sorted(told.refused.items()):
        rejection = _mapping(line.get("rejection"))
        if rejection.get("reason") == "surplus" or slot >= run.manifest.count:
            continue
        id_ = str(told.plan.get(slot, {}).get("id", slot)) + (f".{attempt}" if attempt > 1 else "")
        why = {name: rejection.get(name) for name in WHY}
        rows.append({"id": id_, **_mapping(line.get("fields")), **why})
    return rows


def _row(id_: str, row: Mapping[str, Any], fields: Sequence[str], budget: int) -> dict[str, Any]:
    cells, left = [], budget
    for name in fields:
        cell = cut(as_text(row.get(name)), max(left, 80))
        left -= len(cell)
        cells.append(cell)
    return {"i": id_, "f": cells}


def _marks(
    verdicts: Mapping[str, Any], given: Mapping[str, Any], checks: Sequence[str], attributes: Sequence[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if checks:
        found["v"] = "".join(MARKS.get(str(verdicts.get(name)), "-") for name in checks)
    if attributes:
        found["a"] = [cut(given.get(name), NOTE) if given.get(name) is not None else None for name in attributes]
    return found


def _history(line: Mapping[str, Any]) -> dict[str, Any]:
    """What the checkpoints say beyond the row: notes and first verdicts of checks, what was mended, examples."""
    found: dict[str, Any] = {}
    if notes := _mapping(line.get("notes")):
        found["n"] = {name: cut(note, NOTE) for name, note in notes.items()}
    if first := _mapping(line.get("first_verdicts")):
        found["b"] = first
    changes = line.get("changes")
    if isinstance(changes, list) and changes:
        found["c"] = [_change(change) for change in changes if isinstance(change, dict)]
    examples = line.get("examples")
    if isinstance(examples, list) and examples:
        found["e"] = [str(example)[:80] for example in examples[:12]]
    return found


def _change(change: Mapping[str, Any]) -> dict[str, Any]:
    before = {name: cut(as_text(value), 2 * NOTE) for name, value in _mapping(change.get("before")).items()}
    return {"by": str(change.get("by")), "before": before}


def _keys(rows: Iterable[Mapping[str, Any]], name: str) -> list[str]:
    return list(Counter(str(key) for row in rows for key in _mapping(row.get(name))))


def _budget(rows: int) -> int:
    return min(max(CHARACTERS // max(rows, 1), LEAST), LONGEST)


def cut(value: Any, most: int) -> str:
    """A value as the page shows it, its end left out where it is longer."""
    text = as_text(value)
    return text if len(text) <= most else f"{text[:most]}…"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
