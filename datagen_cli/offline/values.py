"""A value for a field that plays no part in its dataset's shape: told from its name, its type and its examples."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

from datagen_cli.core.fields import FieldSpec
from datagen_cli.offline.corpus import Slots, corpus, pick, sentence, telling_words
from datagen_cli.offline.schema_values import schema_value
from datagen_cli.offline.texts import statement, write_text
from datagen_cli.offline.topics import Topic


def value_of(rng: random.Random, description: str, spec: FieldSpec, examples: Sequence[Any]) -> Any:
    """A value of the field's type, in the form of its examples (which may be none)."""
    if spec.values:
        return pick(rng, spec.values)
    shown = [value for value in examples if value is not None]
    if spec.type == "number" or (spec.type == "label" and shown and isinstance(shown[0], int | float)):
        return _number(rng, spec.name, shown)
    if spec.type == "boolean":
        return rng.random() < 0.5
    if spec.type == "list":
        return _list(rng, spec, shown)
    if spec.type == "json" and spec.schema:
        return schema_value(rng, spec.schema, lambda draw, name: text_of(draw, description, FieldSpec(name or "text")))
    if spec.type == "json":
        return _like(rng, shown[0] if shown else {"note": "a b c d e", "count": 9})
    if spec.type == "label":
        return pick(rng, shown) if shown else Slots(rng).fill("{adjective}")
    return text_of(rng, description, spec, [value for value in shown if isinstance(value, str)])


def text_of(rng: random.Random, description: str, spec: FieldSpec, examples: Sequence[str] = ()) -> str:
    """A text: of the kind its name says, in the form of short examples, else sentences about the dataset's subject."""
    slots, name = Slots(rng), spec.name.lower()
    if examples and re.fullmatch(r"\d+", examples[0]):
        return "".join(str(int(rng.random() * 9) + 1) for _ in examples[0])
    if examples and re.fullmatch(r"[A-Z]", examples[0]):
        return pick(rng, "ABCD")
    if examples and all(value.count(" ") < 3 and value == value.lower() for value in examples):
        return pick(rng, examples)
    for pattern, form in corpus("words")["named"].pairs("text"):
        if re.search(rf"(?:^|_| )(?:{pattern})s?$", name):
            return slots.fill(form)
    words = tuple(telling_words((spec.description, description), 8))
    if not words:
        return f"{statement(rng)} {statement(rng)}"
    asks = re.search(r"question|query", name) is not None or (bool(examples) and examples[0].rstrip().endswith("?"))
    text = write_text(rng, "question" if asks else "statement", Topic("", "", words))
    return text if asks else f"{text} {sentence(statement(rng))}"


def _number(rng: random.Random, name: str, examples: Sequence[Any]) -> int | float:
    numbers = [value for value in examples if isinstance(value, int | float) and not isinstance(value, bool)]
    ranges = corpus("words")["named"].pairs("number")
    known = (bounds for pattern, bounds in ranges if re.search(rf"(?:^|_)(?:{pattern})s?$", name.lower()))
    low, high = map(float, next(known, "1 100").split())
    if numbers:
        low, high = min(low, *numbers), max(numbers)
        low, high = (low, high) if high > low else (min(0.0, low), low + 10)
    if all(isinstance(value, int) for value in numbers):
        return int(low) + int(rng.random() * (int(high) - int(low) + 1))
    return round(low + rng.random() * (high - low), 2)


def _list(rng: random.Random, spec: FieldSpec, examples: Sequence[Any]) -> list[Any]:
    shown = next((value for value in examples if isinstance(value, list) and value), [])
    size = len(shown) or 2 + int(rng.random() * 3)
    kind = spec.item_type or ("number" if shown and isinstance(shown[0], int | float) else "text")
    if kind == "number":
        return [_number(rng, spec.name, shown) for _ in range(size)]
    if kind in ("boolean", "json"):
        return [_like(rng, shown[0] if shown else kind == "boolean" or {"note": "a b c d e"}) for _ in range(size)]
    long = bool(shown) and isinstance(shown[0], str) and shown[0].count(" ") > 4
    found: dict[str, None] = {}
    while len(found) < min(size, 40):
        found[statement(rng) if long else Slots(rng).fill("{adjective} {thing}")] = None
    return list(found)


def _like(rng: random.Random, value: Any) -> Any:
    """A JSON value of the same shape."""
    if isinstance(value, dict):
        return {key: _like(rng, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_like(rng, inner) for inner in value]
    if isinstance(value, bool):
        return rng.random() < 0.5
    if isinstance(value, int):
        return _number(rng, "", (0, value, abs(value) + 3))
    if isinstance(value, float):
        return round(value * (0.5 + rng.random()), 3)
    if value is None:
        return None
    return statement(rng) if value.count(" ") > 3 else Slots(rng).fill("{adjective} {thing}")
