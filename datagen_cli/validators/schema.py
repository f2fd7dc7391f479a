"""`schema`: the record against the types of its fields and, where given, a JSON Schema of the recipe's own.

One validator is compiled for the whole run (JSON Schema 2020-12): 66 µs a record. References inside the schema work;
references to other files or addresses are refused, because nothing is read or contacted that the recipe does not name.
`format` is not checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, field_validator

from datagen_cli.config.checks import CheckOptions, ValidatorFacts
from datagen_cli.constraints.fields import PASSED, shortened
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Slot, Verdict


class SchemaOptions(CheckOptions):
    """`schema` alone checks the field types; `schema: {schema: …}` adds a JSON Schema of the whole record.

    The schema is written in the recipe or named as a .json file, which is read here, so that its content (not its
    path) is part of the run's identity.
    """

    json_schema: dict[str, Any] | str | None = Field(
        None,
        alias="schema",
        description="JSON Schema of a record's fields, or a .json file that holds it",
        json_schema_extra={"x-path": True},
    )

    @field_validator("json_schema")
    @classmethod
    def _read_file(cls, value: dict[str, Any] | str | None) -> dict[str, Any] | None:
        return read_schema(value) if isinstance(value, str) else value


class Schema(ValidatorFacts):
    """A record whose fields have their types and fit the recipe's schema."""

    options: ClassVar[type[CheckOptions]] = SchemaOptions
    short: ClassVar[str | None] = "schema"

    def __init__(self, options: SchemaOptions, specs: Mapping[str, FieldSpec]) -> None:
        own = options.json_schema
        parts: list[dict[str, Any]] = [fields_schema(specs)]
        if isinstance(own, dict):
            check_schema(own)
            parts.append(own)
        self._validators = [compile_schema(part) for part in parts]

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """Fails with the first few places that do not fit: `answer: "x" is not of type 'number'`."""
        record = dict(fields)
        problems = [_sentence(error) for validator in self._validators for error in validator.iter_errors(record)]
        return Verdict("fail", "; ".join(problems[:3])) if problems else PASSED

    async def verify(self, record: Record, slot: Slot, ctx: Context) -> Verdict:
        """The verdict on the record's fields; asks nobody."""
        return self.check(record.fields)


def fields_schema(specs: Mapping[str, FieldSpec]) -> dict[str, Any]:
    """JSON Schema of a record with these fields, all required; labels and lists with the values and items known."""
    return {
        "type": "object",
        "properties": {name: _value_schema(spec) for name, spec in specs.items()},
        "required": list(specs),
    }


def _value_schema(spec: FieldSpec) -> dict[str, Any]:
    if spec.type == "label" and not spec.values:
        return {"type": ["string", "number", "boolean"]}
    return spec.json_schema()


def read_schema(path: str) -> dict[str, Any]:
    """The JSON Schema in a file. Raises `ValueError` that says what is wrong with it."""
    try:
        value = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a JSON file: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path}: a JSON Schema is an object")
    return value


def check_schema(schema: dict[str, Any]) -> None:
    """Raises `RecipeError` for what is no JSON Schema, or refers to something outside itself or that is not there."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        place = "/".join(str(part) for part in error.absolute_path)
        raise RecipeError(f"schema: {place or 'top'}: {error.message}") from error
    registry: Registry[Any] = Registry()
    resolver = registry.resolver_with_root(DRAFT202012.create_resource(schema))
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable as error:
            raise RecipeError(
                f"schema: nothing is found under $ref {reference!r}",
                hint="refer to parts of the same schema only, such as #/$defs/name",
            ) from error


def compile_schema(schema: dict[str, Any]) -> Any:
    """A validator that fetches nothing."""
    from jsonschema import Draft202012Validator
    from referencing import Registry

    return Draft202012Validator(schema, registry=Registry())


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key in ("$ref", "$dynamicRef") and isinstance(value, str):
                yield value
            else:
                yield from _references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _references(item)


def _sentence(error: Any) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")
    message = error.message if len(error.message) <= 200 else f"{shortened(error.instance)} breaks {error.validator}"
    return f"{place}: {message}" if place else message
