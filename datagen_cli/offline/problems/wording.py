"""A sentence with slots that can be filled in and recognised again, and numbers as texts write them.

`{n} {m} {k}` are counts, `{p}` money, `{t}` a factor, `{c}` a percentage, `{f}` a fraction, `{S}` the subject at the
start of a sentence; every other slot is a run of words. A count that is only "some" is recognised as missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

Value = int | float
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
FRACTIONS = {
    "half": (1, 2), "a third": (1, 3), "a quarter": (1, 4), "a fifth": (1, 5), "a tenth": (1, 10),
    "two thirds": (2, 3), "three quarters": (3, 4), "two fifths": (2, 5),
}  # fmt: skip
VAGUE_COUNTS = ("some", "several", "a few")
VAGUE_AMOUNTS = ("a certain amount", "an unknown amount")
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "inr": "₹", "jpy": "¥"}

_SIGNS = "".join(SYMBOLS.values())
_NUMBER = rf"\d+(?:,\d{{3}})*(?:\.\d+)?|(?:{'|'.join(WORDS)})(?![a-z])"
_COUNT = rf"{_NUMBER}|{'|'.join(VAGUE_COUNTS)}"
_MONEY = rf"[{_SIGNS}]\d+(?:,\d{{3}})*(?:\.\d+)?|{'|'.join(VAGUE_AMOUNTS)}"
_PATTERNS = {
    **dict.fromkeys("nmk", _COUNT), "p": _MONEY, "t": _NUMBER, "c": r"\d+", "f": "|".join(FRACTIONS),
    "S": r"[A-Z][\w']*(?: [a-z]+){0,3}?",
}  # fmt: skip
_SLOT = re.compile(r"\{(\w+)\}")


class Wording:
    """One sentence with slots, and the formulas that it tells."""

    def __init__(self, text: str, formulas: str = "") -> None:
        self.text = text
        self.formulas = formulas

    def fill(self, values: Mapping[str, Any]) -> str:
        """The sentence with `values` in its slots."""
        return self.text.format_map(values)

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """What recognises the whole sentence; a slot used twice is only captured the first time."""
        parts: list[str] = []
        seen: set[str] = set()
        position = 0
        for slot in _SLOT.finditer(self.text):
            name = slot[1]
            pattern = _PATTERNS.get(name, r"[^.?!\d,]+?")
            parts += [
                re.escape(self.text[position : slot.start()]),
                f"(?:{pattern})" if name in seen else f"(?P<{name}>{pattern})",
            ]
            seen.add(name)
            position = slot.end()
        return re.compile("".join([*parts, re.escape(self.text[position:])]))

    def read(self, sentence: str) -> dict[str, str] | None:
        """The texts of the slots if `sentence` is this one, else None."""
        found = self.regex.fullmatch(sentence)
        return found.groupdict() if found else None


def read_number(text: str) -> Value | None:
    """The number a slot holds: digits with separators, money, a number word; None for "some" and the like."""
    if text in WORDS:
        return WORDS.index(text)
    try:
        return tidy(float(text.lstrip(_SIGNS).replace(",", "")))
    except ValueError:
        return None


def tidy(value: Value) -> Value:
    """An int where the value is whole."""
    return int(value) if value == int(value) else value


def plain(value: Value) -> str:
    """A number as one writes it in a calculation: 12, 12.5."""
    return str(tidy(value))


def money(value: Value, symbol: str) -> str:
    """An amount: $12, $12.50, $1,250."""
    value = tidy(value)
    return f"{symbol}{value:,}" if isinstance(value, int) else f"{symbol}{value:,.2f}"
