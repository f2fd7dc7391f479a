"""From a model's reply to records, and the response format that asks for them.

Accepted: `{"records": [...]}`, a bare list, a single object; each also inside a fence or prose, after reasoning, or as
one object a line (`thinking.py`, `reply_json.py`). Every value is then brought into its field's type: a record with a
missing, empty or wrong value is broken, and so is one that only gives the prompt's own words back or declines; the
others are kept.

Costs about 10 µs for a good reply of one record. Does *not* judge content, and never raises for a reply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from json import JSONDecoder
from typing import Any

from datagen_cli.core.budget import TooMuch
from datagen_cli.core.digest import canonical
from datagen_cli.core.fields import FieldSpec, WrongType, coerce, describe_type, plain_text
from datagen_cli.core.json_schema import JsonSchema
from datagen_cli.core.pattern import compiled_later
from datagen_cli.prompts.declining import declines
from datagen_cli.prompts.empty_words import CONTROL, is_form, may_be_form, sounds_refused
from datagen_cli.prompts.fences import without_tags
from datagen_cli.prompts.framing import text_of, thoughts_end
from datagen_cli.prompts.reply_json import BROKEN, Finder
from datagen_cli.prompts.response_format import strict_format, strict_object
from datagen_cli.prompts.thinking import answer_of
from datagen_cli.text.strict_json import loads

LOOPS = "loops"
"""The finish reason of a reply that was cut off while it only repeated itself: more tokens would be more of the
same."""
WHOLE_ENDS = (
    "",
    "stop",
    "eos",
    "eos_token",
    "end_turn",
    "stop_sequence",
    "complete",
    "tool_calls",
    "tool_use",
    "function_call",
)
"""Reasons to stop that leave a reply whole."""

TRUTH = {"true": True, "yes": True, "false": False, "no": False}
_CURRENCY = r"(?:(?:US|CA|AU|NZ|HK|[ACR])?\$|[€£¥₹₩₽]|(?:USD|EUR|GBP|JPY|CHF|CNY|INR)\b)"
_MONEY = compiled_later(
    rf"([-+\u2212\u2013]?){_CURRENCY}\s*([-+\d.,][^$€£¥₹]*)|([^$€£¥₹]*[\d.])\s*{_CURRENCY}", re.IGNORECASE
)
_UNESCAPED = compiled_later(
    r"\t(?:ext(?:bf|it|rm)?\{|imes\b|heta\b|frac\{|ilde\{|riangle)|\r(?:ight|angle|ho\b)|\n(?:abla\b|otin\b"
    r"|eq\b(?= ?[\\${]| -?\d| [\w(])(?! (?:in|is|if|for|and|or|not|else)\b))"
)
"""`\times` and its like, whose backslash was read as the escape of a tab or of a line end. A line that begins with a
variable `eq` is none."""
_BEGUN = compiled_later(r"\s*(?:```(?:json)?\s*)?\{\s*\"records\"\s*:\s*\[\s*(.*)", re.DOTALL)
_OPEN = compiled_later(r'"([^"\\]+)"\s*:\s*"((?:[^"\\]|\\.)*\\?)\Z', re.DOTALL)
_HALF_ESCAPE = compiled_later(r"(?<!\\)((?:\\\\)*)\\(?:u[0-9a-fA-F]{0,3})?\Z")
_STRINGS = compiled_later(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


class Declined(WrongType):
    """A text that is a refusal."""


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """What a reply holds.

    `records` are what came, in order and at most as many as wanted: the fields in the recipe's order, or None for a
    broken one. `surplus` are whole records beyond those. `problems` says in a sentence what was wrong with the reply
    or with each broken record. `repaired`: it was not valid JSON as it came. `refused`: the model declined.
    `truncated`: it was cut off at max_tokens; what came before is counted only of several records (`parse_cut`).
    `numbered`: each record bore its number, from 1.
    """

    records: tuple[dict[str, Any] | None, ...] = ()
    problems: tuple[str, ...] = ()
    repaired: bool = False
    refused: bool = False
    truncated: bool = False
    surplus: tuple[dict[str, Any], ...] = ()
    numbered: bool = False

    @property
    def whole(self) -> list[dict[str, Any]]:
        """The records that are not broken, in order."""
        return [record for record in self.records if record is not None]


def parse_reply(
    text: str, finish_reason: str, specs: Sequence[FieldSpec], wanted: int = 1, known: Collection[str] = ()
) -> ParsedReply:
    """The records of a reply that was asked for `wanted` of them, in the fields of `specs` that are written. `known`
    are other names that the prompt gives values of: under these no record has its number."""
    early = ended_early(finish_reason)
    if early is not None:
        return early
    written = [spec for spec in specs if spec.written]
    text, damaged = writable(text)
    others = frozenset((*known, *(spec.name for spec in specs)))
    found = Finder(frozenset(spec.name for spec in written), others=others).find(answer_of(text), wanted)
    if found.items is None:
        return _without_records(text)
    records: list[dict[str, Any] | None] = []
    surplus: list[dict[str, Any]] = []
    problems: list[str] = []
    refused = False
    for number, item in enumerate(found.items, 1):
        try:
            record = read_record(_strict(item) if found.repaired else item, written)
        except WrongType as error:
            if number <= wanted:
                problems.append(f"record {number}: {error}" if wanted > 1 else str(error))
                records.append(None)
                refused |= isinstance(error, Declined)
        else:
            surplus.append(record) if number > wanted else records.append(record)
    if len(records) < wanted:
        problems.append(f"{len(records)} of {wanted} records came")
    refused &= not any(record is not None for record in records)
    repaired = found.repaired or damaged
    return ParsedReply(
        tuple(records), tuple(problems), repaired, refused, surplus=tuple(surplus), numbered=found.numbered
    )


def parse_cut(text: str, specs: Sequence[FieldSpec], wanted: int) -> ParsedReply:
    """What stands whole in a reply of several records that was cut off: it holds the first ones, so that each has its
    place. No records where it is no `{"records": [...` that was written as asked for."""
    begun = _BEGUN.match(answer_of(writable(text)[0]))
    whole: list[Any] = []
    rest = begun[1] if begun else ""
    while rest.startswith("{"):
        try:
            item, end = JSONDecoder().raw_decode(rest)
        except (ValueError, RecursionError):
            break
        whole.append(item)
        rest = rest[end:].lstrip(" \t\r\n,")
    if not whole:
        return ParsedReply(problems=("the reply was cut off at max_tokens",), truncated=True)
    parsed = parse_reply(json.dumps({"records": whole[:wanted]}), "stop", specs, wanted)
    return replace(parsed, truncated=True)


def cut_within(text: str) -> tuple[str, str, str] | None:
    """A JSON reply that was cut off inside a text: the reply with that text and all around it closed, the text's key,
    and the text as far as it came. None where it was cut off elsewhere."""
    found = _OPEN.search(text)
    if found is None:
        return None
    begun = _HALF_ESCAPE.sub(r"\1", found[2])
    try:
        value = json.loads(f'"{begun}"', strict=False)
    except ValueError:
        return None
    before = _STRINGS.sub("", text[: found.start()])
    closing = ""
    for mark in before:
        if mark in "{[":
            closing = ("}" if mark == "{" else "]") + closing
        elif mark in "}]":
            closing = closing[1:]
    return f'{text[: found.start(2)]}{begun}"{closing}', found[1], value


def ended_early(finish_reason: str) -> ParsedReply | None:
    """What a reply that did not end by itself comes to; None for one that did."""
    if finish_reason == "length":
        return ParsedReply(problems=("the reply was cut off at max_tokens",), truncated=True)
    if finish_reason == LOOPS:
        return ParsedReply(problems=("the reply only repeats itself from some place on",))
    if finish_reason == "content_filter":
        return ParsedReply(problems=("the provider's content filter stopped the reply",), refused=True)
    if finish_reason.lower() not in WHOLE_ENDS:
        return ParsedReply(problems=(f"the provider ended the reply with {finish_reason[:40]!r}",))
    return None


def one_record(values: Mapping[str, Any], specs: Sequence[FieldSpec], reply: str = "") -> ParsedReply:
    """The one record of a reply that gave these values; of a broken one it is also said where the whole `reply` sounds
    like a refusal."""
    try:
        return ParsedReply((read_record(values, specs),))
    except WrongType as error:
        return ParsedReply((None,), (str(error),), refused=isinstance(error, Declined) or sounds_refused(reply))


def read_record(item: Any, specs: Sequence[FieldSpec]) -> dict[str, Any]:
    """One record in the fields' types and order; other keys are dropped. Raises `WrongType` that names the field."""
    if item is BROKEN:
        raise WrongType("it cannot be read without loss")
    if not isinstance(item, dict):
        raise WrongType(f"expected an object, found {describe_type(item)}")
    record = {}
    names = [spec.name for spec in specs]
    for spec in specs:
        value: Any = _untagged(spec, _plain(spec, item.get(spec.name)), names)
        if value is None:
            raise WrongType(f"{spec.name}: {'null' if spec.name in item else 'missing'}")
        try:
            value = coerce(spec, value)
            if spec.type == "list":
                value = [_item(spec, entry) for entry in value]
        except WrongType as error:
            raise WrongType(f"{spec.name}: {error}") from error
        for text in [value] if spec.type == "text" else value if spec.type == "list" else ():
            if isinstance(text, str):
                _refuse_empty_words(spec, text)
        _refuse_controls(spec, value)
        if spec.type == "json" and spec.schema:
            _check_schema(spec, value)
        record[spec.name] = _trimmed(spec, value)
    texts = [(spec, record[spec.name]) for spec in specs if spec.type == "text"]
    if len(texts) > 1 and all(may_be_form(text, spec.name) for spec, text in texts):
        raise WrongType(f"{texts[0][0].name}: the form came back instead of texts: {texts[0][1][:60]!r}")
    return record


