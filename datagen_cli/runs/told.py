"""What the counts in `run.json` look like inside. A reader relies on these keys and types, whoever wrote the file."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class _Told(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class FaultCounts(_Told):
    """Planted faults of a kind."""

    found: int
    missed: int
    unknown: int


class PartReport(_Told):
    """What a part of a run did."""

    changed: int
    turned_away: int
    calls: float | None = None
    tokens: float | None = None
    faults: dict[str, FaultCounts] = {}
    clean: int = 0
    harmed: int = 0


class PassRate(_Told):
    """How often a solver was right, before a difficulty operator and after it, over `n` records."""

    before: float
    after: float
    n: int


class Operator(_Told):
    """What a difficulty operator came to."""

    tried: int
    harder: int
    why_not: dict[str, int]
    pass_rate: PassRate | None = None


class Kept(_Told):
    """Attempts with one value of an attribute."""

    accepted: int
    rejected: int


class Rates(_Told):
    """Mean pass rates."""

    accepted: float | None = None
    rejected: float | None = None


class ShiftReport(_Told):
    """How attributes and difficulty moved."""

    operators: dict[str, Operator] = {}
    attributes: dict[str, dict[str, Kept]] = {}
    pass_rate: Rates | None = None


class Covered(_Told):
    """Slots with one value of an attribute, and the records that were accepted for them."""

    planned: int
    accepted: int


class Cost(_Told):
    """USD; None where it is not known."""

    by_stage: dict[str, float | None] = {}
    by_role: dict[str, float | None] = {}
    per_accepted: float | None = None


INNER: dict[str, Any] = {
    "modules": dict[str, PartReport], "shift": ShiftReport, "coverage": dict[str, dict[str, Covered]], "cost": Cost,
}  # fmt: skip
"""By the key of `run.json` that they stand under."""
