"""`solve`: independent answers to the question must agree with the label. Options only: the check is not built yet."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from datagen_cli.config.checks import CheckOptions, OnUnknown, ValidatorFacts


class SolveOptions(CheckOptions):
    """Which field is the question, which the answer, and how many answers vote."""

    question: str = Field(min_length=1, description="the field that is answered")
    answer: str = Field(min_length=1, description="the field that answers must agree with")
    choices: str | None = Field(None, min_length=1, description="a list field with the choices; shuffled each time")
    attempts: int = Field(3, ge=1, le=25, description="independent answers")


class Solve(ValidatorFacts):
    """The majority of independent answers agrees with the label."""

    options: ClassVar[type[CheckOptions]] = SolveOptions
    built: ClassVar[bool] = False
    finds_answers: ClassVar[bool] = True
    on_unknown: ClassVar[OnUnknown] = "drop"

    @classmethod
    def reads(cls, options: SolveOptions) -> tuple[str, ...]:
        """The question, the answer and the choices, where there are any."""
        return (options.question, options.answer, *([options.choices] if options.choices else []))
