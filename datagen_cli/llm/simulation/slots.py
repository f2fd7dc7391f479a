"""Slots of a sentence that are drawn while it is filled: `{city}`, `{n}` and the like, afresh at each place."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from datagen_cli.llm.simulation import banks_reviews as reviews
from datagen_cli.llm.simulation import banks_tickets as tickets
from datagen_cli.llm.simulation import names

T = TypeVar("T")
ALL_NAMES = names.SHE + names.HE
ORDINALS = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_BARE_A = re.compile(r"\b([Aa]) (?=[aeio])")
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def pick(rng: random.Random, values: Sequence[T]) -> T:
    """One of the values; quicker than `rng.choice`."""
    return values[int(rng.random() * len(values))]


def _amount(rng: random.Random) -> str:
    return f"${3 + int(rng.random() * 490)}.{pick(rng, ('00', '50', '90', '99', '25', '40'))}"


def _ref(rng: random.Random) -> str:
    return f"{pick(rng, LETTERS)}{pick(rng, LETTERS)}-{10_000 + int(rng.random() * 90_000)}"


def _big(rng: random.Random) -> str:
    return f"{(10 + int(rng.random() * 990)) * 100:,}"


def _one_of(values: Sequence[str]) -> Callable[[random.Random], str]:
    return lambda rng: values[int(rng.random() * len(values))]


def _from(low: int, high: int) -> Callable[[random.Random], str]:
    return lambda rng: str(low + int(rng.random() * (high - low + 1)))


DRAWERS: dict[str, Callable[[random.Random], str]] = {
    "amount": _amount,
    "amount2": _amount,
    "big": _big,
    "ref": _ref,
    "n": _from(2, 40),
    "n2": _from(41, 60),
    "m": _from(2, 5),
    "hour": _from(6, 11),
    "score": lambda rng: f"{2 + int(rng.random() * 4)}-{int(rng.random() * 2)}",
    "code": _from(100, 998),
    "year": _from(1950, 2024),
    "nth": _one_of(ORDINALS),
    "month": _one_of(names.MONTHS),
    "day": _one_of(names.DAYS),
    "city": _one_of(names.CITIES),
    "name": _one_of(ALL_NAMES),
    "name2": _one_of(ALL_NAMES),
    "surname": _one_of(names.SURNAMES),
    "relative": _one_of(names.RELATIVES),
    "device": _one_of(tickets.DEVICES),
    "item": _one_of(tickets.ITEMS),
    "plan": _one_of(tickets.PLANS),
    "screen": _one_of(tickets.SCREENS),
    "color": _one_of(tickets.COLORS),
    "thing": _one_of(reviews.THINGS),
    "thing2": _one_of(reviews.THINGS),
    "adjective": _one_of(reviews.ADJECTIVES),
}


class Slots(dict[str, str]):
    """Given values, and drawn ones for the slots that are not given."""

    def __init__(self, rng: random.Random, **given: str) -> None:
        super().__init__(given)
        self._rng = rng

    def __missing__(self, key: str) -> str:
        drawer = DRAWERS.get(key)
        return drawer(self._rng) if drawer else key

    def fill(self, text: str) -> str:
        """The sentence with its slots filled."""
        return text.format_map(self)


def sentence(text: str) -> str:
    """A capital letter first and a mark last."""
    text = text.strip()
    if not text:
        return text
    text = _BARE_A.sub(r"\1n ", text[0].upper() + text[1:])
    if text[-1] in ".!?":
        return text
    asks = text.split(" ", 1)[0] in ("Could", "Does", "Do", "Can", "Is", "How", "What", "Where", "Who", "Why", "When")
    return text + ("?" if asks and not text.startswith("How to") else ".")
