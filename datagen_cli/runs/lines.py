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


def to_line(record: Record) -> dict[str, Any]:
    """The record as a checkpoint holds it; empty parts are left out."""
    line: dict[str, Any] = {"slot": record.slot, "attempt": record.attempt, "fields": dict(record.fields)}
    if record.verdicts:
        line["verdicts"] = dict(record.verdicts)
    if record.first_verdicts:
        line["first_verdicts"] = dict(record.first_verdicts)
    if record.notes:
        line["notes"] = dict(record.notes)
    if record.evidence:
        line["evidence"] = {check: dict(found) for check, found in record.evidence.items()}
    if record.examples:
        line["examples"] = list(record.examples)
    if record.repaired:
        line["repaired"] = True
    if record.changes:
        line["changes"] = [dict(change) for change in record.changes]
    if record.lineage:
        line["lineage"] = dict(record.lineage)
    if record.rejection is not None:
        line["rejection"] = _rejection_line(record.rejection)
    return line


def from_line(line: Mapping[str, Any]) -> Record:
    """The record a checkpoint line holds."""
    rejection = line.get("rejection")
    return Record(
        slot=line["slot"],
        attempt=line["attempt"],
        fields=line["fields"],
        verdicts=line.get("verdicts", {}),
        first_verdicts=line.get("first_verdicts", {}),
        notes=line.get("notes", {}),
        evidence=line.get("evidence", {}),
        examples=tuple(line.get("examples", ())),
        rejection=Rejection(**rejection) if rejection else None,
        repaired=line.get("repaired", False),
        changes=tuple(line.get("changes", ())),
        lineage=line.get("lineage", {}),
    )


def call_lines(calls: list[Call]) -> list[list[Any]]:
    """Calls as compact rows: digest, role, purpose, model, tokens in, tokens out, cost in USD (null = unknown)."""
    return [[c.digest, c.role, c.purpose, c.model, c.tokens_in, c.tokens_out, c.cost_usd] for c in calls]


def _rejection_line(rejection: Rejection) -> dict[str, Any]:
    line: dict[str, Any] = {"stage": rejection.stage, "reason": rejection.reason}
    if rejection.detail:
        line["detail"] = rejection.detail
    if rejection.repeats is not None:
        line["repeats"] = rejection.repeats
    if rejection.evidence is not None:
        line["evidence"] = dict(rejection.evidence)
    return line
