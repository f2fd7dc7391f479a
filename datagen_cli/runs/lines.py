"""Checkpoint lines and records: one form for all stages, so that `why`, `show` and a resume read the same thing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.core.digest import digest
from datagen_cli.core.record import Call, Record, Rejection


def content_digest(record: Record) -> str:
    """Digest of what later stages depend on: the fields, and whether the record still stands."""
    return digest(list(record.fields.items()), record.rejection is None)


_CONTENT = re.compile(rb'"content":\[((?:"[0-9a-f]*",?)*)\]')


class Contents:
    """Content digests of records. The last one is remembered: most stages leave the fields of a record as they are."""

    def __init__(self) -> None:
        self._fields: Mapping[str, Any] | None = None
        self._stands = False
        self._digest = ""

    def know(self, record: Record, content: str) -> None:
        """Takes the digest of a record from elsewhere."""
        self._fields, self._stands, self._digest = record.fields, record.rejection is None, content

    def of(self, record: Record) -> str:
        """The digest of a record."""
        if record.fields is not self._fields or (record.rejection is None) is not self._stands:
            self.know(record, content_digest(record))
        return self._digest

    def of_all(self, records: Sequence[Record]) -> list[str]:
        """The digest of each record that stands, else an empty text: the first thing in a generation line, so that a
        resumed run need not parse the rest."""
        return [self.of(record) if record.rejection is None else "" for record in records]


def read_contents(raw: bytes) -> list[str] | None:
    """The content digests of a generation line as it stands in the file; None for a line that has none."""
    found = _CONTENT.search(raw, 0, raw.find(b'"records":'))
    return None if found is None else [item.strip('"') for item in found[1].decode().split(",")]


LISTS = ("examples", "changes")
PARTS = ("verdicts", "first_verdicts", "notes", "evidence", "examples", "repaired", "changes", "lineage")
"""Parts of a record that a line holds where they are not empty; the `LISTS` are tuples in the record."""


def to_line(record: Record) -> dict[str, Any]:
    """The record as a checkpoint holds it; empty parts are left out."""
    line: dict[str, Any] = {"slot": record.slot, "attempt": record.attempt, "fields": record.fields}
    line |= {name: part for name in PARTS if (part := getattr(record, name))}
    if (found := record.rejection) is not None:
        told = {"detail": found.detail or None, "repeats": found.repeats, "evidence": found.evidence}
        line["rejection"] = {"stage": found.stage, "reason": found.reason}
        line["rejection"] |= {name: part for name, part in told.items() if part is not None}
    return line


def from_line(line: Mapping[str, Any]) -> Record:
    """The record a checkpoint line holds."""
    rejection = line.get("rejection")
    parts: dict[str, Any] = {name: tuple(line[name]) if name in LISTS else line[name] for name in PARTS if name in line}
    return Record(
        line["slot"],
        line["attempt"],
        line["fields"],
        rejection=Rejection(**rejection) if rejection else None,
        **parts,
    )


def call_lines(calls: list[Call]) -> list[list[Any]]:
    """Calls as compact rows: digest, role, purpose, model, tokens in, tokens out, cost in USD (null = unknown)."""
    return [[c.digest, c.role, c.purpose, c.model, c.tokens_in, c.tokens_out, c.cost_usd] for c in calls]
