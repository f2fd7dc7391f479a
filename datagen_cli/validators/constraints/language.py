"""`language`: the language a record is written in. Options only: the check is not built yet."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from datagen_cli.config.checks import CheckOptions


class LanguageOptions(CheckOptions):
    """`language: {is: en}`, or `language: en` for short."""

    language: str = Field(
        alias="is", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="ISO 639 code, such as en"
    )
    field: str | None = Field(None, min_length=1, description="all text fields when left out")


class Language:
    """The fields are in the language named."""

    options: ClassVar[type[CheckOptions]] = LanguageOptions
    scope: ClassVar[Literal["record", "set"]] = "record"
    built: ClassVar[bool] = False
    short: ClassVar[str | None] = "is"
