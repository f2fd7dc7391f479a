"""What a request asks for, read from the fences of its messages alone.

What all prompts of a run share (the *frame*: dataset, fields, labels, constraints) is read once and kept; the rest of a
prompt costs a few string searches and the JSON of its examples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from datagen_cli.core.fields import About
from datagen_cli.core.task import Task
from datagen_cli.llm.simulation.rules import Rule, read_rules

_WANTED = re.compile(r"\b[Ww]rite (\d+) (?:new )?records?\b")


@dataclass(frozen=True, slots=True)
class FieldAsked:
    """One field of the record: `values` are those of a label, `items` the type of a list's items."""

    name: str
    type: str = "text"
    description: str = ""
    values: tuple[Any, ...] = ()
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)
    items: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What all records of a run share. `labels` maps the text of a label value to its meaning.

    `kept` holds what follows from the frame alone and is worked out once.
    """

    description: str
    fields: tuple[FieldAsked, ...]
    labels: Mapping[str, str]
    rules: Mapping[str, tuple[Rule, ...]]
    kept: dict[str, Any] = field(default_factory=dict)

    def field(self, name: str) -> FieldAsked | None:
        """The field of that name."""
        return next((one for one in self.fields if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One record asked for: values of fields that are given (the planned label), and its attributes."""

    given: Mapping[str, Any]
    attributes: Mapping[str, str]


