"""`messages`: chat messages with `role` and `content`, as chat APIs and TRL's trainers take them."""

from __future__ import annotations

from typing import Any, ClassVar

from datagen_cli.export.format import Format, Row


class Messages(Format):
    """A user message and the assistant's answer, or the turns of a field that holds a conversation."""

    converses: ClassVar[bool] = True

    def line(self, row: Row) -> dict[str, Any]:
        return {"messages": [{"role": role, "content": text} for role, text in self.turns(row)]}
