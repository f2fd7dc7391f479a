"""Which rows a prompt shows as examples: of the base or written into the recipe, screened, of the planned label.

A row is shown only if it keeps the recipe's own constraints and the rules of safety (no planted instruction, secret or
address), because models copy what they see. Where a label is planned its rows are preferred. The draw before screening
is what a unit is made from, so that a changed constraint does not ask the model again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datagen_cli.config.checks import Check
from datagen_cli.core.record import Slot
from datagen_cli.text.safety_rules import digit_rules, has_digits, worded_rules

MORE_DRAWS = 6
APART = 1_000
"""Attempts from here on are draws beyond the first, taken where rows of it may not be shown."""
Row = Mapping[str, Any]


class ExampleDrawer:
    """Draws the examples of every unit. `rows` are (name, fields); `labels` holds the label of each, or is empty.

    `clusters` hold the places of rows that slots with a planned cluster are shown (`cover: true`).

    `drawer(numbers)` makes something with `draw(slot, attempt)` over some rows; `allowed` says which may be shown.
    """

    def __init__(
        self,
        rows: Sequence[tuple[str, Row]],
        labels: Sequence[Any],
        k: int,
        drawer: Callable[[Sequence[int]], Any],
        allowed: Callable[[Row], bool],
        clusters: Sequence[Sequence[int]] = (),
    ) -> None:
        self._rows = rows
        self._k = k
        self._drawer = drawer
        self._allowed = allowed
        self._known: dict[int, bool] = {}
        self._all = (range(len(rows)), drawer(range(len(rows))))
        self._members: dict[Any, list[int]] = {}
        for number, label in enumerate(labels):
            self._members.setdefault(label, []).append(number)
        self._clusters = clusters
        self._pools: dict[Any, tuple[Sequence[int], Any]] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of the draw, and how many of the first rows may be shown where that is none."""
        found = tuple(getattr(self._all[1], "notes", ()))
        checked = min(len(self._rows), 200)
        if any(self._may_be_shown(number) for number in range(checked)):
            return found
        return (*found, f"examples: none of {checked:,} rows keeps the recipe's constraints and is safe: few are shown")

    def draw(self, slots: Sequence[Slot], attempt: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of rows as drawn at first, and of those that are shown, the best last."""
        first = slots[0]
        alone = len(slots) == 1 and (first.label in self._members or self._cluster_of(first) is not None)
        pool = self._pool(first) if alone else self._all
        drawn = self._take(pool, first.index, attempt)
        shown = self._screened(drawn, pool, first.index, attempt)
        if alone and len(shown) < self._k:
            more = self._screened(self._take(self._all, first.index, attempt), self._all, first.index, attempt)
            shown = [*[number for number in more if number not in shown][: self._k - len(shown)], *shown]
        return tuple(self._rows[number][0] for number in drawn), tuple(self._rows[number][0] for number in shown)

    def _cluster_of(self, slot: Slot) -> int | None:
        return slot.cluster if slot.cluster is not None and slot.cluster < len(self._clusters) else None

    def _pool(self, slot: Slot) -> tuple[Sequence[int], Any]:
        """The rows of the slot's cluster, else of its label."""
        cluster = self._cluster_of(slot)
        key = slot.label if cluster is None else ("cluster", cluster)
        if key not in self._pools:
            numbers = self._members[slot.label] if cluster is None else self._clusters[cluster]
            self._pools[key] = (numbers, self._drawer(numbers))
        return self._pools[key]

    def _take(self, pool: tuple[Sequence[int], Any], slot: int, attempt: int) -> list[int]:
        numbers, drawer = pool
        return [numbers[place] for place in drawer.draw(slot, attempt)]

    def _screened(self, drawn: Sequence[int], pool: tuple[Sequence[int], Any], slot: int, attempt: int) -> list[int]:
        """Those of a draw that may be shown, filled up from further draws."""
        most = min(self._k, len(pool[0]))
        return screened(drawn, most, lambda more: self._take(pool, slot, attempt + more), self._may_be_shown)

    def _may_be_shown(self, number: int) -> bool:
        if number not in self._known:
            self._known[number] = self._allowed(self._rows[number][1])
        return self._known[number]


def screened(
    drawn: Sequence[int], most: int, take: Callable[[int], Sequence[int]], allowed: Callable[[int], bool]
) -> list[int]:
    """Those of a draw that are allowed, filled up to `most` from further draws: `take(more)` is that of so many
    attempts later."""
    shown = [number for number in drawn if allowed(number)]
    for turn in range(1, MORE_DRAWS + 1):
        if not drawn or len(shown) >= most:
            break
        for number in take(turn * APART):
            if len(shown) < most and number not in shown and allowed(number):
                shown.append(number)
    return shown


def keeps(constraints: Sequence[tuple[Check, Any]]) -> Callable[[Row], bool]:
    """Whether a row keeps the constraints on the fields that it has, and is safe."""
    pure = [
        (tuple(getattr(made, "fields", ())), made)
        for check, made in constraints
        if not check.facts.roles and check.facts.scope == "record"
    ]

    def allowed(row: Row) -> bool:
        for names, made in pure:
            has_them = all(row.get(name) is not None for name in names)
            if has_them and made.check(row).outcome == "fail":
                return False
        return is_safe("\n".join(value for value in row.values() if isinstance(value, str)))

    return allowed


def is_safe(text: str) -> bool:
    """Whether none of the rules of safety finds anything in a text."""
    lowered = text.lower()
    rules = (*worded_rules(), *(digit_rules() if has_digits(text) else ()))
    return not any(rule.find(text, lowered) for rule in rules)
