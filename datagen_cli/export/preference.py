"""`preference`: a prompt with a chosen and a rejected answer, as TRL's preference trainers take them.

The chosen answer is an accepted record, the rejected one an attempt at the same slot that a check turned down. Where
both ask the same the prompt is what they ask. Else both were written for the same plan: the prompt is the recipe's
description with the slot's attributes and label, and the answers are the other fields. Attempts that were turned down
as repeats are no worse for that and make no pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from datagen_cli.core.errors import UsageError
from datagen_cli.export.format import Columns, Exported, Format, Row, joined, plain

NO_FAULT = ("duplicate", "surplus")


class Preference(Format):
    """Pairs of an accepted record and a rejected attempt at the same slot."""

    asks: ClassVar[bool] = False

    def __init__(self, columns: Columns) -> None:
        super().__init__(columns)
        self._written = columns.asking + columns.answering or columns.fields

    def lines(self, data: Exported) -> Iterator[dict[str, Any]]:
        """Raises `UsageError` when there is no pair."""
        accepted = {str(row["id"]).partition(".")[0]: row for row in data.rows}
        found = False
        for attempt in data.rejected:
            row = accepted.get(str(attempt.get("id")).partition(".")[0])
            if row is not None and attempt.get("reason") not in NO_FAULT:
                pair = self._pair(row, attempt)
                if pair is not None:
                    found = True
                    yield pair
        if not found:
            hint = "pairs need rejected attempts with a text at slots that were filled later"
            raise UsageError("no accepted record has a rejected attempt beside it", hint=hint)

    def _pair(self, row: Row, attempt: Row) -> dict[str, Any] | None:
        asking, answering = self.columns.asking, self.columns.answering
        if asking and answering and all(row.get(name) == attempt.get(name) for name in asking):
            prompt, names = self.prompt(row), answering
        else:
            prompt, names = self._plan(row), tuple(n for n in self._written if row.get(n) != attempt.get(n))
        if not names or any(attempt.get(name) in (None, "") for name in names):
            return None
        chosen, rejected = joined(row, names), joined(attempt, names)
        return {"prompt": prompt, "chosen": chosen, "rejected": rejected} if chosen != rejected else None

    def _plan(self, row: Row) -> str:
        """What the slot was planned to be, in words."""
        drawn = [f"{name}: {plain(value)}" for name, value in (row.get("attributes") or {}).items() if value]
        return "\n".join([self.columns.about, *drawn])
