"""A sentence with slots that can be filled in and recognised again.

`{n} {m} {k}` are counts, `{p} {q}` amounts of money, `{t}` a factor, `{c}` a percentage, `{f}` a fraction, `{S}` the
subject at the start of a sentence; every other slot is a run of words. Recognising is by one regular expression a
sentence; a count that is only "some" is recognised as missing.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
FRACTIONS = {
    "half": (1, 2),
    "a third": (1, 3),
    "a quarter": (1, 4),
    "a fifth": (1, 5),
    "a tenth": (1, 10),
    "two thirds": (2, 3),
    "three quarters": (3, 4),
    "two fifths": (2, 5),
}
VAGUE_COUNTS = ("some", "several", "a few")
VAGUE_AMOUNTS = ("a certain amount", "an unknown amount")
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "inr": "₹", "jpy": "¥"}

_NUMBER = rf"\d+(?:,\d{{3}})*(?:\.\d+)?|(?:{'|'.join(WORDS)})(?![a-z])"
_COUNT = rf"{_NUMBER}|{'|'.join(VAGUE_COUNTS)}"
_MONEY = rf"[{''.join(SYMBOLS.values())}]\d+(?:,\d{{3}})*(?:\.\d+)?|{'|'.join(VAGUE_AMOUNTS)}"
_PATTERNS = {
    "n": _COUNT,
    "m": _COUNT,
    "k": _COUNT,
    "p": _MONEY,
    "q": _MONEY,
    "t": _NUMBER,
    "c": r"\d+",
    "f": "|".join(FRACTIONS),
    "S": r"[A-Z][\w']*(?: [a-z]+){0,3}?",
}
_SLOT = re.compile(r"\{(\w+)\}")


class Wording:
    """One sentence with slots, and the operation on quantities that it tells."""

    def __init__(self, text: str, op: str = "") -> None:
        self.text = text
        self.op = op
        self.slots = tuple(_SLOT.findall(text))

    def fill(self, values: dict[str, Any]) -> str:
        """The sentence with `values` in its slots; a slot without a value is a `KeyError`."""
        return self.text.format_map(values)

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """What recognises the whole sentence; a slot used twice is only captured the first time."""
        parts: list[str] = []
        seen: set[str] = set()
        position = 0
        for slot in _SLOT.finditer(self.text):
            parts.append(re.escape(self.text[position : slot.start()]))
            name = slot.group(1)
            pattern = _PATTERNS.get(name, r"[^.?!\d,]+?")
            parts.append(f"(?:{pattern})" if name in seen else f"(?P<{name}>{pattern})")
            seen.add(name)
            position = slot.end()
        parts.append(re.escape(self.text[position:]))
        return re.compile("".join(parts))

    def read(self, sentence: str) -> dict[str, str] | None:
        """The texts of the slots if `sentence` is this one, else None."""
        found = self.regex.fullmatch(sentence)
        return found.groupdict() if found else None


def read_number(text: str) -> float | int | None:
    """The number a slot holds: digits with separators, money, a number word; None for "some" and the like."""
    if text in WORDS:
        return WORDS.index(text)
    digits = text.lstrip("".join(SYMBOLS.values())).replace(",", "")
    try:
        value = float(digits)
    except ValueError:
        return None
    return tidy(value)


def tidy(value: float | int) -> float | int:
    """An int where the value is whole."""
    return int(value) if value == int(value) else value


def plain(value: float | int) -> str:
    """A number as one writes it in a calculation: 12, 12.5."""
    return str(tidy(value))


def grouped(value: float | int) -> str:
    """A number as one writes it in a text: 1,250 or 12.5."""
    value = tidy(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def money(value: float | int, symbol: str) -> str:
    """An amount: $12, $12.50, $1,250."""
    value = tidy(value)
    return f"{symbol}{value:,}" if isinstance(value, int) else f"{symbol}{value:,.2f}"
