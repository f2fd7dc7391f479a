"""JSON values that satisfy a JSON Schema: type, enum, const, properties, required, items, bounds, pattern, any/one/all.

A small part of the standard, enough for what recipes ask of a `json` field; what it does not know it leaves out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from datagen_cli.constraints.pattern_text import sample
from datagen_cli.offline.corpus import Slots, corpus, pick

MAX_DEPTH = 6
Writer = Callable[[random.Random, str], str]
Schema = Mapping[str, Any]


def schema_value(rng: random.Random, schema: Any, write: Writer) -> Any:
    """A value of `schema`; `write(rng, name)` writes the text of a property without further rules."""
    return _Values(rng, write, schema).value(schema, "", 0)


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
