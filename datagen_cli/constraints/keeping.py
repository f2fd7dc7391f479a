"""Values that keep a constraint and values that break it, for the offline model.

A constraint proposes candidates for one item, and its own `check` decides: no rule is implemented twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from datagen_cli.config.checks import ConstraintFacts
from datagen_cli.core.record import Verdict

ROUNDS = 12
CANDIDATES = 60


@dataclass(frozen=True, slots=True)
class Pen:
    """What values are written with: a source of randomness, and `more()`, one further sentence in the record's
    language."""

    rng: random.Random
    more: Callable[[], str]


class FieldConstraint(ConstraintFacts):
    """A constraint on the values of `fields`, each for itself. Every item of a list must keep it; where `some` is set,
    one.
    """

    fields: tuple[str, ...]
    some = False

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """The verdict on a record."""
        raise NotImplementedError

    def keeping(self, item: Any, pen: Pen) -> Iterator[Any]:
        """Items near `item` that may keep the constraint, the likeliest first; none where no item could."""
        yield from ()

    def breaking(self, item: Any, pen: Pen) -> Iterator[Any]:
        """Items near `item` that may break the constraint."""
        yield from ()

    def holds(self, field: str, value: Any) -> bool:
        """Whether the value of one field keeps the constraint, or it cannot tell."""
        return self.check({field: value}).outcome != "fail"


class RecordConstraint(ConstraintFacts):
    """A constraint on how `field` relates to `other`, another field of the record."""

    field: str
    other: str

    def check(self, fields: Mapping[str, Any]) -> Verdict:
        """The verdict on a record."""
        raise NotImplementedError

    def beside(self, fields: Mapping[str, Any], pen: Pen) -> Iterator[Any]:
        """Values of `field` that may keep the constraint, given the value of `other`; none where no value could."""
        yield from ()

    def holds(self, fields: Mapping[str, Any]) -> bool:
        """Whether a record keeps the constraint, or lacks one of the two."""
        both = self.field in fields and self.other in fields
        return not both or self.check(fields).outcome != "fail"


def keep(field: str, value: Any, rules: Sequence[FieldConstraint], pen: Pen) -> Any:
    """`value`, changed as little as needed so that all `rules` on `field` hold.

    Rules that contradict each other are kept as far as they can be.
    """
    for _ in range(ROUNDS):
        rule = next((rule for rule in rules if not rule.holds(field, value)), None)
        if rule is None:
            return value
        nearest = None
        for candidate in islice(_candidates(rule, field, value, pen), CANDIDATES):
            if not rule.holds(field, candidate):
                continue
            if all(other.holds(field, candidate) for other in rules):
                return candidate
            nearest = candidate if nearest is None else nearest
        if nearest is None:
            return value
        value = nearest
    return value


def spoil(field: str, value: Any, rule: FieldConstraint, pen: Pen) -> Any | None:
    """`value` changed so that `rule` no longer holds; None when that cannot be done within the type of the field."""
    items, place = (value, len(value) - 1) if isinstance(value, list) else ([value], 0)
    if not items:
        return None
    for item in rule.breaking(items[place], pen):
        changed = [*items[:place], item, *items[place + 1 :]]
        found = changed if isinstance(value, list) else item
        if item not in ("", None) and found != value and not rule.holds(field, found):
            return found
    return None


def _candidates(rule: FieldConstraint, field: str, value: Any, pen: Pen) -> Iterator[Any]:
    if not isinstance(value, list):
        yield from rule.keeping(value, pen)
        return
    if rule.some:
        for item in rule.keeping(value[-1] if value else "", pen):
            yield [*value[:-1], item]
        return
    for _ in range(ROUNDS):
        items = []
        for item in value:
            near = [item] if rule.holds(field, item) else islice(rule.keeping(item, pen), ROUNDS)
            items.append(next((one for one in near if rule.holds(field, one)), item))
        yield items
