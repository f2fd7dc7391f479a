"""Which columns of a file are its text and its label, when nobody says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

RESERVED = frozenset(("id", "attributes", "verdicts", "simulated"))
LOOKED_AT = 1000
FEWEST_ROWS = 100
ROWS_A_VALUE = 50
_IDENTIFIER = re.compile(r"(?:.*_)?(?:u?u?id|guid|uuid|idx|index|key)", re.IGNORECASE)


def text_columns(rows: Sequence[Mapping[str, Any]], label: str | None = None) -> list[str]:
    """The columns that are measured as text: those of `string_columns` without `categories`."""
    found = string_columns(rows, label)
    fixed = categories(rows, found)
    return [name for name in found if name not in fixed]


def string_columns(rows: Sequence[Mapping[str, Any]], label: str | None = None) -> list[str]:
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


def categories(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """Those of several text columns that only say what kind of row it is: no more than one value for every 50 rows, in
    100 rows or more, while another column varies."""
    looked = rows[:LOOKED_AT]
    if len(names) < 2 or len(looked) < FEWEST_ROWS:
        return []
    fixed = [name for name in names if len({row.get(name) for row in looked}) * ROWS_A_VALUE <= len(looked)]
    return fixed if len(fixed) < len(names) else []


def column_names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """All columns, in order of first sight."""
    return list(dict.fromkeys(name for row in rows for name in row))


def label_column(rows: Sequence[Mapping[str, Any]], wanted: str | None) -> str | None:
    """The wanted column, else `label`, where some row has it; None otherwise."""
    for name in (wanted, "label"):
        if name is not None and any(row.get(name) is not None for row in rows[:LOOKED_AT]):
            return name
    return None
