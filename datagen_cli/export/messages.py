"""`messages`: chat messages with `role` and `content`, as chat APIs and TRL's trainers take them."""

from __future__ import annotations

from typing import Any

from datagen_cli.export.format import Format, Row


class Messages(Format):
    """A user message and the assistant's answer."""

    def line(self, row: Row) -> dict[str, Any]:
        """See `Format`."""
        turns = (("user", self.prompt(row)), ("assistant", self.completion(row)))
        return {"messages": [{"role": role, "content": text} for role, text in turns]}
