"""The resolved fields of a record: name, type, and how a value is brought into that type."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen_cli.core.constraint import Described

JSON_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "list": {"type": "array", "items": {}},
    "json": {},
}


MAX_DEPTH = 64
"""Levels of lists and objects in a value; readers of JSON lines give up at some hundred."""
_HALF = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"(?P<sign>[+-]?)(?P<digits>[.,]*+\d[\d.,]*+)(?P<exponent>[eE][+-]?\d+)?")
_SIGNS = str.maketrans(
    {**dict.fromkeys("\u2212\u2012\u2013\ufe63\uff0d", "-"), "٬": ",", "٫": ".", "，": ",", "．": "."}
)
_UNSEEN = " \t\r\n\u00a0\u200b\ufeff"
_SPACED_THOUSANDS = re.compile(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field as every part of the run sees it.

    `type` is text, number, boolean, label, list or json. `values` are the label's values in the base's own form
    (text, number or boolean); empty when any value may stand there. `written` is false for fields that come from
    the base (methods response and enhance); `keep` is false for scratch. `code` says that a text is a program, which a
    model is asked for as a fenced block.
    """

    name: str
    type: str = "text"
    description: str = ""
    keep: bool = True
    written: bool = True
    values: tuple[Any, ...] = ()
    schema: Mapping[str, Any] = field(default_factory=dict)
    item_type: str = ""
    code: bool = False

    def json_schema(self) -> dict[str, Any]:
        """JSON Schema of one value."""
        if self.type == "label":
            return {"enum": list(self.values)} if self.values else {"type": "string"}
        if self.type == "json":
            return dict(self.schema)
        if self.type == "list" and self.item_type in JSON_TYPES:
            return {"type": "array", "items": dict(JSON_TYPES[self.item_type])}
        return dict(JSON_TYPES[self.type])


@dataclass(frozen=True, slots=True)
class About:
    """What a model is told of the dataset, whatever it is asked: description, fields, label meanings, constraints.

    `label_field` names the planned label; it is empty when the model writes the label itself.
    """

    description: str = ""
    specs: tuple[FieldSpec, ...] = ()
    meanings: Mapping[Any, str] = field(default_factory=dict)
    constraints: tuple[Described, ...] = ()
    label_field: str = ""

    @property
    def written(self) -> tuple[FieldSpec, ...]:
        """The fields that a model writes, in order."""
        return tuple(spec for spec in self.specs if spec.written)

    @property
    def given(self) -> tuple[FieldSpec, ...]:
        """The fields that come from the base, in order (methods response and enhance)."""
        return tuple(spec for spec in self.specs if not spec.written)

    @property
    def asked(self) -> tuple[FieldSpec, ...]:
        """The fields that a model is asked for: those that are written, without a planned label, which is filled in."""
        found = tuple(spec for spec in self.written if spec.name != self.label_field)
        return found or self.written

    @property
    def sentences(self) -> tuple[str, ...]:
        """The constraints in words."""
        return tuple(constraint.describe() for constraint in self.constraints)


class WrongType(ValueError):
    """A value that is not of its field's type and cannot be brought into it without loss."""


def coerce(spec: FieldSpec, value: Any) -> Any:
    """`value` in the type of the field: "1,234" for a number becomes 1234, "3,50" 3.5; 3 for a text stays an error.

    Raises `WrongType`, whose text says what was found, and for what no reader of JSON lines takes (`unreadable`).
    """
    found = _typed(spec, value)
    if reason := unreadable(found):
        raise WrongType(reason)
    return found


def unreadable(value: Any) -> str:
    """Why readers of JSON lines (pandas, Arrow) cannot read a value, empty where they can.

    They take no integer beyond 64 bits, no number that is none (NaN, infinity), no half of a character (a lone
    surrogate), and no more than some hundred levels of lists and objects (here `MAX_DEPTH`). A text ends at a NUL for
    many that take it from there: CSV readers, databases, programs in C.
    """
    waiting = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, str) and "\0" in item:
            return "it holds a NUL character, which databases and CSV readers refuse"
        if isinstance(item, str) and not item.isascii() and _HALF.search(item):
            return "it holds half of a character (a lone surrogate), which no file in UTF-8 can"
        if isinstance(item, float) and not math.isfinite(item):
            return f"{item} is no number of JSON"
        if isinstance(item, int) and not -(2**63) <= item < 2**63:
            return "an integer beyond 64 bits, which pandas cannot read; as text it can be of any length"
        if isinstance(item, list | dict):
            if depth == MAX_DEPTH:
                return f"more than {MAX_DEPTH} levels of lists and objects"
            inner = [*item, *item.values()] if isinstance(item, dict) else item
            waiting += [(part, depth + 1) for part in inner]
    return ""


