"""Fields and labels as prompts describe them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.task import Wanted


def field_line(spec: FieldSpec) -> dict[str, Any]:
    """A field as prompts describe it."""
    line: dict[str, Any] = {"name": spec.name, "type": spec.type}
    if spec.description:
        line["description"] = spec.description
    if spec.values:
        line["values"] = list(spec.values)
    if spec.schema:
        line["schema"] = dict(spec.schema)
    if spec.item_type:
        line["items"] = spec.item_type
    return line


def field_words(spec: FieldSpec) -> str:
    """`answer (number): the final number`, with the values and the schema where there are any."""
    kind = "a program" if spec.code else f"{spec.type} of {spec.item_type}" if spec.item_type else spec.type
    told = f"{spec.name} ({kind})" + (f": {spec.description}" if spec.description else "")
    if spec.values:
        told += f"; one of {', '.join(str(value) for value in spec.values)}"
    return told + (f"; JSON Schema: {json.dumps(dict(spec.schema), ensure_ascii=False)}" if spec.schema else "")


def label_lines(meanings: Mapping[Any, str] | None) -> list[dict[str, Any]]:
    """Label values with their meanings, those that have one."""
    return [{"value": value, "meaning": meaning} for value, meaning in (meanings or {}).items() if meaning]


def wanted_line(number: int, wanted: Wanted) -> dict[str, Any]:
    """A record that is wanted, as data: its number, what is given, its attributes."""
    line: dict[str, Any] = {"record": number, **wanted.given}
    if wanted.attributes:
        line["attributes"] = dict(wanted.attributes)
    return line
