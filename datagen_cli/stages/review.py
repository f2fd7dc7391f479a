"""What people decided of accepted records, applied: a rejected one is turned away, an edited one has its new values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from datagen_cli.core.record import Outcome, Record, Rejection
from datagen_cli.stages.validate import BoundCheck

VERSION = 1
REASON = "review"
NO_REASON = "rejected by a person, who gave no reason"


def turned_away(record: Record, reason: str) -> Record:
    """The record, rejected for a person's reason."""
    return record.rejected(Rejection("review", REASON, reason or NO_REASON))


def edited(record: Record, fields: Mapping[str, Any], checks: Sequence[BoundCheck]) -> Record:
    """The record with a person's values. Constraints are checked again; what asks a model has not seen this text."""
    values = {**record.fields, **{name: value for name, value in fields.items() if name in record.fields}}
    verdicts: dict[str, Outcome] = {}
    for check in checks:
        verdicts[check.name] = check.constraint.check(values).outcome if check.constraint else "unknown"
    before = {name: value for name, value in record.fields.items() if values[name] != value}
    change = {"by": REASON, "before": before}
    return replace(record, fields=values, verdicts={**record.verdicts, **verdicts}, changes=(*record.changes, change))
