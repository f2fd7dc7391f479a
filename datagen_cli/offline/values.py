"""Values for fields that play no part in their dataset's shape, told from their names, types and examples.

JSON values satisfy a JSON Schema as far as type, enum, const, properties, required, items, bounds, pattern and
combinations of schemas go.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datagen_cli.constraints.pattern_text import sample
from datagen_cli.core.fields import FieldSpec
from datagen_cli.offline.corpus import Slots, corpus, pick, telling_words
from datagen_cli.offline.texts import Topic, filler, write_text

MAX_DEPTH = 6
Writer = Callable[[random.Random, str], str]
Schema = Mapping[str, Any]
_ITEMS = {"number": 50, "boolean": True, "json": {"note": "a b c d e", "count": 9}}


def value_of(rng: random.Random, description: str, spec: FieldSpec, examples: Sequence[Any]) -> Any:
    """A value of the field's type, in the form of its examples (which may be none)."""
    shown = [value for value in examples if value is not None]
    if spec.values or (spec.type == "label" and shown):
        return pick(rng, spec.values or shown)
    if spec.type == "label":
        return Slots(rng).fill("{adjective}")
    if spec.type == "text":
        return text_of(rng, description, spec, [value for value in shown if isinstance(value, str)])
    items = [item for value in shown if isinstance(value, list) for item in value]
    sentences = any(item.count(" ") > 4 for item in items if isinstance(item, str))

    def write(draw: random.Random, name: str) -> str:
        if spec.type == "list" and name == spec.name:
            return filler(draw) if sentences else Slots(draw).fill("{adjective} {thing}")
        return text_of(draw, description, FieldSpec(name or "text"))

    return schema_value(rng, spec.schema or _schema(spec, shown), write, spec.name)


def _schema(spec: FieldSpec, shown: Sequence[Any]) -> dict[str, Any]:
    """A JSON Schema of what the field holds, by its type and after its examples."""
    if spec.type == "number":
        return _number_schema(spec.name, shown)
    if spec.type in ("boolean", "json"):
        return _alike(shown[0] if shown else _ITEMS[spec.type])
    first = next((value for value in shown if isinstance(value, list) and value), [])
    item = first[0] if first else _ITEMS.get(spec.item_type, "a b")
    size = {"minItems": len(first), "maxItems": len(first)} if first else {"minItems": 2, "maxItems": 4}
    return {"type": "array", "items": _alike(item), "uniqueItems": isinstance(item, str), **size}


def _number_schema(name: str, shown: Sequence[Any]) -> dict[str, Any]:
    numbers = [value for value in shown if isinstance(value, int | float) and not isinstance(value, bool)]
    ranges = corpus("words")["named"].pairs("number")
    known = (bounds for pattern, bounds in ranges if re.search(rf"(?:^|_)(?:{pattern})s?$", name.lower()))
    low, high = map(float, next(known, "1 100").split())
    if numbers:
        low, high = min(low, *numbers), max(numbers)
        low, high = (low, high) if high > low else (min(0.0, low), low + 10)
    kind, step = ("integer", 1) if all(isinstance(value, int) for value in numbers) else ("number", 0.01)
    return {"type": kind, "minimum": low, "maximum": high, "multipleOf": step}


def _alike(value: Any) -> dict[str, Any]:
    """The schema of values such as this one."""
    if isinstance(value, dict):
        return {"properties": {key: _alike(inner) for key, inner in value.items()}, "required": list(value)}
    if isinstance(value, list):
        return {"type": "array", "prefixItems": [_alike(inner) for inner in value], "maxItems": len(value)}
    if isinstance(value, bool) or value is None:
        return {"type": "null" if value is None else "boolean"}
    return {"type": "string"} if isinstance(value, str) else _number_schema("", [0, value, abs(value) + 3])


def text_of(rng: random.Random, description: str, spec: FieldSpec, examples: Sequence[str] = ()) -> str:
    """A text: of the kind its name says, in the form of short examples, else sentences about the dataset's subject."""
    slots, name = Slots(rng), spec.name.lower()
    if examples and re.fullmatch(r"\d+", examples[0]):
        return "".join(str(int(rng.random() * 9) + 1) for _ in examples[0])
    if examples and all(value.count(" ") < 3 and value == value.lower() for value in examples):
        return pick(rng, examples)
    for pattern, form in corpus("words")["named"].pairs("text"):
        if re.search(rf"(?:^|_| )(?:{pattern})s?$", name):
            return slots.fill(form)
    words = tuple(telling_words((spec.description, description), 8))
    if not words:
        return f"{filler(rng)} {filler(rng)}"
    asks = re.search(r"question|query", name) is not None or (bool(examples) and examples[0].rstrip().endswith("?"))
    text = write_text(rng, "question" if asks else "statement", Topic("", "", words))
    return text if asks else f"{text} {filler(rng)}"