def _plain(spec: FieldSpec, value: Any) -> Any:
    """A value as it would be without what models put around it: an object of one key, a currency, a word for a truth
    value."""
    if isinstance(value, dict) and spec.type != "json" and value.keys() in ({spec.name}, {"value"}, {"text"}):
        value = next(iter(value.values()))
    if isinstance(value, list) and len(value) == 1 and spec.type not in ("list", "json"):
        value = value[0]
    if not isinstance(value, str) or spec.type not in ("number", "boolean"):
        return value
    if spec.type == "boolean":
        return TRUTH.get(value.strip(" .").lower(), value)
    found = _MONEY.fullmatch(value.strip())
    return (found[3] or found[1] + found[2]) if found else value


def _untagged(spec: FieldSpec, value: Any, names: Sequence[str]) -> Any:
    """A value without tags of fields around its texts. Raises `WrongType` where it is nothing else."""
    if isinstance(value, list) and spec.type == "list":
        return [_untagged(spec, entry, names) if isinstance(entry, str) else entry for entry in value]
    if not isinstance(value, str) or spec.code or "<" not in value:
        return value
    bare = without_tags(value, names)
    if thoughts_end(bare.strip(), names) is not None:
        bare = text_of(bare, names)
        if not bare:
            raise WrongType(f"{spec.name}: it is nothing but reasoning")
    if value.strip() and not bare:
        raise WrongType(f"{spec.name}: the form came back instead of a text: {value.strip()[:60]!r}")
    return bare


