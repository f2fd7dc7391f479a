"""From a model's reply to records, and the response format that asks for them.

Accepted: `{"records": [...]}`, a bare list, a single object; each also inside a fence or prose, after a `<think>`
block, or as one object a line. What is not JSON goes through `json-repair`, cut at its last closing bracket so that a
record that breaks off is lost rather than kept short, and is marked as repaired. Whatever the way, every value is then
brought into its field's type: a record with a missing, empty or wrong value is broken, the others are kept.

Costs about 10 µs for a good reply of one record. Does *not* judge content, and never raises for a reply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from datagen_cli.core.digest import canonical
from datagen_cli.core.fields import FieldSpec, WrongType, coerce, describe_type
from datagen_cli.text.strict_json import NotJson, loads, scan

MAX_STARTS = 200
MAX_REPAIRED_CHARACTERS = 200_000
MAX_REPAIRED_DEPTH = 50
MAX_REFUSAL_CHARACTERS = 1_500

_OPENING = re.compile(r"[{\[]")
_BROKEN_WRAPPER = re.compile(r"\{\s*[\"']?records\b|\[\s*\{")
_FENCE = re.compile(r"```[^\n`]*\n(.*?)```", re.DOTALL)
_REFUSAL = re.compile(
    r"\b(i['’]?m sorry|i am sorry|i apologi[sz]e|sorry, (but )?i|as an ai|against (my|our) (guidelines|policy|policies)"
    r"|i (can['’]?t|cannot|can not|won['’]?t|will not|must decline|have to decline)"
    r"|i['’]?m (unable|not able)|i am (unable|not able))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """What a reply holds.

    `records` are what came, in order and at most as many as wanted: the fields in the recipe's order, or None for a
    broken one. `surplus` are whole records beyond those. `problems` says in a sentence what was wrong with the reply
    or with each broken record. `repaired`: it was not valid JSON as it came. `refused`: the model declined.
    `truncated`: it was cut off at max_tokens, so nothing of it counts.
    """

    records: tuple[dict[str, Any] | None, ...] = ()
    problems: tuple[str, ...] = ()
    repaired: bool = False
    refused: bool = False
    truncated: bool = False
    surplus: tuple[dict[str, Any], ...] = ()

    @property
    def whole(self) -> list[dict[str, Any]]:
        """The records that are not broken, in order."""
        return [record for record in self.records if record is not None]


def parse_reply(text: str, finish_reason: str, specs: Sequence[FieldSpec], wanted: int = 1) -> ParsedReply:
    """The records of a reply that was asked for `wanted` of them, in the fields of `specs` that are written."""
    if finish_reason == "length":
        return ParsedReply(problems=("the reply was cut off at max_tokens",), truncated=True)
    if finish_reason == "content_filter":
        return ParsedReply(problems=("the provider's content filter stopped the reply",), refused=True)
    written = [spec for spec in specs if spec.written]
    names = frozenset(spec.name for spec in written)
    text, damaged = _writable(text)
    items, repaired = _items(_after_thinking(text), names, wanted)
    if items is None:
        return _without_records(text)
    records: list[dict[str, Any] | None] = []
    surplus: list[dict[str, Any]] = []
    problems: list[str] = []
    for number, item in enumerate(items, 1):
        try:
            record = read_record(_strict(item) if repaired else item, written)
        except WrongType as error:
            if number <= wanted:
                problems.append(f"record {number}: {error}" if wanted > 1 else str(error))
                records.append(None)
        else:
            surplus.append(record) if number > wanted else records.append(record)
    if len(records) < wanted:
        problems.append(f"{len(records)} of {wanted} records came")
    return ParsedReply(tuple(records), tuple(problems), repaired or damaged, surplus=tuple(surplus))


def read_record(item: Any, specs: Sequence[FieldSpec]) -> dict[str, Any]:
    """One record in the fields' types and order; other keys are dropped. Raises `WrongType` that names the field."""
    if not isinstance(item, dict):
        raise WrongType(f"expected an object, found {describe_type(item)}")
    record = {}
    for spec in specs:
        value = item.get(spec.name)
        if value is None:
            raise WrongType(f"{spec.name}: {'null' if spec.name in item else 'missing'}")
        try:
            value = coerce(spec, value)
            if spec.type == "list" and spec.item_type:
                value = [coerce(replace(spec, type=spec.item_type), entry) for entry in value]
        except WrongType as error:
            raise WrongType(f"{spec.name}: {error}") from error
        if spec.type == "json" and spec.schema:
            _check_schema(spec, value)
        record[spec.name] = value
    return record


def response_format(specs: Sequence[FieldSpec], n: int) -> dict[str, Any]:
    """The OpenAI `response_format` of exactly `n` records: written fields in order, all required, nothing else."""
    written = [spec for spec in specs if spec.written]
    record = {
        "type": "object",
        "properties": {spec.name: _property(spec) for spec in written},
        "required": [spec.name for spec in written],
        "additionalProperties": False,
    }
    schema = {
        "type": "object",
        "properties": {"records": {"type": "array", "items": record, "minItems": n, "maxItems": n}},
        "required": ["records"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "records", "strict": True, "schema": schema}}


