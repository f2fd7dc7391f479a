"""What every constraint offers: words for the prompt, and a verdict on the fields of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from datagen_cli.core.record import Verdict


class Described(Protocol):
    """What can stand in a prompt as a rule: a constraint, or a sentence that a model judges."""

    def describe(self) -> str:
        """One line for the prompt, such as `question: at least 15 words, at most 90 words`."""


class Constraint(Described, Protocol):
    """A check that is a pure function of the record's fields."""

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """The verdict; `detail` says what was found: `question: at most 90 words; it has 104`."""
