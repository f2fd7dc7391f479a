"""What a metric is given and what it says: shared features of one dataset, and a value with interval and signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

if TYPE_CHECKING:
    from datagen_cli.metrics.features import Features

Direction = Literal["higher", "lower", "none"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number about a dataset, or the reason why there is none.

    `value` is None exactly when `reason` is set, never 0 for "no data". `interval` contains the value. Values whose
    `signature` differs must not be compared. `detail` holds JSON values; its lists may be long, whoever prints them
    cuts them.
    """

    value: float | None
    direction: Direction
    signature: str = ""
    interval: tuple[float, float] | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""

    @classmethod
    def missing(cls, reason: str, direction: Direction = "none") -> Measure:
        """No value, and why."""
        return cls(None, direction, reason=reason)


class Metric(Protocol):
    """A measure of one dataset, with or without a reference. Built without arguments; never raises for odd data."""

    name: ClassVar[str]
    direction: ClassVar[Direction]

    def compute(self, features: Features, reference: Features | None) -> Measure:
        """The measure. `reference` is the dataset to compare with, None when none was given."""
