"""What a page can show of a measure's detail: distributions, counts, outcomes, passages and names, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Distribution:
    """Lengths, as `metrics.length.distribution` gives them; drawn beside the reference's own. `unit`: plural."""

    title: str
    unit: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Counts:
    """A count for each of several names, largest first. `heads`: what a name is, what is counted."""

    title: str
    heads: tuple[str, str]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """For each of several names, how often each outcome occurred."""

    title: str
    outcomes: Sequence[str]
    rows: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Side:
    """One text of a passage. `row`: the dataset's row whose text it is, where `text` is None."""

    name: str
    text: str | None = None
    row: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """One or two texts and what is the matter with them; of three, the first is what the others are about."""

    caption: str
    sides: Sequence[Side]


@dataclass(frozen=True, slots=True)
class Passages:
    """The first of `total` passages."""

    title: str
    passages: Sequence[Passage]
    total: int


@dataclass(frozen=True, slots=True)
class Names:
    """The first of `total` names."""

    title: str
    names: Sequence[str]
    total: int


Exhibit = Distribution | Counts | Outcomes | Passages | Names
