"""`balance`: how evenly the values of a field are spread over the set. Options only: the check is not built yet."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from datagen_cli.config.checks import CheckOptions


class BalanceOptions(CheckOptions):
    """The field and how uneven it may be."""

    field: str | None = Field(None, min_length=1, description="the label when left out")
    tolerance: float = Field(0.05, ge=0, le=1, description="how far the share of a value may be from even")


class Balance:
    """A field whose values come about equally often."""

    options: ClassVar[type[CheckOptions]] = BalanceOptions
    scope: ClassVar[Literal["record", "set"]] = "set"
    built: ClassVar[bool] = False
    short: ClassVar[str | None] = "field"
