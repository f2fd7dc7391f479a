"""JSON values that satisfy a JSON Schema: type, enum, const, properties, required, items, bounds, pattern, any/one/all.

A small part of the standard, enough for what recipes ask of a `json` field; what it does not know it leaves out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from datagen_cli.constraints.pattern_text import sample
from datagen_cli.offline.corpus import Slots, pick

MAX_DEPTH = 6
_FORMATS = {
    "date": "{year}-0{m}-1{m}",
    "date-time": "{year}-0{m}-1{m}T0{m}:1{m}:00Z",
    "time": "0{m}:1{m}:00",
    "email": "{name}.{surname}@example.org",
    "uri": "https://example.org/{thing}/{n}",
    "hostname": "{surname}.example.org",
    "ipv4": "192.0.2.{n}",
    "uuid": "00000000-0000-4000-8000-000000{code}{code}",
}
Writer = Callable[[random.Random, str], str]


def schema_value(
    rng: random.Random, schema: Any, write: Writer, name: str = "", root: Any = None, depth: int = 0
) -> Any:
    """A value of `schema`; `write(rng, name)` writes the text of a property without further rules."""
    root = schema if root is None else root
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH * 3:
        return write(rng, name)
    if "$ref" in schema:
        schema = _resolved(root, schema["$ref"])
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return pick(rng, schema["enum"])
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return schema_value(
                rng,
                {**{k: v for k, v in schema.items() if k != key}, **pick(rng, schema[key])},
                write,
                name,
                root,
                depth + 1,
            )
    if schema.get("allOf"):
        return schema_value(rng, _merged(schema), write, name, root, depth + 1)
    return _typed(rng, schema, write, name, root, depth)


def _typed(rng: random.Random, schema: Mapping[str, Any], write: Writer, name: str, root: Any, depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else "string")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind == "object":
        return _object(rng, schema, write, root, depth)
    if kind == "array":
        return _array(rng, schema, write, name, root, depth)
    if kind in ("integer", "number"):
        return _number(rng, schema, whole=kind == "integer")
    if kind == "boolean":
        return rng.random() < 0.5
    return None if kind == "null" else _text(rng, schema, write, name)


def _object(rng: random.Random, schema: Mapping[str, Any], write: Writer, root: Any, depth: int) -> dict[str, Any]:
    required = set(schema.get("required", ()))
    properties = dict(schema.get("properties", {}))
    for key in required - properties.keys():
        properties[key] = {}
    return {
        key: schema_value(rng, inner, write, key, root, depth + 1)
        for key, inner in sorted(properties.items(), key=lambda row: list(properties).index(row[0]))
        if key in required or (depth < MAX_DEPTH and rng.random() < 0.7)
    }


def _array(rng: random.Random, schema: Mapping[str, Any], write: Writer, name: str, root: Any, depth: int) -> list[Any]:
    fixed = [schema_value(rng, item, write, name, root, depth + 1) for item in schema.get("prefixItems", ())]
    low = max(len(fixed), schema.get("minItems", 0 if depth >= MAX_DEPTH else 1))
    high = max(low, schema.get("maxItems", low + 2))
    values = list(fixed)
    wanted = low + int(rng.random() * (min(high, low + 3) - low + 1))
    for _ in range(wanted * 8):
        if len(values) >= wanted:
            break
        value = schema_value(rng, schema.get("items", {}), write, name, root, depth + 1)
        if not schema.get("uniqueItems") or value not in values:
            values.append(value)
    return values


def _number(rng: random.Random, schema: Mapping[str, Any], *, whole: bool) -> int | float:
    step = schema.get("multipleOf", 1 if whole else 0.5)
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    low = low if low is not None else (0 if high is None or high > 0 else high - 100)
    high = high if high is not None else low + 100
    first = int(-(-low // step)) + ("exclusiveMinimum" in schema and low % step == 0)
    last = int(high // step) - ("exclusiveMaximum" in schema and high % step == 0)
    if last < first:
        return low + (high - low) / 2
    value = (first + int(rng.random() * (last - first + 1))) * step
    return int(value) if whole else round(value, 6)


def _text(rng: random.Random, schema: Mapping[str, Any], write: Writer, name: str) -> str:
    if "pattern" in schema:
        return sample(rng, schema["pattern"]) or ""
    text = Slots(rng).fill(_FORMATS[schema["format"]]).lower() if schema.get("format") in _FORMATS else write(rng, name)
    if schema.get("format") == "date-time":
        text = text.upper()
    while len(text) < schema.get("minLength", 0):
        text += " " + write(rng, name)
    return text[: schema["maxLength"]].strip() or "a" if "maxLength" in schema else text


def _resolved(root: Any, reference: str) -> Any:
    found = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        found = (
            found.get(part.replace("~1", "/").replace("~0", "~"), {}) if part and isinstance(found, Mapping) else found
        )
    return found


def _merged(schema: Mapping[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema["allOf"]:
        for key, value in part.items():
            if key == "properties":
                merged[key] = {**merged.get(key, {}), **value}
            elif key == "required":
                merged[key] = [*merged.get(key, ()), *value]
            else:
                merged[key] = value
    return merged