def _typed(spec: FieldSpec, value: Any) -> Any:
    if spec.type == "number":
        return to_number(value)
    if spec.type == "boolean":
        return to_boolean(value)
    if spec.type == "label":
        return to_label(spec.values, value)
    expected = {"text": str, "list": list}.get(spec.type, object)
    if not isinstance(value, expected):
        raise WrongType(f"expected {spec.type}, found {describe_type(value)}")
    if isinstance(value, str) and spec.type == "text" and not value.strip():
        raise WrongType("expected text, found an empty one")
    return value


def to_number(value: Any) -> int | float:
    """An int or a finite float from a number or the text of one, see `number_text`."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise WrongType(f"expected number, found {describe_type(value)}")
    if isinstance(value, str):
        text = number_text(value)
        try:
            return int(text)
        except ValueError:
            pass
        try:
            value = float(text)
        except ValueError:
            raise WrongType(f"expected number, found text {value[:40]!r}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise WrongType("expected a finite number")
    return value


def number_text(text: str, decimal: str = "") -> str:
    """A number as Python writes it. Of two different signs the last is the decimal one; a sign that stands more than
    once separates thousands; a single comma is the decimal sign unless exactly three digits follow it and one to three
    stand before it that begin with no 0.

    `decimal` says which sign it is, where that is known. What is no number comes back as it is, for others to refuse.
    """
    text = text.strip(_UNSEEN).translate(_SIGNS)
    joined = _SPACED_THOUSANDS.sub("", text)
    found = _NUMBER.fullmatch(joined)
    if found is None:
        return text
    digits, exponent = found["digits"], found["exponent"] or ""
    sign = decimal or _decimal_sign(digits)
    other = "." if sign == "," or (not sign and "." in digits) else ","
    whole, _, fraction = digits.rpartition(sign) if sign and sign in digits else (digits, "", "")
    groups = whole.replace(sign or "\0", other).split(other)
    grouped = len(groups) == 1 or (all(0 < len(part) <= 3 for part in groups) and len(groups[-1]) == 3)
    if other in fraction or not grouped or (sign and digits.count(sign) > 1):
        return text
    return found["sign"] + "".join(groups) + (f".{fraction}" if sign and sign in digits else "") + exponent


def has_decimal_comma(text: str) -> bool:
    """Whether a comma is the decimal sign of a number, as far as the number alone tells."""
    found = _NUMBER.fullmatch(_SPACED_THOUSANDS.sub("", text.strip()))
    return found is not None and _decimal_sign(found["digits"]) == ","


def _decimal_sign(digits: str) -> str:
    comma, dot = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and dot >= 0:
        return "," if comma > dot else "."
    if dot >= 0:
        return "." if digits.count(".") == 1 else ""
    whole = digits[:comma]
    thousands = len(digits) - comma - 1 == 3 and len(whole) <= 3 and whole.lstrip("0") == whole and whole
    return "," if digits.count(",") == 1 and not thousands else ""


def to_boolean(value: Any) -> bool:
    """A boolean from a boolean or the texts true and false."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise WrongType(f"expected boolean, found {describe_type(value)}")


def to_label(values: tuple[Any, ...], value: Any) -> Any:
    """The label value that `value` names, in the form of the base; exact first, then by text without case."""
    if isinstance(value, list | dict) or value is None:
        raise WrongType(f"expected a label, found {describe_type(value)}")
    if not values:
        if isinstance(value, str) and not value.strip():
            raise WrongType("expected a label, found an empty text")
        return value
    for known in values:
        if type(known) is type(value) and known == value:
            return known
    text = plain(value)
    for known in values:
        if plain(known) == text:
            return known
    raise WrongType(f"{str(value)[:40]!r} is not one of the label's values")


def plain(value: Any) -> str:
    """Label text for comparing: `True` and "true" alike, 3 and 3.0 alike, é as one sign or as two."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip().casefold()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


MOST_SPELLED = 100
"""Labels of more values are free answers, whose spelling says nothing."""


def spellings(values: Iterable[Any]) -> str:
    """`'Delivery' and 'delivery '`: texts alike but for case, spaces and form, the first three; empty without."""
    found: dict[str, set[str]] = {}
    for value in values:
        if isinstance(value, str) and value.strip():
            found.setdefault(plain(value), set()).add(value)
    several = [sorted(ways) for ways in found.values() if len(ways) > 1]
    if len(found) > MOST_SPELLED:
        return ""
    return "; ".join(" and ".join(map(repr, ways[:3])) for ways in several[:3])


FIELD_JOINT = "\n\n"
"""Between the fields of a text: a blank line."""


def plain_text(value: Any) -> str:
    """A value as it is read: texts as they are, `true`, 42 for 42.0, JSON for lists and objects, nothing for null."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def joined_text(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """The fields of a row as one text, joined by a blank line; those that are absent, null or empty are left out."""
    return FIELD_JOINT.join(text for name in names if (text := plain_text(row.get(name))))


def describe_type(value: Any) -> str:
    """The JSON name of a value's type."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "text", list: "list", dict: "object"}
    return names.get(type(value), type(value).__name__)
