"""`code`: programs written from the question alone must print the answer. Options only: the check is not built yet."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from datagen_cli.config.checks import CheckOptions


class CodeOptions(CheckOptions):
    """Which field is the question, which the answer, and how many programs vote."""

    question: str = Field(min_length=1, description="the field that programs are written from")
    answer: str = Field(min_length=1, description="the field that they must print")
    solutions: int = Field(3, ge=1, le=25, description="independent programs")
    tolerance: float = Field(1e-6, ge=0, description="relative difference up to which numbers are equal")
    timeout_s: float = Field(5.0, gt=0, le=60, description="CPU time of one program")
    memory_mb: int = Field(512, ge=16)


class Code:
    """The majority of independent programs agrees with the answer."""

    options: ClassVar[type[CheckOptions]] = CodeOptions
    built: ClassVar[bool] = False
    short: ClassVar[str | None] = None