class Asked:
    """A request as read."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        self.task: Task | None = getattr(payload, "task", None)
        self.text = self.last = ""
        self.response_format = payload.get("response_format")
        if self.task is not None:
            self.frame = _frame_of(self.task)
            self.frame_key = self.frame.description, repr(self.frame.fields)
        else:
            self._read(payload)

    def _read(self, payload: Mapping[str, Any]) -> None:
        messages = payload.get("messages") or ()
        first = [_content(message) for message in _until_answer(messages)]
        self.text = "\n" + "\n".join(first) + "\n"
        self.last = "\n" + (_content(messages[-1]) if messages else "") + "\n"
        blocks = tuple(block(self.text, name) for name in ("dataset", "fields", "labels", "constraints"))
        self.frame_key = blocks[0] or "", blocks[1] or ""
        self.frame = _frame(*blocks) if blocks[1] is not None else self._frame_of_schema(blocks)

    @cached_property
    def examples(self) -> list[dict[str, Any]]:
        """The example records, in order."""
        if self.task is not None:
            return [dict(row) for row in self.task.examples]
        found = values(block(self.text, "examples"))
        return [row for row in found if isinstance(row, dict)]

    @cached_property
    def wanted(self) -> list[Wanted]:
        """The records asked for; as many as the prompt says when it gives no line for each."""
        if self.task is not None:
            return [Wanted(one.given, one.attributes) for one in self.task.wanted]
        lines = [line for line in values(block(self.text, "records")) if isinstance(line, dict)]
        names = {one.name for one in self.frame.fields}
        found = []
        for line in lines:
            attributes = line.get("attributes")
            given = {key: value for key, value in line.items() if key in names and key != "record"}
            found.append(
                Wanted(given, attributes if isinstance(attributes, dict) and "attributes" not in names else {})
            )
        return found or [Wanted({}, {})] * self._count()

    @property
    def written(self) -> tuple[FieldAsked, ...]:
        """The fields that the reply holds."""
        asked = self.task.fields if self.task is not None else ()
        return tuple(one for one in self.frame.fields if one.name in asked) if asked else self.frame.fields

    def fenced(self, name: str) -> list[Any]:
        """What is asked about under a name: question, record, failures, statement and the like."""
        if self.task is not None:
            found = self.task.more.get(name, getattr(self.task, name, None))
            several = isinstance(found, list | tuple)
            return list(found) if several else [] if found is None or found == "" else [found]
        found = block(self.last, name)
        return values(found if found is not None else block(self.text, name))

    def _count(self) -> int:
        items = _records_schema(self.response_format).get("minItems")
        if isinstance(items, int) and 0 < items <= 1000:
            return items
        found = _WANTED.search(self.text)
        return min(1000, int(found[1])) if found and int(found[1]) else 1

    def _frame_of_schema(self, blocks: tuple[str | None, ...]) -> Frame:
        """The frame of a prompt without a fields fence: fields from the response format, else from an example."""
        items = _records_schema(self.response_format).get("items")
        properties = items.get("properties", {}) if isinstance(items, Mapping) else {}
        fields = [_of_schema(name, schema) for name, schema in properties.items()]
        if not fields and self.examples:
            fields = [FieldAsked(name, _type_of(value)) for name, value in self.examples[0].items()]
        return _made_frame(blocks[0], tuple(fields or [FieldAsked("text")]), blocks[2], blocks[3])


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


def _until_answer(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for message in messages:
        if message.get("role") == "assistant" and found:
            break
        found.append(message)
    return found


def block(text: str, name: str) -> str | None:
    """The lines inside the last fence of that name in a text that begins and ends with a line break."""
    end = text.rfind(f"\n</{name}>\n")
    if end < 0:
        return None
    start = text.rfind(f"\n<{name}>\n", 0, end + 1)
    return None if start < 0 else text[start + len(name) + 4 : end]


def values(lines: str | None) -> list[Any]:
    """The JSON value of every line; a line that is none comes as text."""
    found: list[Any] = []
    for line in (lines or "").split("\n"):
        if line.strip():
            try:
                found.append(json.loads(line))
            except ValueError:
                found.append(line)
    return found


_FRAMES: dict[tuple[int, bool], tuple[About, Frame]] = {}


def _frame_of(task: Task) -> Frame:
    """The frame of a task; worked out once for all requests about one dataset."""
    writes = task.kind in ("generate", "repair")
    key = id(task.about), writes
    known = _FRAMES.get(key)
    if known is None or known[0] is not task.about:
        about = task.about
        fields = tuple(
            FieldAsked(spec.name, spec.type, spec.description, spec.values, spec.schema, spec.item_type)
            for spec in (about.written if writes else about.specs)
        )
        meanings = {label_text(value): meaning for value, meaning in about.meanings.items() if meaning}
        rules: dict[str, list[Rule]] = {}
        for sentence in about.sentences:
            for rule in read_rules(sentence, [one.name for one in fields]):
                rules.setdefault(rule.field, []).append(rule)
        found = Frame(
            about.description.strip(),
            fields or (FieldAsked("text"),),
            meanings,
            {name: tuple(several) for name, several in rules.items()},
        )
        _FRAMES.clear() if len(_FRAMES) > 64 else None
        known = _FRAMES[key] = about, found
    return known[1]


@lru_cache(maxsize=64)
def _frame(dataset: str | None, fields: str | None, labels: str | None, constraints: str | None) -> Frame:
    asked = tuple(_asked_field(line) for line in values(fields) if isinstance(line, dict) and line.get("name"))
    return _made_frame(dataset, asked or (FieldAsked("text"),), labels, constraints)


def _made_frame(
    dataset: str | None, fields: tuple[FieldAsked, ...], labels: str | None, constraints: str | None
) -> Frame:
    description = " ".join(str(value) for value in values(dataset))
    meanings = {
        label_text(line["value"]): str(line.get("meaning") or "")
        for line in values(labels)
        if isinstance(line, dict) and "value" in line
    }
    rules: dict[str, list[Rule]] = {}
    for line in values(constraints):
        for rule in read_rules(str(line), [one.name for one in fields]):
            rules.setdefault(rule.field, []).append(rule)
    return Frame(description, fields, meanings, {name: tuple(found) for name, found in rules.items()})


def _asked_field(line: Mapping[str, Any]) -> FieldAsked:
    known, schema = line.get("values"), line.get("schema")
    return FieldAsked(
        str(line["name"]),
        str(line.get("type") or "text"),
        str(line.get("description") or ""),
        tuple(known) if isinstance(known, list) else (),
        schema if isinstance(schema, Mapping) else {},
        str(line.get("items") or ""),
    )


def _of_schema(name: str, schema: Any) -> FieldAsked:
    schema = schema if isinstance(schema, Mapping) else {}
    if schema.get("enum"):
        return FieldAsked(name, "label", values=tuple(schema["enum"]))
    kind = {"string": "text", "number": "number", "integer": "number", "boolean": "boolean", "array": "list"}
    return FieldAsked(
        name, kind.get(str(schema.get("type")), "json"), str(schema.get("description") or ""), schema=schema
    )


def _records_schema(response_format: Any) -> Mapping[str, Any]:
    found = response_format
    for key in ("json_schema", "schema", "properties", "records"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "list" if isinstance(value, list) else "json" if isinstance(value, dict) else "text"


def label_text(value: Any) -> str:
    """A label value as text: true for True, 3 for 3.0."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
