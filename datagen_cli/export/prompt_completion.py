"""`prompt-completion`: two columns of text, as TRL's supervised trainer takes them."""

from __future__ import annotations

from typing import Any

from datagen_cli.export.format import Format, Row


class PromptCompletion(Format):
    """A prompt and its completion."""

    def line(self, row: Row) -> dict[str, Any]:
        """See `Format`."""
        return {"prompt": self.prompt(row), "completion": self.completion(row)}
