"""`repair`: the record again, with what failed put right and the rest kept."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from datagen_cli.constraints.language import Language
from datagen_cli.core.fields import FieldSpec, WrongType, coerce
from datagen_cli.core.task import Task, Wanted
from datagen_cli.offline.author import Author
from datagen_cli.offline.judging import still_answered
from datagen_cli.offline.kinds.generate import asked_for
from datagen_cli.offline.written import Draft, Written, records_reply


def answer(task: Task, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """One record; it may be malformed or off again."""
    off, malformed = rng.random() < rates["off_constraint"], rng.random() < rates["malformed"]
    author = Author(task)
    record = dict(task.record or {})
    planned = task.wanted[0] if task.wanted else Wanted()
    labels = {spec.name: record[spec.name] for spec in author.data.specs if _labelled(spec, record)}
    wanted = Wanted({**labels, **planned.given}, planned.attributes)
    draft = Draft(_mended(rng, author, wanted, record))
    if off:
        author.break_rule(rng, draft, wanted)
    return records_reply(rng, [(draft, malformed)], asked_for(task), task.form)


def _labelled(spec: FieldSpec, record: Mapping[str, Any]) -> bool:
    return spec.type == "label" and bool(spec.values) and record.get(spec.name) in spec.values


def _mended(rng: random.Random, author: Author, wanted: Wanted, record: dict[str, Any]) -> dict[str, Any]:
    data, shape = author.data, author.shape
    fields = {**record, **wanted.given}
    whole = all(_of_type(spec, fields.get(spec.name)) for spec in data.specs)
    fresh = author.write(rng, wanted).fields
    if not whole or data.holds(fields):
        return fresh
    broken = {
        name
        for name, rules in data.rules.items()
        if not all(rule.holds(name, fields[name]) for rule in rules) and name not in wanted.given
    }
    foreign = {name for name in broken for rule in data.rules[name] if _foreign(rule, name, fields[name])}
    counted = shape.kind == "problem" and broken & {shape.name("answer"), shape.name("steps")}
    if counted or foreign & set(shape.roles.values()):
        return fresh
    fields.update({name: fresh[name] for name in foreign})
    author.keep(rng, fields, wanted.given)
    return {spec.name: fields[spec.name] for spec in data.specs} if still_answered(shape, record, fields) else fresh


def _foreign(rule: Any, name: str, value: Any) -> bool:
    return isinstance(rule, Language) and not rule.holds(name, value)


def _of_type(spec: FieldSpec, value: Any) -> bool:
    try:
        return value is not None and coerce(spec, value) == value
    except WrongType:
        return False