def _item(spec: FieldSpec, entry: Any) -> Any:
    """An item of a list in the type of its items; where none is known, numbers and truth values become texts."""
    if entry is None:
        raise WrongType("null in the list")
    if spec.item_type:
        return coerce(replace(spec, type=spec.item_type), entry)
    return plain_text(entry) if isinstance(entry, int | float) else entry


def _trimmed(spec: FieldSpec, value: Any) -> Any:
    """A text, or the texts of a list, without white space around it; the indent of the first of several lines stays."""
    if spec.type == "list" and isinstance(value, list):
        return [_trimmed(FieldSpec(spec.name), item) for item in value]
    if spec.type != "text" or spec.code or not isinstance(value, str):
        return value
    text = re.sub(r"\A(?:[^\S\n]*\n)+", "", value.rstrip())
    return text if "\n" in text else text.lstrip()


def _refuse_empty_words(spec: FieldSpec, value: str) -> None:
    """Raises `WrongType` for a text that says nothing of its own: a placeholder, the field's description, a refusal."""
    text = value.strip()
    if is_form(text, spec.name, spec.description):
        raise WrongType(f"{spec.name}: the form came back instead of a text: {text[:60]!r}")
    if declines(text):
        raise Declined(f"{spec.name}: the model declined: {' '.join(text.split())[:200]}")


