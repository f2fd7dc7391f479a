"""Formulas of word problems: drawn so that every result is exact, worked out line by line.

A formula list is text such as `n * m, v + x`: read from left to right without precedence, `x` is the result of the
formula before, and the last result is the new `v`. All results are whole, or whole numbers of quarters.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from datagen_cli.offline.corpus import pick
from datagen_cli.offline.problems.wording import FRACTIONS, Value, plain, tidy

PERCENTS = (5, 10, 15, 20, 25, 30, 40, 50, 60, 75)
TRIES = 16
# these may lead far from the quantity
_OPEN = ("v * k", "v * p", "v / k", "v / 2", "v / 60", "n - v", "p - v", "v * k, x / 60")


@dataclass(frozen=True, slots=True)
class Line:
    """One calculation: `12 * 3` and its result."""

    calculation: str
    result: Value


@dataclass(frozen=True, slots=True)
class Scale:
    """How large numbers are drawn: the first quantity from `low` to `high`, prices times `price`."""

    low: int
    high: int
    price: int = 1
    cents: bool = False
    whole: bool = False


@lru_cache(maxsize=512)
def parse(formulas: str) -> tuple[tuple[str, ...], ...]:
    """The formulas as tokens."""
    return tuple(tuple(part.split()) for part in formulas.split(", "))


def cost(formulas: str) -> int:
    """How many calculations a formula list takes; naming a quantity takes none."""
    return sum(len(tokens) > 1 for tokens in parse(formulas))


def work_out(formulas: str, v: Value, given: Mapping[str, Value]) -> tuple[list[Line], Value]:
    """The calculations and the new `v`. A value that `given` lacks is a `KeyError`."""
    lines: list[Line] = []
    known = {**given, "v": v}
    for tokens in parse(formulas):
        result = _operand(tokens[0], known)
        shown = plain(result)
        for sign, name in zip(tokens[1::2], tokens[2::2], strict=True):
            operand = _operand(name, known)
            if sign == "*" and name == "a" and operand == 1:
                continue
            if sign == "*":
                result *= operand
            elif sign == "/":
                result /= operand
            else:
                result = result + operand if sign == "+" else result - operand
            shown += f" {sign} {plain(operand)}"
        known["x"] = tidy(result)
        if len(tokens) > 1:
            lines.append(Line(shown, known["x"]))
    return lines, known["x"]


def _operand(name: str, known: Mapping[str, Value]) -> Value:
    return int(name) if name.isdigit() else known[name]


def exact(lines: list[Line], *, whole: bool) -> bool:
    """Whether every result is above 0 and whole (or, unless `whole`, a number of quarters)."""
    return all(line.result > 0 and (line.result % 1 == 0 or (not whole and line.result * 4 % 1 == 0)) for line in lines)


def draw(rng: random.Random, formulas: str, v: Value, scale: Scale) -> dict[str, Value] | None:
    """Values for the slots of `formulas` that lead to exact results near the quantity `v`; None when none were found.
    A fraction comes as `a` and `b`."""
    slots = [token for tokens in parse(formulas) for token in tokens if token in "abnmkptc"]
    for _ in range(TRIES):
        given: dict[str, Value] = {}
        for slot in slots:
            if slot == "a":
                given["a"], given["b"] = pick(rng, tuple(FRACTIONS.values()))
            elif slot not in given:
                given[slot] = _drawn(rng, slot, formulas, v, scale, given)
        lines, result = work_out(formulas, v, given)
        near = formulas in _OPEN or "v" not in formulas or v * 0.2 <= result <= v * 5
        if near and exact(lines, whole=scale.whole and "p" not in given) and result <= 90_000 * scale.price:
            return given
    return None


def _drawn(rng: random.Random, slot: str, formulas: str, v: Value, scale: Scale, given: Mapping[str, Value]) -> Value:
    """One number: small where it multiplies, in proportion to `v` where it changes it."""
    first, several = "v" not in formulas, "n * " in formulas
    if slot == "c":
        return pick(rng, PERCENTS)
    if slot == "t":
        return _between(rng, 3, 5)
    if slot == "k":
        return _between(rng, 2, 15)
    if formulas in ("n - v", "p - v"):
        step = (5 if v < 60 * scale.price else 10 if v < 400 * scale.price else 50) * scale.price
        return (int(v) // step + 1 + int(rng.random() * 6)) * step
    if slot == "p":
        if several or formulas == "v * p":
            return _price(rng, scale, 25 if first else 12)
        if first:
            return _round(rng, max(10, scale.low), max(40, scale.high)) * scale.price
        return _between(rng, 2, max(12, v * 0.6 / scale.price)) * scale.price
    if slot == "m":
        size = scale.high / given["n"] if first else v * 0.6 / given["n"]
        return _between(rng, max(2, scale.low / given["n"]) if first else 2, max(3, min(60, size)))
    if several:
        return _between(rng, 2, min(12, scale.high / 2) if first else 7)
    return _round(rng, scale.low, scale.high) if first else _between(rng, v * 0.06, max(9, v * 0.6))


def _between(rng: random.Random, low: Value, high: Value) -> int:
    low, high = max(2, int(low)), int(high)
    return low + int(rng.random() * (high - low + 1)) if high > low else low


def _round(rng: random.Random, low: Value, high: Value) -> int:
    """A number that often has many divisors, as those in school books."""
    value = _between(rng, low, high)
    return max(2, int(low), value - value % pick(rng, (1, 2, 4, 5, 6, 10, 12)))


def _price(rng: random.Random, scale: Scale, high: int) -> Value:
    value = _between(rng, 2, high) * scale.price
    return value + pick(rng, (0.25, 0.5, 0.75)) if scale.cents and rng.random() < 0.4 else value
