"""Rows of files judged as a run judges its records: the first of those that repeat each other is kept.

The group check of a run (`stages/dedup.py`) over rows that are there already: exact repeats always, near copies and
embedding neighbours on request. Rows are taken in order and one at a time; vectors are made some at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from datagen_cli.config.recipe import MOST_NEIGHBOURS
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.fields import joined_text
from datagen_cli.core.record import Record, Rejection
from datagen_cli.pipeline.dedup_reference import group_check
from datagen_cli.stages.dedup import Known
from datagen_cli.text.embed import Embedder

AT_ONCE = 256
Row = Mapping[str, Any]


def refuse_many(count: int, place: Place | None = None) -> None:
    """Raises `UsageError` for more rows than neighbours are looked for among."""
    if count > MOST_NEIGHBOURS:
        raise UsageError(
            f"embedding neighbours are looked for among at most {MOST_NEIGHBOURS:,} rows",
            hint="use `near` alone: it has no such bound",
            place=place,
        )


@dataclass(frozen=True, slots=True)
class RepeatRule:
    """What counts as a repeat: the fields that are compared, `near` (Jaccard) and `threshold` (cosine) as in `dedup`.

    `threshold` needs an `embedder`.
    """

    fields: tuple[str, ...]
    near: float | None = None
    threshold: float | None = None
    embedder: Embedder | None = None

    def sift(self, rows: Iterable[tuple[str, Row]], known: Iterable[tuple[str, Row]] = ()) -> Iterator[Sifted]:
        """Every row with what it repeats, among those before it and the `known` ones; both are (name, row).

        Of rows that were read only names and what indexes need are kept.
        """
        others = [Known(name, fields, self._text(fields)) for name, fields in self._named(known)]
        check = group_check(self.fields, self._text, others, self.near, self.threshold, self.embedder)
        names: list[str] = []
        rest = iter(rows)
        while portion := list(islice(rest, AT_ONCE)):
            vectors: Any = [None] * len(portion)
            if self.threshold is not None:
                assert self.embedder is not None
                refuse_many(len(names) + len(portion))
                vectors = self.embedder.encode([self._text(row) for _, row in portion])
            for (name, row), (_, fields), vector in zip(portion, self._named(portion), vectors, strict=True):
                names.append(name)
                decision = check.judge(Record(len(names) - 1, 1, fields), vector)
                found = decision.record.rejection
                repeats = names[decision.slot] if decision.slot is not None else found.repeats if found else None
                yield Sifted(name, row, found, repeats)

    def _named(self, rows: Iterable[tuple[str, Row]]) -> Iterator[tuple[str, Row]]:
        return ((name, {field: row.get(field) for field in self.fields}) for name, row in rows)

    def _text(self, row: Row) -> str:
        return joined_text(row, self.fields)


@dataclass(frozen=True, slots=True)
class Sifted:
    """A row by its name; `rejection` says why it is left out, `repeats` which row it repeats; None where it stays."""

    name: str
    row: Row
    rejection: Rejection | None
    repeats: str | None