def _property(spec: FieldSpec) -> dict[str, Any]:
    schema = spec.json_schema()
    if spec.type == "label" and spec.values:
        kinds = {bool: "boolean", int: "number", float: "number"}
        types = sorted({kinds.get(type(value), "string") for value in spec.values})
        schema = {"type": types[0] if len(types) == 1 else types, **schema}
    return {**schema, "description": spec.description} if spec.description else schema


def _items(text: str, names: frozenset[str], wanted: int) -> tuple[list[Any] | None, bool]:
    """What stands for records in the reply, and whether it had to be repaired; None when nothing does."""
    if text[:1] in ("{", "["):
        try:
            items = _records_in(loads(text), names)
        except NotJson:
            pass
        else:
            if items is not None:
                return items, False
    fenced = [block.strip() for block in _FENCE.findall(text)] if "```" in text else []
    for part in (*fenced, text):
        items = _scan_for_records(part, names)
        if items is not None:
            return items, False
    for part in (*fenced, text):
        items = _records_in(_repair(part), names)
        if items is not None:
            return items, True
    # With several wanted, a lone record out of a broken list could be taken for another one's place.
    return (_scan_for_records(text, names, stop_at_broken=False), True) if wanted == 1 else (None, True)


def _records_in(value: Any, names: frozenset[str]) -> list[Any] | None:
    """The list of records in a JSON value: under `records`, the value itself, or the value as the only one."""
    if isinstance(value, dict):
        inner = value.get("records")
        if isinstance(inner, list):
            return inner
        if isinstance(inner, dict):
            return [inner]
        return [value] if names & value.keys() else None
    if isinstance(value, list) and any(isinstance(item, dict) and names & item.keys() for item in value):
        return value
    return None


def _scan_for_records(text: str, names: frozenset[str], *, stop_at_broken: bool = True) -> list[Any] | None:
    """The first list of records in prose, else the single objects with a field's name, in order.

    A list of records that is not JSON ends the search (None): its inner objects are for repair, in their order.
    """
    singles: list[Any] = []
    at = 0
    for _ in range(MAX_STARTS):
        found = _OPENING.search(text, at)
        if found is None:
            break
        try:
            value, at = scan(text, found.start())
        except NotJson:
            if stop_at_broken and _BROKEN_WRAPPER.match(text, found.start()):
                return None
            at = found.end()
            continue
        items = _records_in(value, names)
        if items is not None and (isinstance(value, list) or "records" in value):
            return items
        singles += items or []
    return singles or None


def _repair(text: str) -> Any:
    """What `json-repair` makes of the text from its first to its last bracket; None when that is nothing."""
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    end = max(text.rfind("}"), text.rfind("]")) + 1
    if start < 0 or end <= start or end - start > MAX_REPAIRED_CHARACTERS:
        return None
    if _depth(text[start:end]) > MAX_REPAIRED_DEPTH:  # seconds of work for a reply that is none
        return None
    import json_repair

    try:
        return json_repair.loads(text[start:end])
    except Exception:  # a model's text in a third party's parser: whatever it trips over, the reply is just not JSON
        return None


def _depth(text: str) -> int:
    """How deep the brackets of a text nest, those in strings included."""
    deepest = depth = 0
    for bracket in re.findall(r"[{\[\]}]", text):
        depth += 1 if bracket in "{[" else -1
        deepest = max(deepest, depth)
    return deepest


def _strict(item: Any) -> Any:
    """What repair made of a record, if it can be written as JSON again. Raises `WrongType`."""
    try:
        return loads(json.dumps(item))
    except (ValueError, TypeError, RecursionError) as error:
        raise WrongType(f"not JSON: {error}") from error


def _writable(text: str) -> tuple[str, bool]:
    """The text with every half surrogate as `?`, and whether there was one: UTF-8 cannot hold them."""
    if text.isascii():
        return text, False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8"), True
    return text, False


def _without_records(text: str) -> ParsedReply:
    stripped = _after_thinking(text)
    if not stripped:
        return ParsedReply(problems=("the reply is empty",))
    if len(stripped) <= MAX_REFUSAL_CHARACTERS and _REFUSAL.search(stripped):
        return ParsedReply(problems=(f"the model declined: {' '.join(stripped.split())[:200]}",), refused=True)
    return ParsedReply(problems=("no records in the reply",))


def _after_thinking(text: str) -> str:
    """The reply without white space around it and without the `<think>` block that some models begin with."""
    text = text.strip()
    if text.startswith("<think>"):
        text = text.partition("</think>")[2].strip()
    return text


def _check_schema(spec: FieldSpec, value: Any) -> None:
    error = next(_compiled(canonical(dict(spec.schema))).iter_errors(value), None)
    if error is not None:
        raise WrongType(f"{spec.name}: {error.message[:200]}")


@lru_cache(maxsize=64)
def _compiled(schema: bytes) -> Any:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    return Draft202012Validator(loads(schema.decode()), registry=Registry())
