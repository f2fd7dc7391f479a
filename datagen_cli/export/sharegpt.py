"""`sharegpt`: a list of turns under `conversations`, from `human` and from `gpt`."""

from __future__ import annotations

from typing import Any

from datagen_cli.export.format import Format, Row


class ShareGPT(Format):
    """Conversations of one human turn and its answer."""

    def line(self, row: Row) -> dict[str, Any]:
        """See `Format`."""
        turns = (("human", self.prompt(row)), ("gpt", self.completion(row)))
        return {"conversations": [{"from": who, "value": text} for who, text in turns]}