def _refuse_controls(spec: FieldSpec, value: Any) -> None:
    """Raises `WrongType` for a text anywhere in a value with control characters, as which `\\f` of an unescaped
    `\\frac` is read."""
    if isinstance(value, list | dict):
        for part in [*value, *value.values()] if isinstance(value, dict) else value:
            _refuse_controls(spec, part)
    elif isinstance(value, str) and (control := CONTROL.search(value) or _UNESCAPED.search(value)) is not None:
        raise WrongType(f"{spec.name}: it holds the control character {control[0]!r}: a backslash was not escaped")


def response_format(
    specs: Sequence[FieldSpec], n: int, bounds: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """The OpenAI `response_format` of exactly `n` records: written fields in order, all required, nothing else.

    `bounds` are parts of JSON Schema that constraints give, by field.
    """
    written = [spec for spec in specs if spec.written]
    record = strict_object({spec.name: {**_property(spec), **(bounds or {}).get(spec.name, {})} for spec in written})
    return strict_format("records", {"records": {"type": "array", "items": record, "minItems": n, "maxItems": n}})


def _property(spec: FieldSpec) -> dict[str, Any]:
    schema = spec.json_schema()
    if spec.type == "label" and spec.values:
        kinds = {bool: "boolean", int: "number", float: "number"}
        types = sorted({kinds.get(type(value), "string") for value in spec.values})
        schema = {"type": types[0] if len(types) == 1 else types, **schema}
    return {**schema, "description": spec.description} if spec.description else schema


def _strict(item: Any) -> Any:
    """What repair made of a record, if it can be written as JSON again. Raises `WrongType`."""
    if item is BROKEN:
        return item
    try:
        return loads(json.dumps(item))
    except (ValueError, TypeError, RecursionError) as error:
        raise WrongType(f"not JSON: {error}") from error


def writable(text: str) -> tuple[str, bool]:
    """The text with every half surrogate as `?`, and whether there was one: UTF-8 cannot hold them."""
    if text.isascii():
        return text, False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8"), True
    return text, False


def _without_records(text: str) -> ParsedReply:
    stripped = answer_of(text)
    if not stripped:
        return ParsedReply(problems=("the reply is empty",))
    if sounds_refused(stripped):
        return ParsedReply(problems=(f"the model declined: {' '.join(stripped.split())[:200]}",), refused=True)
    return ParsedReply(problems=("no records in the reply",))


def _check_schema(spec: FieldSpec, value: Any) -> None:
    try:
        errors = _compiled(canonical(dict(spec.schema))).errors(value)
    except TooMuch as error:
        raise WrongType(f"{spec.name}: cannot be checked against its schema: {error}") from error
    if errors:
        raise WrongType(f"{spec.name}: {errors[0].message[:200]}")


@lru_cache(maxsize=64)
def _compiled(schema: bytes) -> JsonSchema:
    return JsonSchema(loads(schema.decode()))
