"""A reply under way: its text, and what was put into it on purpose."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.task import Wanted
from datagen_cli.offline.corpus import pick
from datagen_cli.offline.dataset import DatasetView
from datagen_cli.offline.shape import RecordShape
from datagen_cli.prompts.sections import as_sections

_BROKEN = ("prose", "lost_record")
_BROKEN_PART = ("missing_field", "wrong_type", "lost_record")
_BROKEN_JSON = (*_BROKEN_PART, "cut", "cut", "quote", "quote", "prose", "comma")


@dataclass(frozen=True, slots=True)
class Plant:
    """One fault: its field if any, the truth, and the index of its record in the reply (None: the whole reply)."""

    fault: str
    field: str | None = None
    truth: Any = None
    record: int | None = None


@dataclass(slots=True)
class Written:
    """A reply. `finish_reason` is `length` when the text was cut off on purpose."""

    text: str = ""
    finish_reason: str = "stop"
    plants: list[Plant] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """A record while it is written: for which dataset, after which rows, what is wanted, and which `faults` it shall
    have; its fields so far, and what is wrong in them on purpose."""

    rng: random.Random
    data: DatasetView
    shape: RecordShape
    rows: Sequence[Mapping[str, Any]]
    wanted: Wanted
    faults: frozenset[str]
    fields: dict[str, Any]
    plants: list[Plant] = field(default_factory=list)

    def get(self, role: str) -> Any:
        """What the field that plays a part holds; None for nothing."""
        return self.fields.get(self.shape.name(role))

    def put(self, role: str, value: Any) -> None:
        """Writes the field that plays a part, where there is one and nothing is given for it."""
        if self.shape.name(role):
            self.fields.setdefault(self.shape.name(role), value)

    def plant(self, fault: str, role: str, truth: Any) -> None:
        """Notes a fault in the field that plays a part."""
        self.plants.append(Plant(fault, self.shape.name(role), truth))

    def shown(self, role: str) -> list[Any]:
        """The values that the rows have in the field that plays a part."""
        name = self.shape.name(role)
        return [row[name] for row in self.rows if row.get(name) is not None]


def json_reply(value: Mapping[str, Any], *plants: Plant) -> Written:
    return Written(json.dumps(value, ensure_ascii=False), plants=list(plants))


def records_reply(drafts: Sequence[tuple[Draft, bool]], specs: Sequence[FieldSpec], form: str) -> Written:
    """The records in the form that was asked for, with the fields of `specs`; those that are to be malformed are broken
    in one of many ways."""
    parts: list[dict[str, Any]] = []
    plants: list[Plant] = []
    how, rng = "", drafts[0][0].rng
    for index, (draft, malformed) in enumerate(drafts):
        record = {spec.name: draft.fields[spec.name] for spec in specs}
        plants += [replace(plant, record=index) for plant in draft.plants]
        if malformed:
            ways = _BROKEN if form != "json" else _BROKEN_PART if len(drafts) > 1 else _BROKEN_JSON
            how, name = pick(rng, ways), pick(rng, specs).name
            named = how in ("missing_field", "wrong_type")
            plants.append(Plant("malformed", name if named else None, how, index))
            if how == "missing_field":
                del record[name]
            elif how == "wrong_type":
                record[name] = _of_wrong_type(rng, record[name])
        if not malformed or how != "lost_record":
            parts.append(record)
    if form == "json":
        text = json.dumps({"records": parts}, ensure_ascii=False)
    elif form == "text":
        text = str(next(iter(parts[0].values()))) if parts else ""
    else:
        text = as_sections(parts[0], list(specs)) if parts else ""
    return Written(_mangled(rng, text, how), plants=plants)


def _of_wrong_type(rng: random.Random, value: Any) -> Any:
    if isinstance(value, str):
        return pick(rng, (None, ["see above", "and below"], {"text": value, "of": "see above"}, ""))
    if isinstance(value, bool):
        return "perhaps"
    return pick(rng, (f"about {value}", None, "unknown"))


def _mangled(rng: random.Random, text: str, how: str) -> str:
    if how == "cut":
        return text[: len(text) - pick(rng, (1, 2, 3, 5, len(text) // 4, len(text) // 2))]
    if how == "quote":
        at = pick(rng, [at for at, letter in enumerate(text) if letter == '"'])
        return text[:at] + text[at + 1 :]
    if how == "comma":
        return text.replace('", "', '" "', 1) if '", "' in text else text.replace("}", ",}", 1)
    if how == "prose":
        return "Certainly! I have thought of a good one and will write it down in a moment. Does that suit you?"
    return text
