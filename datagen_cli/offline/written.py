"""A reply under way: its text, and what was put into it on purpose."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.task import Wanted
from datagen_cli.offline.corpus import pick
from datagen_cli.offline.dataset import DatasetView
from datagen_cli.offline.shape import RecordShape
from datagen_cli.prompts.sections import as_sections


@dataclass(frozen=True, slots=True)
class Plant:
    """One fault: the index of its record in the reply (None: the whole reply), its field if any, and the truth."""

    fault: str
    record: int | None = None
    field: str | None = None
    truth: Any = None


@dataclass(slots=True)
class Written:
    """A reply. `finish_reason` is `length` when the text was cut off on purpose."""

    text: str = ""
    finish_reason: str = "stop"
    plants: list[Plant] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """A record while it is written. `plants` are (fault, field, truth) of what is wrong in it on purpose; `inserted`
    holds the sentence that a fault put into the main text.
    """

    fields: dict[str, Any]
    plants: list[tuple[str, str, Any]] = field(default_factory=list)
    inserted: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """One record to write: for which dataset, after which rows, what is wanted, and which `faults` it shall have."""

    rng: random.Random
    data: DatasetView
    shape: RecordShape
    rows: Sequence[Mapping[str, Any]]
    wanted: Wanted
    faults: frozenset[str]
    draft: Draft

    def get(self, role: str) -> Any:
        """What the draft holds in the field that plays a part; None for nothing."""
        return self.draft.fields.get(self.shape.name(role))

    def put(self, role: str, value: Any) -> None:
        """Writes the field that plays a part, where there is one and nothing is given for it."""
        if self.shape.name(role):
            self.draft.fields.setdefault(self.shape.name(role), value)

    def plant(self, fault: str, role: str, truth: Any) -> None:
        """Notes a fault in the field that plays a part."""
        self.draft.plants.append((fault, self.shape.name(role), truth))

    def shown(self, role: str) -> list[Any]:
        """The values that the rows have in the field that plays a part."""
        name = self.shape.name(role)
        return [row[name] for row in self.rows if row.get(name) is not None]


def json_reply(value: Mapping[str, Any], *plants: Plant) -> Written:
    """A JSON object."""
    return Written(json.dumps(value, ensure_ascii=False), plants=list(plants))


def records_reply(
    rng: random.Random, drafts: Sequence[tuple[Draft, bool]], specs: Sequence[FieldSpec], form: str
) -> Written:
    """The records in the form that was asked for, with the fields of `specs`; those that are to be malformed are broken
    in one of many ways."""
    written = Written()
    parts: list[Any] = []
    how = ""
    for index, (draft, malformed) in enumerate(drafts):
        record = {spec.name: draft.fields[spec.name] for spec in specs}
        written.plants += [Plant(fault, index, name, truth) for fault, name, truth in draft.plants]
        if not malformed:
            parts.append(record)
            continue
        kind = pick(rng, _ways(len(drafts), form))
        spec = pick(rng, specs)
        named = kind in ("missing_field", "wrong_type")
        written.plants.append(Plant("malformed", index, spec.name if named else None, kind))
        if kind == "missing_field":
            parts.append({name: value for name, value in record.items() if name != spec.name})
        elif kind == "wrong_type":
            parts.append({**record, spec.name: _of_wrong_type(rng, record[spec.name])})
        elif kind != "lost_record":
            parts.append(record)
            how = kind
    if form == "text":
        value = next(iter(parts[0].values())) if parts and parts[0] else ""
        written.text = _mangled(rng, str(value), how)
    elif form == "fences":
        found = [spec for spec in specs if spec.name in parts[0]] if parts else []
        written.text = _mangled(rng, as_sections(parts[0], found) if found else "", how)
    else:
        written.text = _mangled(rng, json.dumps({"records": parts}, ensure_ascii=False), how)
    return written


def _ways(count: int, form: str) -> tuple[str, ...]:
    if form != "json":
        return ("prose", "lost_record")
    one = ("missing_field", "wrong_type", "lost_record")
    return one if count > 1 else (*one, "cut", "cut", "quote", "quote", "prose", "comma")


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
        at = pick(rng, [at for at, letter in enumerate(text) if letter == '"'])
        return text[:at] + text[at + 1 :]
    if how == "comma":
        return text.replace('", "', '" "', 1) if '", "' in text else text.replace("}", ",}", 1)
    if how == "prose":
        return "Certainly! I have thought of a good one and will write it down in a moment. Does that suit you?"
    return text
