"""Numbers as texts write them, and formulas of word problems, drawn so that every result is exact.

A formula list is text such as `n * m, v + x`: read from left to right without precedence, `x` is the result of the
formula before, and the last result is the new `v`. All results are whole, or whole numbers of quarters.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from datagen_cli.offline.corpus import pick

Value = int | float
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
FRACTIONS = {
    "half": (1, 2), "a third": (1, 3), "a quarter": (1, 4), "a fifth": (1, 5), "a tenth": (1, 10),
    "two thirds": (2, 3), "three quarters": (3, 4), "two fifths": (2, 5),
}  # fmt: skip
FRACTION_NAMES = {pair: name for name, pair in FRACTIONS.items()}
VAGUE = {**dict.fromkeys("nmk", ("some", "several", "a few")), "p": ("a certain amount", "an unknown amount")}
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "inr": "₹", "jpy": "¥"}
SIGNS = "".join(SYMBOLS.values())
_OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
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
    """How large numbers are drawn: the first quantity from `low` to `high`, prices times `price`; `whole` says that no
    result may be a fraction."""

    low: int
    high: int
    price: int = 1
    whole: bool = False


@lru_cache(maxsize=512)
def parse(formulas: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(part.split()) for part in formulas.split(", "))


def cost(formulas: str) -> int:
    """How many calculations a formula list takes; naming a quantity takes none."""
    return sum(len(tokens) > 1 for tokens in parse(formulas))


def work_out(formulas: str, v: Value, given: Mapping[str, Value]) -> tuple[list[Line], Value]:
    """The calculations and the new `v`. A value that `given` lacks is a `KeyError`."""
    lines: list[Line] = []
    known = {**given, "v": v}
    for tokens in parse(formulas):
        result, *operands = (int(name) if name.isdigit() else known[name] for name in tokens[::2])
        shown = plain(result)
        for sign, name, operand in zip(tokens[1::2], tokens[2::2], operands, strict=True):
            if sign == "*" and name == "a" and operand == 1:
                continue
            result = _OPERATORS[sign](result, operand)
            shown += f" {sign} {plain(operand)}"
        known["x"] = tidy(result)
        if len(tokens) > 1:
            lines.append(Line(shown, known["x"]))
    return lines, known["x"]


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
        if near and exact(lines, whole=scale.whole) and result <= 90_000 * scale.price:
            return given
    return None


def _drawn(rng: random.Random, slot: str, formulas: str, v: Value, scale: Scale, given: Mapping[str, Value]) -> Value:
    """One number: small where it multiplies, in proportion to `v` where it changes it; the first one often has many
    divisors, as in school books."""
    first, several = "v" not in formulas, "n * " in formulas
    if slot == "c":
        return pick(rng, PERCENTS)
    if formulas in ("n - v", "p - v"):
        step = (5 if v < 60 * scale.price else 10 if v < 400 * scale.price else 50) * scale.price
        return (int(v) // step + 1 + int(rng.random() * 6)) * step
    most = scale.high if first else v * 0.6
    if slot == "p":
        each = several or formulas == "v * p"
        high = (25 if first else 12) if each else max(40, most) if first else most / scale.price
        cents = pick(rng, (0.25, 0.5, 0.75)) if each and not scale.whole and rng.random() < 0.4 else 0
        return _between(rng, 2 if each or not first else 10, high) * scale.price + cents
    groups = given.get("n", 1)
    alone = (scale.low, most) if first else (v * 0.06, max(9, most))
    low, high = {
        "t": (3, 5),
        "k": (2, 15),
        "m": (scale.low / groups if first else 2, max(3, min(60, most / groups))),
        "n": (2, min(12, most / 2) if first else 7) if several else alone,
    }[slot]
    value = _between(rng, low, high)
    if first and slot == "n" and not several:
        value = max(2, value - value % pick(rng, (1, 2, 4, 5, 6, 10, 12)))
    return value


def _between(rng: random.Random, low: Value, high: Value) -> int:
    low, high = max(2, int(low)), int(high)
    return low + int(rng.random() * (high - low + 1)) if high > low else low


def read_number(text: str) -> Value | None:
    """The number a slot holds: digits with separators, money, a number word; None for "some" and the like."""
    if text in WORDS:
        return WORDS.index(text)
    try:
        return tidy(float(text.lstrip(SIGNS).replace(",", "")))
    except ValueError:
        return None


def tidy(value: Value) -> Value:
    """An int where the value is whole."""
    return int(value) if value == int(value) else value


def plain(value: Value) -> str:
    """A number as one writes it in a calculation: 12, 12.5."""
    return str(tidy(value))


def shown(rng: random.Random, slot: str, value: Value, symbol: str) -> str:
    """A number as a sentence writes it in a slot."""
    if slot == "p":
        return money(value, symbol)
    if slot == "t" or (slot in "nmk" and value in range(len(WORDS)) and rng.random() < 0.3):
        return WORDS[int(value)]
    value = tidy(value)
    return f"{value:,}" if slot in "nmk" and isinstance(value, int) else plain(value)


def money(value: Value, symbol: str) -> str:
    """An amount: $12, $12.50, $1,250."""
    value = tidy(value)
    return f"{symbol}{value:,}" if isinstance(value, int) else f"{symbol}{value:,.2f}"
