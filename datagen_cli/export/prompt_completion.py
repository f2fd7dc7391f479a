"""`prompt-completion`: two columns of text, as TRL's supervised trainer takes them.

The trainer puts the completion right behind the prompt: what `Columns.separator` holds stands between them.
Of a conversation they are two columns of messages, as the trainer takes them too: the last turn of the assistant, and
what was said before it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from datagen_cli.export.format import Format, Row


class PromptCompletion(Format):
    """A prompt and its completion, also of the turns of a field that holds a conversation."""

    converses: ClassVar[bool] = True
    joins: ClassVar[bool] = True

    def line(self, row: Row) -> dict[str, Any]:
        if self.columns.conversation:
            turns = [{"role": role, "content": text} for role, text in self.turns(row)]
            last = max((n for n, turn in enumerate(turns) if turn["role"] == "assistant"), default=len(turns) - 1)
            return {"prompt": turns[:last], "completion": turns[last : last + 1]}
        return {"prompt": self.prompt(row) + self.columns.separator, "completion": self.completion(row)}
