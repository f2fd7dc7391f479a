"""Numbers in English words: `one hundred and five` to 105 and back, halves and quarters, dozens left to the caller."""

from __future__ import annotations

import re
from fractions import Fraction

from datagen_cli.core.pattern import compiled_later

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {"half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
          "eighth": 8, "ninth": 9, "tenth": 10, "hundredth": 100}  # fmt: skip
_VALUES = {word: value for value, word in enumerate(_SMALL)} | {
    word: 10 * value for value, word in enumerate(_TENS) if word
}
_WORD = "|".join(sorted([*_VALUES, *SCALES, "hundred"], key=len, reverse=True))
_RUN = rf"(?:(?:an?\s+)(?=(?:hundred|{'|'.join(SCALES)})\b))?(?:{_WORD})(?:(?:\s+and\s+|[\s-]+)(?:{_WORD})\b)*"
_PART = "|".join(f"{part}s?" for part in sorted(_PARTS, key=len, reverse=True))
_SPELLED = compiled_later(
    rf"\b(?:(?P<whole>{_RUN})\s+and\s+(?:(?P<over>{_RUN}|an?)[\s-]+)?(?P<of>{_PART})"
    rf"|(?:(?P<count>{_RUN}|an?)[\s-]+)?(?P<part>{_PART})"
    rf"|(?P<number>{_RUN}))\b",
    re.IGNORECASE,
)


def words_to_digits(text: str) -> str:
    """The text with numbers that are written in words written in digits.

    `two and a half hours` gives `2 1/2 hours`, `three quarters` gives `3/4`; a run of words that is no number
    (`five five`) stays.
    """
    return _SPELLED.sub(_digits, text)


def starts_with_number_word(text: str) -> bool:
    """Whether the first words are a number."""
    return _SPELLED.match(text) is not None


def _digits(found: re.Match[str]) -> str:
    if found["number"]:
        value = value_of(found["number"])
        return found[0] if value is None else str(value)
    name = (found["of"] or found["part"]).lower()
    under = _PARTS.get(name) or _PARTS[name.removesuffix("s")]
    words = found["over"] if found["whole"] else found["count"]
    over = 1 if words is None or words.lower() in ("a", "an") else value_of(words)
    if over is None or (found["part"] and not found["count"] and under not in (2, 4)):
        return found[0]  # "third" alone is a place in a row, no number
    if not found["whole"]:
        return f"{over}/{under}"
    whole = value_of(found["whole"])
    return found[0] if whole is None else f"{whole} {over}/{under}"


def value_of(words: str) -> int | None:
    """The number of a run such as `one hundred and five`; None where the words do not make one (`five five`)."""
    total, group, last = 0, 0, 10**15
    started = False
    for word in re.split(r"[\s-]+", words.lower().strip()):
        if word in ("and", "a", "an"):
            continue
        if word == "hundred":
            if not (group or not started) or group >= 100:
                return None
            group = max(group, 1) * 100
        elif word in SCALES:
            if SCALES[word] >= last:
                return None
            last = SCALES[word]
            total += (group or 1) * last
            group = 0
        else:
            value = _VALUES[word]
            room = group % 100 == 0 if value >= 10 else group % 10 == 0 and group % 100 != 10
            if (started and not room) or (value == 0 and started):
                return None
            group += value
        started = True
    return total + group


def spell(number: int) -> str | None:
    """`twenty-five`; None beyond a million or below zero, where nobody writes words."""
    if not 0 <= number < 10**6:
        return None
    if number >= 1000:
        rest = number % 1000
        return f"{spell(number // 1000)} thousand" + (f" {spell(rest)}" if rest else "")
    if number >= 100:
        rest = number % 100
        return f"{_SMALL[number // 100]} hundred" + (f" and {spell(rest)}" if rest else "")
    if number >= 20:
        return _TENS[number // 10] + (f"-{_SMALL[number % 10]}" if number % 10 else "")
    return _SMALL[number]


def fraction_text(value: Fraction, *, mixed: bool) -> str:
    """`3/4`; above one `7/4`, or `1 3/4` when `mixed`; whole numbers without a bar."""
    if value.denominator == 1:
        return str(value.numerator)
    whole, rest = divmod(abs(value), 1)
    if mixed and whole:
        return f"{'-' if value < 0 else ''}{whole} {rest.numerator}/{rest.denominator}"
    return f"{value.numerator}/{value.denominator}"
