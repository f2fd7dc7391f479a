"""`ask`: a sentence in free words, judged by the reviewer model. Options only: the check is not built yet."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from datagen_cli.config.checks import CheckOptions


class AskOptions(CheckOptions):
    """`ask: The problem has exactly one question.` or the same under `text`."""

    text: str = Field(min_length=1, description="what must hold of every record, in words")


class Ask:
    """A sentence that the reviewer model finds true of the record."""

    options: ClassVar[type[CheckOptions]] = AskOptions
    scope: ClassVar[Literal["record", "set"]] = "record"
    built: ClassVar[bool] = False
    short: ClassVar[str | None] = "text"
