"""Which columns of a file are its text and its label, when nobody says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

RESERVED = frozenset(("id", "attributes", "verdicts", "simulated"))
LOOKED_AT = 1000
_IDENTIFIER = re.compile(r"(?:.*_)?(?:u?u?id|guid|uuid|idx|index|key)", re.IGNORECASE)


def text_columns(rows: Sequence[Mapping[str, Any]], label: str | None = None) -> list[str]:
    """The columns that hold text, in the order of the first row that has them; `id` and the label are none.

    Nor are a run's own columns and emitted attributes, or columns named as identifiers whose values are one word each.
    The first thousand rows are looked at; a column must be text wherever it is not null.
    """
    looked = rows[:LOOKED_AT]
    attributes = {name for row in looked if isinstance(row.get("attributes"), dict) for name in row["attributes"]}
    found = []
    for name in column_names(looked):
        if name in RESERVED or name == label or name in attributes:
            continue
        values = [row[name] for row in looked if row.get(name) is not None]
        if not values or not all(isinstance(value, str) for value in values):
            continue
        if _IDENTIFIER.fullmatch(name) and all(len(value.split()) <= 1 for value in values):
            continue
        if any(value.strip() for value in values):
            found.append(name)
    return found


def column_names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """All columns, in order of first sight."""
    return list(dict.fromkeys(name for row in rows for name in row))


def label_column(rows: Sequence[Mapping[str, Any]], wanted: str | None) -> str | None:
    """The wanted column, else `label`, where some row has it; None otherwise."""
    for name in (wanted, "label"):
        if name is not None and any(row.get(name) is not None for row in rows[:LOOKED_AT]):
            return name
    return None
