"""The OpenAI `response_format` of one JSON object: every key required, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def strict_object(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of an object with these keys, in their order, and no other."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def strict_format(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The `response_format` of such an object."""
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": strict_object(properties)}}
