"""Formulas of word problems: drawn so that every result is exact, worked out line by line.

A formula list is text such as `n * m, v + x`: read from left to right without precedence, `x` is the result of the
formula before, and the last result is the new `v`. All values are whole, or whole numbers of quarters.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from datagen_cli.llm.simulation.wording import FRACTIONS, plain, tidy

PERCENTS = (5, 10, 15, 20, 25, 30, 40, 50, 60, 75)
Value = int | float


@dataclass(frozen=True, slots=True)
class Line:
    """One calculation: `12 * 3` and its result."""

    calculation: str
    result: Value


@lru_cache(maxsize=512)
def parse(formulas: str) -> tuple[tuple[str, ...], ...]:
    """The formulas as tokens; `push` in front is left out."""
    return tuple(tuple(part.split()) for part in formulas.removeprefix("push ").split(", "))


def cost(formulas: str) -> int:
    """How many calculations a formula list takes; naming a quantity takes none."""
    return sum(1 for tokens in parse(formulas) if len(tokens) > 1)


def work_out(formulas: str, v: Value, given: Mapping[str, Value]) -> tuple[list[Line], Value]:
    """The calculations and the new `v`. A value that `given` lacks is a `KeyError`."""
    lines: list[Line] = []
    known = {**given, "v": v}
    for tokens in parse(formulas):
        result = _operand(tokens[0], known)
        shown = plain(result)
        for sign, name in zip(tokens[1::2], tokens[2::2], strict=True):
            operand = _operand(name, known)
            if sign == "*":
                if name == "a" and operand == 1:
                    continue
                result *= operand
            elif sign == "/":
                result /= operand
            else:
                result = result + operand if sign == "+" else result - operand
            shown += f" {sign} {plain(operand)}"
        result = tidy(result)
        known["x"] = result
        if len(tokens) > 1:
            lines.append(Line(shown, result))
    return lines, known["x"]


def _operand(name: str, known: Mapping[str, Value]) -> Value:
    return int(name) if name.isdigit() else known[name]


def exact(lines: list[Line], *, whole: bool) -> bool:
    """Whether every result is above 0 and whole (or, unless `whole`, a number of quarters)."""
    return all(line.result > 0 and (line.result % 1 == 0 or (not whole and line.result * 4 % 1 == 0)) for line in lines)


@dataclass(frozen=True, slots=True)
class Scale:
    """How large numbers are drawn: the first quantity from `low` to `high`, unit prices times `price`."""

    low: int
    high: int
    price: int = 1
    cents: bool = False


def draw(rng: random.Random, formulas: str, v: Value, scale: Scale) -> dict[str, Value] | None:
    """Values for the slots of `formulas` that suit the quantity `v`; None when none do. `f` comes as `a` and `b`."""
    if "a / b" in formulas:
        fitting = [name for name, (_, b) in FRACTIONS.items() if v % b == 0]
        if not fitting:
            return None
        a, b = FRACTIONS[fitting[int(rng.random() * len(fitting))]]
        return {"a": a, "b": b}
    if "c /" in formulas:
        percents = [c for c in PERCENTS if v * c % 100 == 0]
        return {"c": percents[int(rng.random() * len(percents))]} if percents else None
    drawer = _DRAWERS.get(formulas.removeprefix("push "))
    return drawer(rng, v, scale) if drawer else {}


def _between(rng: random.Random, low: Value, high: Value) -> int:
    low, high = max(2, int(low)), int(high)
    return low + int(rng.random() * (high - low + 1)) if high > low else low


def _round(rng: random.Random, low: Value, high: Value) -> int:
    """A number that often has many divisors, as those in school books."""
    value = _between(rng, low, high)
    step = (1, 2, 4, 5, 6, 10, 12)[int(rng.random() * 7)]
    return max(2, int(low), value - value % step)


def _price(rng: random.Random, scale: Scale, high: int = 15) -> Value:
    value = _between(rng, 2, high) * scale.price
    return value + (0.25, 0.5, 0.75)[int(rng.random() * 3)] if scale.cents and rng.random() < 0.4 else value


def _start(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    return {"n": _round(rng, scale.low, scale.high)}


def _product(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    n = _between(rng, 2, min(12, scale.high / 2))
    return {"n": n, "m": _between(rng, max(2, scale.low / n), max(3, min(60, scale.high / n)))}


def _product_and(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    return {**_product(rng, v, scale), "k": _between(rng, 2, 12)}


def _amount(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    return {"p": _round(rng, max(10, scale.low), max(40, scale.high)) * scale.price}


def _rate(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    return {"n": _between(rng, 2, 12), "p": _price(rng, scale, 25)}


def _rate_weeks(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    return {"n": _between(rng, 2, 6), "m": _between(rng, 2, 8), "p": _price(rng, scale, 60)}


def _more(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    return {"n": _between(rng, v * 0.08, max(9, v * 0.6))}


def _less(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value] | None:
    return {"n": _between(rng, v * 0.05, v * 0.6)} if v > 5 else None


def _more_product(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    n = _between(rng, 2, 7)
    return {"n": n, "m": _between(rng, 2, max(4, min(40, v * 0.6 / n)))}


def _less_product(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value] | None:
    if v < 12:
        return None
    n = _between(rng, 2, min(8, v * 0.6 / 2))
    return {"n": n, "m": _between(rng, 2, v * 0.7 / n)}


def _pay(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value] | None:
    high = v * 0.6 / scale.price
    return {"p": _between(rng, 2, high) * scale.price} if high >= 3 else None


def _earn(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    return {"p": _between(rng, 2, max(12, v * 0.5 / scale.price)) * scale.price}


def _pay_for(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value] | None:
    n = _between(rng, 2, 5)
    high = v * 0.7 / scale.price / n
    return {"n": n, "p": _between(rng, 2, high) * scale.price} if high >= 3 else None


def _earn_for(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    return {"n": _between(rng, 2, 6), "p": _price(rng, scale)}


def _times(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    return {"t": _between(rng, 3, 5)}


def _factor(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    return {"k": _between(rng, 2, 15)}


def _minutes(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value] | None:
    fitting = [k for k in range(2, 31) if v * k % 60 == 0]
    return {"k": fitting[int(rng.random() * len(fitting))]} if fitting else None


def _share(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value] | None:
    fitting = [k for k in range(2, 13) if v % k == 0 and v > k]
    return {"k": fitting[int(rng.random() * len(fitting))]} if fitting else None


def _goal(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    high = v * 2
    step = 5 if v < 60 else 10 if v < 400 else 50
    return {"n": (int(v) // step + 1 + int(rng.random() * max(2, (high - v) / step))) * step}


def _cost_goal(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    step = (5 if v < 60 * scale.price else 10 if v < 400 * scale.price else 50) * scale.price
    return {"p": (int(v) // step + 1 + int(rng.random() * 6)) * step}


def _unit_price(rng: random.Random, v: Value, scale: Scale) -> dict[str, Value]:
    return {"p": _price(rng, scale, 8)}


_DRAWERS = {
    "n": _start,
    "n * m": _product,
    "n * m, x + k": _product_and,
    "n * m, x * k": _product_and,
    "p": _amount,
    "n * p": _rate,
    "n * m, x * p": _rate_weeks,
    "v + n": _more,
    "v - n": _less,
    "n * m, v + x": _more_product,
    "n * m, v - x": _less_product,
    "v + p": _earn,
    "v - p": _pay,
    "n * p, v - x": _pay_for,
    "n * p, v + x": _earn_for,
    "v * t": _times,
    "v * k": _factor,
    "v * k, x / 60": _minutes,
    "v / k": _share,
    "n - v": _goal,
    "p - v": _cost_goal,
    "v * p": _unit_price,
}
