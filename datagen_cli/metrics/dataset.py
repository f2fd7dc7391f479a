"""The rows that are measured, as the measures see them: texts, labels, ids, and what a run stored about them.

Pure data: reading files and run folders, and choosing fields, is `evaluation/load.py`'s work.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from datagen_cli.core.fields import joined_text


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The verdicts that a run stored, so that measures of them need no files.

    `first` has a mapping for every generated record, from the name of a check to its first verdict (`pass`, `fail` or
    `unknown`); `last` has one for every accepted record. `checks` are the names of the recipe's checks in its order,
    `constraints` those that are constraints. A run that has not `ended` may have others.
    """

    first: Sequence[Mapping[str, str]]
    last: Sequence[Mapping[str, str]]
    checks: Sequence[str]
    constraints: Collection[str]
    ended: bool = True


@dataclass(frozen=True)
class Dataset:
    """Rows of one file or run. `ids` and `groups`, when given, have one entry a row.

    Rows of one group are not independent of each other (correlated sampling, a parent and its child); intervals are
    computed over groups where there are some.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]
    text_fields: Sequence[str]
    label_field: str | None = None
    ids: Sequence[str] = field(default=())
    groups: Sequence[str] | None = None
    simulated: bool = False
    run: RunFacts | None = None

    def __post_init__(self) -> None:
        if not self.ids:
            object.__setattr__(self, "ids", tuple(str(line) for line in range(1, len(self.rows) + 1)))
        for name, entries in (("ids", self.ids), ("groups", self.groups)):
            if entries is not None and len(entries) != len(self.rows):
                raise ValueError(f"{len(entries)} {name} for {len(self.rows)} rows")

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def texts(self) -> list[str]:
        """One text a row: its text fields joined by a blank line; fields that are absent or null are left out."""
        return [joined_text(row, self.text_fields) for row in self.rows]

    @cached_property
    def labels(self) -> list[Any] | None:
        """One label a row as it stands there (None where it is absent), or None when there is no label field."""
        return None if self.label_field is None else [row.get(self.label_field) for row in self.rows]
