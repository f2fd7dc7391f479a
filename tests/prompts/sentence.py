"""A constraint that is a sentence and nothing else, for prompts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sentence:
    """A constraint in words."""

    text: str

    def describe(self) -> str:
        """The sentence."""
        return self.text
