"""Whole numbers that a text is, for texts that anybody wrote: `²` is a digit to `str.isdigit` and none to `int`."""

from __future__ import annotations

MOST_DIGITS = 18


def whole_number(text: str) -> int | None:
    """The number that a text of up to `MOST_DIGITS` digits is; None for any other text.

    >>> whole_number("42"), whole_number("²"), whole_number("-1"), whole_number("9" * 5_000)
    (42, None, None, None)
    """
    return int(text) if len(text) <= MOST_DIGITS and text.isdecimal() else None