def schema_value(rng: random.Random, schema: Any, write: Writer, name: str = "") -> Any:
    """A value of `schema`; `write(rng, name)` writes the text of a property without further rules."""
    return _Values(rng, write, schema).value(schema, name, 0)


@dataclass(frozen=True, slots=True)
class _Values:
    """Writes the values of one schema, `root`, in which references are looked up."""

    rng: random.Random
    write: Writer
    root: Any

    def value(self, schema: Any, name: str, depth: int) -> Any:
        """A value of a part of the schema that stands under a name."""
        if not isinstance(schema, Mapping) or depth > MAX_DEPTH * 3:
            return self.write(self.rng, name)
        if "$ref" in schema:
            schema = self._resolved(schema["$ref"])
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return pick(self.rng, schema["enum"])
        for key in ("anyOf", "oneOf"):
            if schema.get(key):
                rest = {word: said for word, said in schema.items() if word != key}
                return self.value({**rest, **pick(self.rng, schema[key])}, name, depth + 1)
        if schema.get("allOf"):
            return self.value(_merged(schema), name, depth + 1)
        return self._typed(schema, name, depth)

    def _typed(self, schema: Schema, name: str, depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else "string")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind in ("integer", "number"):
            return self._number(schema, whole=kind == "integer")
        if kind == "boolean":
            return self.rng.random() < 0.5
        return None if kind == "null" else self._text(schema, name)

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        required = schema.get("required", ())
        properties = {**schema.get("properties", {})}
        properties |= {key: {} for key in required if key not in properties}
        return {
            key: self.value(inner, key, depth + 1)
            for key, inner in properties.items()
            if key in required or (depth < MAX_DEPTH and self.rng.random() < 0.7)
        }

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        values = [self.value(item, name, depth + 1) for item in schema.get("prefixItems", ())]
        low = max(len(values), schema.get("minItems", 0 if depth >= MAX_DEPTH else 1))
        high = max(low, schema.get("maxItems", low + 2))
        wanted = low + int(self.rng.random() * (min(high, low + 3) - low + 1))
        for _ in range(wanted * 8):
            if len(values) >= wanted:
                break
            value = self.value(schema.get("items", {}), name, depth + 1)
            if not schema.get("uniqueItems") or value not in values:
                values.append(value)
        return values

    def _number(self, schema: Schema, *, whole: bool) -> int | float:
        step = schema.get("multipleOf", 1 if whole else 0.5)
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        low = low if low is not None else (0 if high is None or high > 0 else high - 100)
        high = high if high is not None else low + 100
        first = int(-(-low // step)) + ("exclusiveMinimum" in schema and low % step == 0)
        last = int(high // step) - ("exclusiveMaximum" in schema and high % step == 0)
        if last < first:
            return low + (high - low) / 2
        value = (first + int(self.rng.random() * (last - first + 1))) * step
        return int(value) if whole else round(value, 6)

    def _text(self, schema: Schema, name: str) -> str:
        if "pattern" in schema:
            return sample(self.rng, schema["pattern"]) or ""
        forms = corpus("words")["formats"].pairs("format")
        form = next((form for kind, form in forms if kind == schema.get("format")), "")
        text = Slots(self.rng).fill(form) if form else self.write(self.rng, name)
        text = text.lower() if form.islower() else text
        while len(text) < schema.get("minLength", 0):
            text += " " + self.write(self.rng, name)
        return text[: schema["maxLength"]].strip() or "a" if "maxLength" in schema else text

    def _resolved(self, reference: str) -> Any:
        found = self.root
        for part in reference.removeprefix("#").strip("/").split("/"):
            if part and isinstance(found, Mapping):
                found = found.get(part.replace("~1", "/").replace("~0", "~"), {})
        return found


def _merged(schema: Schema) -> dict[str, Any]:
    """The schema and the parts of its `allOf` as one."""
    merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
    for part in schema["allOf"]:
        properties = {**merged.get("properties", {}), **part.get("properties", {})}
        required = [*merged.get("required", ()), *part.get("required", ())]
        merged |= {**part, **({"properties": properties} if properties else {}), "required": required}
    return merged
