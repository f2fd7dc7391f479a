"""JSON Schemas of a recipe (draft 2020-12): what is wrong with one, and what it says of a value, within bounds.

References inside a schema work; references to other files or addresses are refused, because nothing is read or
contacted that the recipe does not name. `format` is not checked. A check may take `MAX_CPU_S` seconds of CPU time: a
pattern may backtrack, and references may branch, without end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from datagen_cli.core.budget import Allowance, TooMuch, within
from datagen_cli.core.regex import compile_regex

MAX_CPU_S = 0.5
MOST_WANTED = 100_000
"""The largest size that a schema may ask for; nothing that a model writes is larger."""
_LEAST = ("minLength", "minItems", "minProperties")
_TRIED: tuple[Any, ...] = ({}, [], "", 0, None)
_DATA = ("const", "default", "enum", "examples")


def broken(schema: Mapping[str, Any], *, placed: bool = True) -> str:
    """What is wrong with a JSON Schema, with the place in it unless that is clear; empty for nothing."""
    try:
        return within(lambda: _broken(dict(schema), placed), cpu_s=2 * MAX_CPU_S)
    except TooMuch as error:
        return str(error)


def _broken(schema: dict[str, Any], placed: bool) -> str:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        where = "/".join(str(part) for part in error.absolute_path)
        return f"{where or 'top'}: {error.message[:200]}" if placed else error.message[:200]
    registry: Registry[Any] = Registry()
    resolver = registry.resolver_with_root(DRAFT202012.create_resource(schema))
    for keyword, text in _keywords(schema):
        if keyword in _LEAST:
            if text > MOST_WANTED:
                return f"{keyword}: at most {MOST_WANTED:,}"
            continue
        try:
            if keyword == "pattern":
                compile_regex(text)
            else:
                resolver.lookup(text)
        except Unresolvable:
            return f"nothing is found under {keyword} {text[:100]!r} (a reference is to a part of the same schema)"
        except ValueError as error:
            return f"pattern: {error}"
    compiled = JsonSchema(schema)
    for value in _TRIED:
        compiled.errors(value)
    return ""


class JsonSchema:
    """A schema, ready to check values; it fetches nothing."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        from jsonschema import Draft202012Validator
        from referencing import Registry

        self._validator: Any = Draft202012Validator(dict(schema), registry=Registry())
        self._allowance = Allowance(MAX_CPU_S)

    def errors(self, value: Any) -> list[Any]:
        """What of a value does not fit, as errors of jsonschema. Raises `TooMuch` when that cannot be told."""
        try:
            return self._allowance.spend(lambda: list(self._validator.iter_errors(value)))
        except (TooMuch, RecursionError):
            raise
        except Exception as error:  # the recipe's schema in another's code: bounds that hold against no number
            raise TooMuch(f"it cannot be checked: {str(error)[:200]}") from error


def _keywords(schema: Any) -> Iterator[tuple[str, Any]]:
    """References, patterns and least sizes, wherever they stand."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if (key in ("$ref", "$dynamicRef", "pattern") and isinstance(value, str)) or (
                key in _LEAST and isinstance(value, int | float)
            ):
                yield key, value
            elif key == "patternProperties" and isinstance(value, dict):
                yield from (("pattern", pattern) for pattern in value)
                yield from _keywords(list(value.values()))
            elif key not in _DATA:
                yield from _keywords(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _keywords(item)
