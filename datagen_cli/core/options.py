"""The parent of everything that comes from YAML: frozen, unknown keys refused, identity kept apart from runtime.

A field is *identity* (it changes what is written, so it is part of a stage's fingerprint) unless it is declared with
`runtime(...)`: concurrency, time-outs, prices and the like.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Options(BaseModel):
    """Base of option models."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, populate_by_name=True, allow_inf_nan=False, defer_build=True
    )

    alone: ClassVar[str] = ""
    """The option that a text in the place of a mapping stands for; empty: none."""

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, value: Any) -> Any:
        """An option that is null is the same as one that is not written."""
        if isinstance(value, str) and cls.alone:
            return {cls.alone: value}
        if not isinstance(value, dict) or None not in value.values():
            return value
        known = {name for field, info in cls.model_fields.items() for name in (field, info.alias)}
        return {key: item for key, item in value.items() if item is not None or key not in known}

    def identity(self) -> dict[str, Any]:
        """The options that change what is written, as JSON values, defaults included."""
        skip = {
            name
            for name, info in type(self).model_fields.items()
            if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("x-runtime")
        }
        return self.model_dump(mode="json", exclude=skip)


def runtime(default: Any = ..., **more: Any) -> Any:
    """A field that changes how a run goes, never what it writes."""
    return Field(default, json_schema_extra={"x-runtime": True}, **more)
