"""A record on its way: its fields so far, and what was put into it on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Draft:
    """A record while it is written. `plants` are (fault, field, truth) of what is wrong in it on purpose.

    `inserted` holds the sentence that a fault put into the main text.
    """

    fields: dict[str, Any]
    plants: list[tuple[str, str, Any]] = field(default_factory=list)
    inserted: dict[str, str] = field(default_factory=dict)
