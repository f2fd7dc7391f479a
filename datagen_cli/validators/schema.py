"""`schema`: the record against the types of its fields and, where given, a JSON Schema of the recipe's own.

One validator is compiled for the whole run (JSON Schema 2020-12, `core/json_schema.py`): 66 µs a record. A record that
cannot be checked in a second is *unknown*.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator

from datagen_cli.config.checks import CheckOptions, ValidatorFacts
from datagen_cli.constraints.fields import PASSED, shortened
from datagen_cli.core.budget import TooMuch
from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.json_schema import JsonSchema, broken
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Slot, Verdict
from datagen_cli.core.system import read_given

SIZES = ("minItems", "maxItems", "minLength", "minimum", "maximum")


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
            if wrong := broken(own):
                raise RecipeError(f"schema: {wrong}")
            parts.append(own)
        self._schemas = [JsonSchema(part) for part in parts]
        self._own = own if isinstance(own, dict) else {}

    def json_bounds(self) -> Mapping[str, Mapping[str, Any]]:
        """The sizes and ranges that the recipe's schema gives fields."""
        told = {name: part for name, part in self._own.get("properties", {}).items() if isinstance(part, dict)}
        return {name: {key: _whole(part[key]) for key in SIZES if key in part} for name, part in told.items()}

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """Fails with the first few places that do not fit: `answer: "x" is not of type 'number'`."""
        record = dict(fields)
        try:
            problems = [_sentence(error) for schema in self._schemas for error in schema.errors(record)]
        except TooMuch as error:
            return Verdict("unknown", f"the record cannot be checked against the schema: {error}")
        return Verdict("fail", "; ".join(problems[:3])) if problems else PASSED

    async def verify(self, record: Record, slot: Slot, ctx: Context) -> Verdict:
        """The verdict on the record's fields; asks nobody."""
        return self.check(record.fields)


def _whole(size: float) -> float:
    """4 for 4.0, which JSON Schema takes for the same and readers of a `response_format` do not."""
    return int(size) if size == int(size) else size


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
        value = json.loads(read_given(path).decode("utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a JSON file: {error}") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path}: a JSON Schema is an object")
    return value


def _sentence(error: Any) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")
    message = error.message if len(error.message) <= 200 else f"{shortened(error.instance)} breaks {error.validator}"
    return f"{place}: {message}" if place else message
