"""Replies to `generate` and `repair`: the records, and what is wrong with them on purpose.

Each record draws every fault on its own. A record that repeats another (`duplicate`, else `near_copy`) has no fault of
content besides; of `unsolvable` and `wrong_label` the first wins. `refusal` and `truncated` are drawn once a reply,
since they take all of its records. What a cut-off reply held is not reported: it is asked for, and planted, again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datagen_cli.core.digest import rng as rng_of
from datagen_cli.llm.simulation.draft import Draft
from datagen_cli.llm.simulation.judging import still_answered
from datagen_cli.llm.simulation.prompt import Asked, FieldAsked, Wanted, label_text
from datagen_cli.llm.simulation.records import Author, near_copy
from datagen_cli.llm.simulation.rules import keep
from datagen_cli.llm.simulation.slots import pick

STOCK = 5
PER_RECORD = (
    "wrong_label",
    "malformed",
    "duplicate",
    "unsolvable",
    "off_constraint",
    "contradicted",
    "near_copy",
    "injected",
)
REFUSALS = (
    "I'm sorry, I can't help with that.",
    "I'm sorry, but I cannot help with this request.",
    "I cannot write these records. Please ask for something else.",
)


@dataclass(frozen=True, slots=True)
class Plant:
    """One fault: the index of its record in the reply (None: the whole reply), its field if any, and the truth."""

    fault: str
    record: int | None = None
    field: str | None = None
    truth: Any = None


@dataclass(slots=True)
class Written:
    """A reply under way. `finish_reason` is `length` when the text was cut off on purpose."""

    text: str = ""
    finish_reason: str = "stop"
    plants: list[Plant] = field(default_factory=list)


def generate(asked: Asked, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """The reply to a request for new records; `rng` is that of the request and its draw."""
    written = Written()
    author = Author(asked)
    records = []
    for index, wanted in enumerate(asked.wanted):
        faults = frozenset(name for name in PER_RECORD if rng.random() < rates[name])
        draft = _repeated(rng, author, wanted, faults) or author.write(rng, wanted, faults)
        written.plants += [Plant(fault, index, name, truth) for fault, name, truth in draft.plants]
        records.append((draft.fields, "malformed" in faults))
    written.text = _as_json(rng, records, asked, written.plants)
    return written


def _repeated(rng: random.Random, author: Author, wanted: Wanted, faults: frozenset[str]) -> Draft | None:
    """A record that repeats an example, or one of a few that many slots write; or an example slightly changed."""
    name = author.main_text()
    fields = author.frame.fields
    fitting = [
        row
        for row in author.asked.examples
        if all(one.name in row for one in fields)
        and all(label_text(row[key]) == label_text(value) for key, value in wanted.given.items())
    ]
    if "duplicate" in faults:
        if fitting and rng.random() < 0.6:
            row = pick(rng, fitting)
            found, truth = {one.name: row[one.name] for one in fields}, "example"
        else:
            place = int(rng.random() * STOCK)
            stock = rng_of("offline stock", author.asked.frame_key, wanted.given, place)
            found, truth = author.write(stock, Wanted(wanted.given, {})).fields, "stock"
        if isinstance(found.get(name), str):
            found[name] = _respaced(rng, found[name])
        return Draft(found, [("duplicate", name, truth)])
    if "near_copy" in faults and fitting:
        row = pick(rng, fitting)
        copied = near_copy(rng, row, author.frame, name)
        if copied is not None:
            return Draft(copied, [("near_copy", name, row[name])])
    return None


def _respaced(rng: random.Random, text: str) -> str:
    """The same text up to case and white space."""
    kind = int(rng.random() * 4)
    if kind == 0:
        return text.replace(". ", ".  ", 1)
    if kind == 1:
        return text[:1].swapcase() + text[1:]
    return text + " " if kind == 2 else text


def _as_json(rng: random.Random, records: list[tuple[dict[str, Any], bool]], asked: Asked, plants: list[Plant]) -> str:
    """The reply's text; records that are to be malformed are broken in one of many ways."""
    parts: list[Any] = []
    how = ""
    fields = asked.written
    records = [({one.name: record[one.name] for one in fields}, broken) for record, broken in records]
    for index, (record, broken) in enumerate(records):
        if not broken:
            parts.append(record)
            continue
        kinds = ["missing_field", "wrong_type", "lost_record"]
        kinds = kinds if len(records) > 1 else [*kinds, "cut", "cut", "quote", "quote", "prose", "comma"]
        kind = pick(rng, kinds)
        name = pick(rng, fields).name
        plants.append(Plant("malformed", index, name if kind in ("missing_field", "wrong_type") else None, kind))
        if kind == "missing_field":
            parts.append({key: value for key, value in record.items() if key != name})
        elif kind == "wrong_type":
            parts.append({**record, name: _of_wrong_type(rng, record[name])})
        elif kind != "lost_record":
            parts.append(record)
            how = kind
    if asked.task is not None and asked.task.form == "text":
        value = next(iter(parts[0].values()), "") if parts else ""
        return _mangled(rng, str(value or ""), how)
    return _mangled(rng, json.dumps({"records": parts}, ensure_ascii=False), how)


