"""Attributes of a recipe: what varies from record to record, and how often each value comes."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from datagen_cli.config.fields import described_values, label_texts
from datagen_cli.core.options import Options


class AttributeOptions(Options):
    """One attribute: given values (with weights or counts), values extracted from the base, or asked of a model.

    A list is short for `{values: [...]}`; a mapping under `values` gives each value a description for the prompt.
    """

    values: dict[str, str] | None = Field(None, description="a list, or each value with what it means")
    weights: list[float] | None = Field(None, description="one per value")
    counts: list[int] | None = Field(
        None, description="one per value; relative when they do not add up to the run's count"
    )
    when: dict[str, list[str]] | None = Field(
        None, description="drawn only where these attributes have one of these values"
    )
    extract: int | None = Field(None, ge=1, description="so many values found in the base by the extractor, once")
    ask: str | None = Field(None, description="a question whose answers, by the extractor, are the values")
    count: int | None = Field(None, ge=1, description="how many values to ask for")
    emit: bool = Field(False, description="copy the value into the record as a field")
    description: str = Field("", description="goes into the prompt of the extractor that finds the values")

    @property
    def wanted(self) -> int:
        """How many values there are to be."""
        return self.extract or self.count or len(self.values or ())

    @model_validator(mode="before")
    @classmethod
    def _list_is_values(cls, value: Any) -> Any:
        return {"values": value} if isinstance(value, list) else value

    @field_validator("values", mode="before")
    @classmethod
    def _text_values(cls, value: Any) -> Any:
        return described_values(value)

    @field_validator("when", mode="before")
    @classmethod
    def _text_conditions(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: label_texts(item if isinstance(item, list) else [item]) for key, item in value.items()}
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> AttributeOptions:
        sources = [name for name in ("values", "extract", "ask") if getattr(self, name) is not None]
        if len(sources) != 1:
            raise ValueError("needs exactly one of values, extract and ask")
        if self.values is not None and not self.values:
            raise ValueError("values is empty")
        if (self.ask is None) != (self.count is None):
            raise ValueError("ask and count go together")
        if self.weights is not None and self.counts is not None:
            raise ValueError("weights and counts exclude each other")
        shares = self.weights if self.weights is not None else self.counts
        if shares is not None:
            if self.values is None:
                raise ValueError("weights and counts go with values")
            if len(shares) != len(self.values):
                raise ValueError(f"{len(shares)} weights or counts for {len(self.values)} values")
            if any(share < 0 for share in shares) or not any(shares):
                raise ValueError("weights and counts must be 0 or more, at least one above 0")
        return self
