"""A value for a field that has no part in a task of its own: told from its name, its type and its examples."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

from datagen_cli.llm.simulation.prompt import FieldAsked, Frame
from datagen_cli.llm.simulation.prose import class_text, statement
from datagen_cli.llm.simulation.registers import Subject, content_words
from datagen_cli.llm.simulation.schema_values import schema_value
from datagen_cli.llm.simulation.slots import Slots, pick, sentence

# what a name ends in -> how such a text looks
TEXTS = {
    r"e_?mail": "{name}.{surname}{n}@example.org",
    r"date|day": "{year}-0{m}-1{m}",
    r"time": "1{m}:{n2}",
    r"url|link|website": "https://example.org/{thing}/{code}{n}",
    r"city|place|location|town": "{city}",
    r"author|person|customer|user|name|speaker": "{name} {surname}",
    r"phone|telephone": "+1 555 01{n} {code}",
    r"id|ref|reference|code|number|key": "{ref}",
    r"product|item|object": "{color} {item}",
    r"color|colour": "{color}",
    r"company|organization|brand|source": "{surname} {city}",
    r"bio|biography|profile": "{name} {surname} was born in {city} in {year} and likes the {item} best.",
    r"title|headline|heading": "How a {adjective} {thing} came to {city} in {year}",
    r"keyword|tag": "{thing}",
}
NUMBERS = {
    r"age": (5, 90),
    r"year": (1950, 2024),
    r"rating|stars|score": (1, 5),
    r"price|cost|amount|total|salary": (3, 900),
    r"percent|share": (1, 100),
    r"count|quantity|number|n": (1, 60),
    r"month": (1, 12),
    r"day": (1, 28),
    r"hour": (0, 23),
}


def value_of(rng: random.Random, frame: Frame, field: FieldAsked, examples: Sequence[Any]) -> Any:
    """A value of the field's type, in the form of its examples (which may be none)."""
    if field.values:
        return pick(rng, field.values)
    if field.type == "number" or (field.type == "label" and examples and isinstance(examples[0], int | float)):
        return _number(rng, field.name, examples)
    if field.type == "boolean":
        return rng.random() < 0.5
    if field.type == "list":
        return _list(rng, frame, field, examples)
    if field.type == "json":
        return _json(rng, frame, field, examples)
    if field.type == "label":
        known = [value for value in examples if value is not None]
        return pick(rng, known) if known else Slots(rng).fill("{adjective}")
    return text_of(rng, frame, field, [value for value in examples if isinstance(value, str)])


def text_of(rng: random.Random, frame: Frame, field: FieldAsked, examples: Sequence[str] = ()) -> str:
    """A text: of the kind its name says, in the form of short examples, else sentences about the dataset's subject."""
    slots = Slots(rng)
    if examples and re.fullmatch(r"\d+", examples[0]):
        return "".join(str(int(rng.random() * 9) + 1) for _ in examples[0])
    if examples and re.fullmatch(r"[A-Z]", examples[0]):
        return pick(rng, "ABCD")
    if examples and all(value.count(" ") < 3 and value == value.lower() for value in examples):
        return pick(rng, examples)
    name = field.name.lower()
    for pattern, template in TEXTS.items():
        if re.search(rf"(?:^|_| )(?:{pattern})s?$", name):
            return slots.fill(template)
    words = tuple(content_words(f"{field.description} {frame.description}", 8))
    subject = Subject("words", "", words)
    if not words:
        return f"{statement(rng)} {statement(rng)}"
    asks = re.search(r"question|query", name) is not None or (bool(examples) and examples[0].rstrip().endswith("?"))
    text = class_text(rng, "question" if asks else "statement", subject)
    return text if asks else f"{text} {sentence(statement(rng))}"


def _number(rng: random.Random, name: str, examples: Sequence[Any]) -> int | float:
    numbers = [value for value in examples if isinstance(value, int | float) and not isinstance(value, bool)]
    known = (found for pattern, found in NUMBERS.items() if re.search(rf"(?:^|_)(?:{pattern})s?$", name.lower()))
    low: float
    high: float
    low, high = next(known, (1, 100))
    if numbers:
        low, high = min(low, *numbers), max(numbers)
        low, high = (low, high) if high > low else (min(0, low), low + 10)
    if all(isinstance(value, int) for value in numbers):
        return int(low) + int(rng.random() * (int(high) - int(low) + 1))
    return round(low + rng.random() * (high - low), 2)


def _list(rng: random.Random, frame: Frame, field: FieldAsked, examples: Sequence[Any]) -> list[Any]:
    shown = next((value for value in examples if isinstance(value, list) and value), None)
    size = len(shown) if shown else 2 + int(rng.random() * 3)
    kind = field.items or ("number" if shown and isinstance(shown[0], int | float) else "text")
    if kind == "number":
        return [_number(rng, field.name, shown or ()) for _ in range(size)]
    if kind == "boolean":
        return [rng.random() < 0.5 for _ in range(size)]
    if kind == "json":
        return [_like(rng, shown[0]) if shown else {"note": statement(rng)} for _ in range(size)]
    long = shown is not None and isinstance(shown[0], str) and shown[0].count(" ") > 4
    found: dict[str, None] = {}
    while len(found) < min(size, 40):
        found[statement(rng) if long else Slots(rng).fill("{adjective} {thing}")] = None
    return list(found)


def _json(rng: random.Random, frame: Frame, field: FieldAsked, examples: Sequence[Any]) -> Any:
    if field.schema:
        return schema_value(rng, field.schema, lambda draw, name: text_of(draw, frame, FieldAsked(name or "text")))
    return _like(rng, examples[0]) if examples else {"note": statement(rng), "count": 1 + int(rng.random() * 60)}


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
    return (
        value if value is None else statement(rng) if value.count(" ") > 3 else Slots(rng).fill("{adjective} {thing}")
    )