def _of_wrong_type(rng: random.Random, value: Any) -> Any:
    if isinstance(value, str):
        return pick(rng, (None, ["see above"], {"text": value}, ""))
    if isinstance(value, bool):
        return "perhaps"
    if isinstance(value, int | float):
        return pick(rng, (f"about {value}", None, [value], "unknown"))
    return pick(rng, ("see above", None, 7))


def _mangled(rng: random.Random, text: str, how: str) -> str:
    if how == "cut":
        return text[: len(text) - pick(rng, (1, 2, 3, 5, len(text) // 4, len(text) // 2))]
    if how == "quote":
        places = [at for at, letter in enumerate(text) if letter == '"']
        at = pick(rng, places) if places else 0
        return text[:at] + text[at + 1 :]
    if how == "comma":
        return text.replace('", "', '" "', 1) if '", "' in text else text.replace("}", ",}", 1)
    if how == "prose":
        return "Certainly! I have thought of a good one and will write it down in a moment. Does that suit you?"
    return text


def repair(asked: Asked, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """The record of the last message again, with what failed put right and the rest kept."""
    off, malformed = rng.random() < rates["off_constraint"], rng.random() < rates["malformed"]
    author = Author(asked)
    found = asked.fenced("record")
    record = found[-1] if found and isinstance(found[-1], dict) else {}
    wanted = _same_labels(author, asked.wanted[0], record)
    draft = Draft(_mended(rng, author, wanted, record))
    if off:
        author.break_rule(rng, draft, wanted)
    written = Written(plants=[Plant(fault, 0, name, truth) for fault, name, truth in draft.plants])
    written.text = _as_json(rng, [(draft.fields, malformed)], asked, written.plants)
    return written


def _same_labels(author: Author, wanted: Wanted, record: Mapping[str, Any]) -> Wanted:
    """What was wanted, with the labels that the record has already where they are of their values."""
    kept = {
        one.name: record[one.name]
        for one in author.frame.fields
        if one.type == "label" and one.values and record.get(one.name) in one.values
    }
    return Wanted({**kept, **wanted.given}, wanted.attributes)


def _mended(rng: random.Random, author: Author, wanted: Wanted, record: Mapping[str, Any]) -> dict[str, Any]:
    frame = author.frame
    fields = {**record, **wanted.given}
    wrong = [one.name for one in frame.fields if not _of_type(one, fields.get(one.name))]
    failing = [
        name
        for name, rules in frame.rules.items()
        if name in fields and not all(rule.holds(fields[name]) for rule in rules)
    ]
    fresh = author.write(rng, wanted).fields
    foreign = [name for name in _not_english(author.asked) if name in fields and name not in wanted.given]
    if set(foreign) & set(author.task.roles.values()):
        return fresh
    fields.update({name: fresh[name] for name in foreign})
    if wrong or not (failing or foreign):
        return {one.name: wanted.given.get(one.name, fresh[one.name]) for one in frame.fields}
    for name in failing:
        if name in wanted.given or name in foreign:
            continue
        if author.task.kind == "word_problem" and name in (author.task.name("answer"), author.task.name("steps")):
            return fresh
        fields[name] = keep(rng, fields[name], frame.rules[name], lambda: author.more(rng))
    if not still_answered(author.task, record, fields):
        return fresh
    return {one.name: fields[one.name] for one in frame.fields}


def _not_english(asked: Asked) -> list[str]:
    """The fields of which a failure says that they are not in English."""
    lines = [str(line) for line in asked.fenced("failures")]
    return [one.name for one in asked.frame.fields if any(line.startswith(f"{one.name}: in English") for line in lines)]


def _of_type(one: FieldAsked, value: Any) -> bool:
    if one.type == "text":
        return isinstance(value, str) and value.strip() != ""
    if one.type == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if one.type == "boolean":
        return isinstance(value, bool)
    if one.type == "list":
        return isinstance(value, list)
    if one.values:
        return any(label_text(known) == label_text(value) for known in one.values)
    return value is not None
