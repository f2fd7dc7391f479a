"""`reflect`: a reviewer model judges the record and rewrites weak ones. Options only: the check is not built yet."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from datagen_cli.config.checks import CheckOptions


class ReflectOptions(CheckOptions):
    """How often a record may be rewritten."""

    rounds: int = Field(2, ge=1, le=10, description="reviews with a rewrite; still not good after the last: dropped")


class Reflect:
    """The reviewer finds the record good within so many rounds."""

    options: ClassVar[type[CheckOptions]] = ReflectOptions
    built: ClassVar[bool] = False
    short: ClassVar[str | None] = "rounds"
