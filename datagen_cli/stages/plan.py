"""The plan: N empty records with id, label and attributes, a function of the recipe and the seed alone.

Labels and attributes are apportioned (Webster, Sainte-Laguë) with seeded ties, so that quotas hold exactly; among tied
values the one that was least often seen together with what the slot already has is taken, which covers the grid of
combinations evenly. plan(m) is a prefix of plan(n) for m < n. A label or attribute stays with its slot through every
attempt, so quotas hold among accepted records too.

The apportionment is house-monotone: the sequence of winners for m seats is a prefix of the one for n > m seats, so a
larger run keeps every slot of a smaller one. When the weights are counts that add up to the house, every value gets
exactly its count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen_cli.core.digest import digest, rng
from datagen_cli.core.record import Slot, record_id

_SAME = 1 - 1e-12


@dataclass(frozen=True, slots=True)
class AttributePlan:
    """One attribute: its values with weights, and the values of earlier attributes under which it is drawn."""

    name: str
    values: tuple[str, ...]
    weights: tuple[float, ...]
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanSpec:
    """All that the plan depends on. `labels` are (value, weight) pairs, empty without a quota.

    `pins` are combinations that the first slots get, one each. `parents` are the base rows that records are written
    for, in order, None where they are written anew: then there are at most as many slots. `clusters` are the weights of
    the base's clusters where slots are shared out among them.
    """

    name: str
    seed: int
    labels: tuple[tuple[Any, float], ...] = ()
    attributes: tuple[AttributePlan, ...] = ()
    pins: tuple[Mapping[str, str], ...] = ()
    parents: tuple[str, ...] | None = None
    clusters: tuple[float, ...] = ()

    def most(self, count: int) -> int:
        """How many of `count` slots there can be."""
        return count if self.parents is None else min(count, len(self.parents))

    def identity(self) -> list[Any]:
        """The plan's part of the fingerprint."""
        attributes = [
            [a.name, list(a.values), list(a.weights), {k: list(v) for k, v in a.when.items()}] for a in self.attributes
        ]
        return [
            self.name,
            self.seed,
            [list(pair) for pair in self.labels],
            attributes,
            [dict(pin) for pin in self.pins],
            *([list(self.parents)] if self.parents is not None else []),
            *([["clusters", list(self.clusters)]] if self.clusters else []),
        ]


def id_prefix(name: str, seed: int) -> str:
    """Six hex characters of the run's name and seed, the first part of every id."""
    return digest(name, seed, length=6)


def draw_slots(spec: PlanSpec, count: int) -> Iterator[Slot]:
    """The first `count` slots of the plan, fewer where base rows run out."""
    prefix = id_prefix(spec.name, spec.seed)
    labels = Webster([weight for _, weight in spec.labels]) if spec.labels else None
    cover = _Cover(spec.attributes)
    clusters = Webster(spec.clusters) if spec.clusters else None
    for index in range(spec.most(count)):
        source = rng(spec.seed, "plan", index)
        label = None
        if labels is not None:
            label = spec.labels[labels.take(source.choice)][0]
        pin = spec.pins[index] if index < len(spec.pins) else {}
        attributes = cover.draw(label, pin, source.random) if spec.attributes else {}
        parent = spec.parents[index] if spec.parents else ""
        cluster = clusters.take(rng(spec.seed, "cluster", index).choice) if clusters is not None else None
        yield Slot(index, record_id(prefix, index), label, attributes, parent, cluster)


class _Cover:
    """Draws attribute values with exact shares and an even cover of their pairs."""

    def __init__(self, attributes: Sequence[AttributePlan]) -> None:
        self._attributes = attributes
        self._shares = [Webster(attribute.weights) for attribute in attributes]
        self._pairs: Counter[tuple[Any, ...]] = Counter()

    def draw(self, label: Any, pin: Mapping[str, str], random: Any) -> dict[str, str | None]:
        """One value for every attribute, None where its condition does not hold."""
        chosen: dict[str, str | None] = {}
        context: list[tuple[str, Any]] = [("", repr(label))] if label is not None else []
        for attribute, shares in zip(self._attributes, self._shares, strict=True):
            if not _holds(attribute, chosen):
                chosen[attribute.name] = None
                continue
            index = self._choose(attribute, shares, pin, context, random)
            value = attribute.values[index]
            for other in context:
                self._pairs[(*other, attribute.name, value)] += 1
            context.append((attribute.name, value))
            chosen[attribute.name] = value
        return chosen

    def _choose(
        self,
        attribute: AttributePlan,
        shares: Webster,
        pin: Mapping[str, str],
        context: list[tuple[str, Any]],
        random: Any,
    ) -> int:
        if attribute.name in pin:
            index = attribute.values.index(pin[attribute.name])
            shares.give(index)
            return index

        def rarest(tied: list[int]) -> int:
            def seen(index: int) -> tuple[int, float]:
                value = attribute.values[index]
                return (sum(self._pairs[(*other, attribute.name, value)] for other in context), random())

            return min(tied, key=seen)

        return shares.take(rarest)


def _holds(attribute: AttributePlan, chosen: Mapping[str, str | None]) -> bool:
    return all(chosen.get(name) in values for name, values in attribute.when.items())


class Webster:
    """Seats handed out one at a time to the value with the largest weight / (2·seats + 1)."""

    def __init__(self, weights: Sequence[float]) -> None:
        if not weights or min(weights) < 0 or max(weights) <= 0:
            raise ValueError("weights must be 0 or more, at least one above 0")
        self._weights = [float(weight) for weight in weights]
        self._priority = list(self._weights)
        self.seats = [0] * len(weights)

    def tied(self) -> list[int]:
        """The values that may get the next seat."""
        best = max(self._priority)
        bar = best * _SAME
        return [index for index, value in enumerate(self._priority) if value >= bar]

    def give(self, index: int) -> None:
        """Hands a seat to a value, whether it was its turn or not."""
        self.seats[index] += 1
        self._priority[index] = self._weights[index] / (2 * self.seats[index] + 1)

    def take(self, choose: Callable[[list[int]], int]) -> int:
        """Hands out the next seat; `choose` picks among tied values. Returns the value's index."""
        tied = self.tied()
        index = tied[0] if len(tied) == 1 else choose(tied)
        self.give(index)
        return index
