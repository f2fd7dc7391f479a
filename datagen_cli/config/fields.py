"""Fields and labels of a recipe: what a record is made of."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from datagen_cli.core.options import Options
from datagen_cli.core.regex import compile_regex

FieldType = Literal["text", "code", "number", "boolean", "label", "list", "json"]
PROGRAM = "code"
"""The type of a field that holds a program."""
RESERVED = ("id", "attributes", "verdicts", "simulated")


class FieldOptions(Options):
    """One field: a column of the base, or what it is.

    At most one of `regex` (first group, or the whole match, of the column's text), `split` (a separator: the column
    becomes a list), `template` (Jinja over the base row's columns) and `choices` (columns that become a list) says
    how the column is read. `keep: false` makes it scratch: asked for, checked, not written.
    """

    alone: ClassVar[str] = "column"
    column: str | None = Field(None, description="column of the base; the field's own name when left out")
    regex: str | None = Field(None, description="take the first group (else the whole match) of the column's text")
    split: str | None = Field(None, min_length=1, description="separator that turns the column's text into a list")
    template: str | None = Field(None, description="Jinja template over the columns of the base row")
    choices: list[str] | None = Field(None, description="columns of the base that become one list")
    decimal: Literal[",", "."] | None = Field(
        None, description="the decimal sign of a column of numbers written as text"
    )
    type: FieldType | None = Field(
        None, description="text, code (a program, as a fenced block), number, boolean, label, list or json"
    )
    json_schema: dict[str, Any] | None = Field(None, alias="schema", description="JSON Schema of a json field")
    description: str = Field("", description="goes into the prompt and the response format")
    keep: bool = Field(True, description="false: scratch, not written to the dataset")

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            compile_regex(value)
        return value

    @model_validator(mode="after")
    def _one_way_to_read(self) -> FieldOptions:
        ways = [name for name in ("regex", "split", "template", "choices") if getattr(self, name) is not None]
        if len(ways) > 1:
            raise ValueError(f"{' and '.join(ways)} exclude each other")
        if self.json_schema is not None and self.type not in (None, "json"):
            raise ValueError("schema goes with type: json")
        return self


class LabelOptions(Options):
    """Which field is the label, its values, and how many records each value gets."""

    alone: ClassVar[str] = "field"
    field: str = Field(description="the field that holds the label")
    values: dict[str, str] | None = Field(None, description="label values with their definitions")
    quota: Literal["none", "balanced", "base"] | dict[str, float] | None = Field(
        None, description="none, balanced, base, or weights or counts per value"
    )

    @field_validator("values", mode="before")
    @classmethod
    def _list_or_mapping(cls, value: Any) -> Any:
        return described_values(value)

    @field_validator("quota", mode="before")
    @classmethod
    def _text_keys(cls, value: Any) -> Any:
        return {label_text(key): item for key, item in value.items()} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _makes_sense(self) -> LabelOptions:
        if self.values is not None and not self.values:
            raise ValueError("values is empty")
        if isinstance(self.quota, dict):
            if not self.quota or any(weight < 0 for weight in self.quota.values()) or not any(self.quota.values()):
                raise ValueError("quota needs weights of 0 or more, at least one above 0")
            unknown = set(self.quota) - set(self.values or self.quota)
            if unknown:
                raise ValueError(f"quota names {', '.join(sorted(unknown))}, which values does not list")
        return self


def label_text(value: Any) -> str:
    """The text form of a label value: `true`/`false` for booleans, no `.0` for whole numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def described_values(value: Any) -> Any:
    """Values with what each means: a list is a mapping without definitions; numbers and booleans become their text."""
    if isinstance(value, list):
        return dict.fromkeys(label_texts(value), "")
    if isinstance(value, dict):
        return {label_text(key): "" if text is None else text for key, text in value.items()}
    return value


def label_texts(values: list[Any]) -> list[str]:
    """The text forms of values. Raises `ValueError` for a repeat, and for what is no text, number or boolean."""
    if not all(isinstance(item, str | int | float | bool) for item in values):
        raise ValueError("values must be texts or numbers")
    texts = [label_text(item) for item in values]
    for i, text in enumerate(texts):
        if text in texts[:i]:
            raise ValueError(f"{text} is given twice")
    return texts
