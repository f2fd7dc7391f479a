"""`preference`: a prompt with a chosen and a rejected answer, as TRL's preference trainers take them.

The chosen answer is an accepted record, the rejected one an attempt at the same slot that a check turned down. Where
both ask the same the prompt is what they ask. Else both were written for the same plan: the prompt is the recipe's
description with the slot's attributes and the fields in which both are the same, such as the label; the answers are the
other fields. Attempts that were turned down as repeats are no worse for that and make no pair.

A record of method `enhance` was written for a weak one of the base: it is chosen before the weak answer, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from datagen_cli.core.errors import UsageError
from datagen_cli.export.format import Columns, Exported, Format, Row, joined, plain

NO_FAULT = ("duplicate", "surplus")


class Preference(Format):
    """Pairs of an accepted record with its weak parent, and with rejected attempts at the same slot."""

    asks: ClassVar[bool] = False
    pairs: ClassVar[bool] = True
    joins: ClassVar[bool] = True

    def __init__(self, columns: Columns) -> None:
        super().__init__(columns)
        self._written = columns.asking + columns.answering or columns.fields

    def lines(self, data: Exported) -> Iterator[dict[str, Any]]:
        """Raises `UsageError` when there is no pair."""
        found = False
        for row, worse in self._worse(data):
            pairs = {pair["rejected"]: pair for other in worse if (pair := self._pair(row, other)) is not None}
            found = found or bool(pairs)
            yield from pairs.values()
        if not found:
            hint = (
                "pairs need rejected attempts with a text at slots that were filled later, or a run of method enhance"
            )
            raise UsageError("no accepted record has a rejected or a weak one to pair with", hint=hint)

    def size(self, data: Exported) -> int:
        """How many pairs there are."""
        return sum(1 for _ in self.lines(data))

    def _worse(self, data: Exported) -> Iterator[tuple[Row, list[Row]]]:
        """Every accepted row with its weak parent, where it has one, and the attempts at its slot that have a fault."""
        faulty: dict[str, list[Row]] = {}
        for attempt in data.rejected:
            if attempt.get("reason") not in NO_FAULT:
                faulty.setdefault(_slot(attempt), []).append(attempt)
        for row in data.rows:
            weak = data.weak.get(str(row["id"]))
            yield row, [*([] if weak is None else [weak]), *faulty.get(_slot(row), ())]

    def _pair(self, row: Row, attempt: Row) -> dict[str, Any] | None:
        asking, answering = self.columns.asking, self.columns.answering
        if asking and answering and all(row.get(name) == attempt.get(name) for name in asking):
            prompt, names = self.prompt(row), answering
        else:
            names = tuple(name for name in self._written if row.get(name) != attempt.get(name))
            prompt = self.instructed(self._plan(row, [name for name in self._written if name not in names]))
        if not names or any(attempt.get(name) in (None, "") for name in names):
            return None
        chosen, rejected = joined(row, names), joined(attempt, names)
        prompt += self.columns.separator
        return {"prompt": prompt, "chosen": chosen, "rejected": rejected} if chosen != rejected else None

    def _plan(self, row: Row, shared: Sequence[str]) -> str:
        """What the slot was planned to be, in words, and what both answers have in common."""
        drawn = {name: value for name, value in (row.get("attributes") or {}).items() if value}
        given = {name: row.get(name) for name in shared if row.get(name) not in (None, "")}
        said = [f"{name}: {plain(value)}" for name, value in (drawn | given).items()]
        return "\n".join([self.columns.about, *said])


def _slot(row: Row) -> str:
    return str(row.get("id")).partition(".")[0]
