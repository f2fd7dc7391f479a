"""Which rows a prompt shows as examples: of the base or written into the recipe, screened, of the planned label.

A row is shown only if it keeps the recipe's own constraints and the rules of safety (no planted instruction, secret or
address), because models copy what they see. Where a label is planned its rows are preferred. The draw before screening
is what a unit is made from, so that a changed constraint does not ask the model again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from datagen_cli.config.checks import Check
from datagen_cli.core.record import Slot
from datagen_cli.text.safety_rules import digit_rules, has_digits, worded_rules

MORE_DRAWS = 6
APART = 1_000
"""Attempts from here on are draws beyond the first, taken where rows of it may not be shown."""
Row = Mapping[str, Any]


class Pool:
    """Some of the rows, by their `numbers`: `drawer` draws places among them (`draw(slot, attempt)`), and of a draw the
    rows that `may_show` allows are shown."""

    def __init__(self, numbers: Sequence[int], drawer: Any, may_show: Callable[[int], bool]) -> None:
        self.numbers, self.drawer, self._may_show = numbers, drawer, may_show

    def draw(self, slot: int, attempt: int, most: int | None = None) -> tuple[list[int], list[int]]:
        """Rows as drawn at first, and those that are shown: where some may not be, filled up from further draws to as
        many as were drawn, or to `most`."""
        drawn = self._take(slot, attempt)
        most = min(len(drawn) if most is None else most, len(self.numbers))
        shown = list(filter(self._may_show, drawn))
        for turn in range(1, MORE_DRAWS + 1):
            if not drawn or len(shown) >= most:
                break
            for number in self._take(slot, attempt + turn * APART):
                if len(shown) < most and number not in shown and self._may_show(number):
                    shown.append(number)
        return drawn, shown

    def _take(self, slot: int, attempt: int) -> list[int]:
        return [self.numbers[place] for place in self.drawer.draw(slot, attempt)]


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
        self._clusters = clusters
        self._members: dict[Any, list[int]] = {}
        for number, label in enumerate(labels):
            self._members.setdefault(label, []).append(number)
        self._may_show = cache(lambda number: allowed(rows[number][1]))
        self._drawer = drawer
        self._all = Pool(range(len(rows)), drawer(range(len(rows))), self._may_show)
        self._pools: dict[Any, Pool] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of the draw, and how many of the first rows may be shown where that is none."""
        found = tuple(getattr(self._all.drawer, "notes", ()))
        checked = min(len(self._rows), 200)
        if any(map(self._may_show, range(checked))):
            return found
        return (*found, f"examples: none of {checked:,} rows keeps the recipe's constraints and is safe: few are shown")

    def draw(self, slots: Sequence[Slot], attempt: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of rows as drawn at first, and of those that are shown, the best last."""
        first = slots[0]
        pool = self._own_pool(first) if len(slots) == 1 else None
        drawn, shown = (pool or self._all).draw(first.index, attempt, self._k)
        if pool is not None and len(shown) < self._k:
            _, more = self._all.draw(first.index, attempt, self._k)
            shown = [*[number for number in more if number not in shown][: self._k - len(shown)], *shown]
        return tuple(self._rows[number][0] for number in drawn), tuple(self._rows[number][0] for number in shown)

    def _own_pool(self, slot: Slot) -> Pool | None:
        """The rows of the slot's cluster, else of its label; None where it has neither."""
        if slot.cluster is not None and slot.cluster < len(self._clusters):
            key, numbers = ("cluster", slot.cluster), self._clusters[slot.cluster]
        elif slot.label in self._members:
            key, numbers = slot.label, self._members[slot.label]
        else:
            return None
        if key not in self._pools:
            self._pools[key] = Pool(numbers, self._drawer(numbers), self._may_show)
        return self._pools[key]


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
