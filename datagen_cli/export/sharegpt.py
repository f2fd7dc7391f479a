"""`sharegpt`: a list of turns under `conversations`, from `human` and from `gpt`."""

from __future__ import annotations

from typing import Any, ClassVar

from datagen_cli.export.format import Format, Row

WHO = {"user": "human", "assistant": "gpt"}


class ShareGPT(Format):
    """Conversations of one human turn and its answer, or of the turns of a field that holds one."""

    converses: ClassVar[bool] = True

    def line(self, row: Row) -> dict[str, Any]:
        turns = [{"from": WHO.get(role, role), "value": text} for role, text in self.turns(row)]
        return {"conversations": turns}
