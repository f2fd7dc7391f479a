"""One number out of a short text: digits, fractions, percent, currency, clock times, compound units, words.

`read` takes the text for one number with decorations around it (`about $1,200.50 per month`) and gives None where it is
none, or several (`3, 4`, `5-6`, `2024-01-05`). What a sign leaves open is kept as a second reading: `50%` is 50 as such
labels are written, and also 1/2; `2 hours 30 minutes` is 2.5, and also 150.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from datagen_cli.core.pattern import compiled_later
from datagen_cli.text.number_words import SCALES, starts_with_number_word, words_to_digits

MAX_CHARACTERS = 500
MAX_DIGITS = 400
MAX_UNIT_WORDS = 4
"""Words that may follow a number in words: `twenty-five red apples` is a number, a sentence is not."""

Kind = Literal["plain", "percent", "money", "cents", "clock", "half-day", "compound", "dozen"]

_INTEGER = r"\d{1,3}(?:,\d{3}){1,40}(?!\d)|\d{1,2}(?:,\d{2}){1,20},\d{3}(?!\d)"
DIGITS = (
    rf"(?:(?:{_INTEGER})(?:\.\d+)?"
    r"|\d{1,3}(?:\.\d{3}){1,40},\d{1,2}(?!\d)|\d+,\d{1,2}(?![\d,]|\.\d)"
    r"|\d+(?:\.\d+)?|\.\d+)"
)
CURRENCY = r"(?:(?:\b(?:US|CA|AU|NZ|HK|C|A))?\$|[£€¥₹₩]|\b(?:USD|EUR|GBP|INR|CAD|AUD|JPY|CNY|Rs\.?))"
_POWER = r"(?:\s?(?:×|x|\*|·)\s?10\s?(?:\^|\*\*)\s?\(?(?P<ten>[+-]?\d{1,4})\)?|[eE](?P<e>[+-]?\d{1,4})(?!\w))"
NUMBER = compiled_later(
    rf"(?<![\w.\-/])(?P<sign>[+-]\s?|(?:minus|negative)\s+)?(?P<money>{CURRENCY}\s?)?(?P<inner>[+-])?"
    r"(?:(?P<clock>\d{1,3}:[0-5]\d(?::[0-5]\d)?)(?![\d:])"
    r"|(?P<ratio>\d+:\d+)(?![\d:])"
    r"|(?P<whole>\d+)(?:\s+(?:and\s+|&\s*)?|-)(?P<over>\d+)\s?/\s?(?P<under>\d+)(?![\d/])"
    rf"|(?P<top>{DIGITS})\s?/\s?(?P<bottom>{DIGITS})(?![\d/])"
    r"|(?P<base>\d+)\s?(?:\^|\*\*)\s?\(?(?P<to>[+-]?\d{1,4})\)?"
    rf"|(?P<digits>{DIGITS}){_POWER}?)"
    r"(?P<after>\s?(?:%|percent\b|per\s+cent\b|pct\b)|\s?[aApP]\.?[mM]\b\.?|\s?¢|\s?cents?\b)?"
)
_SCALE = compiled_later(
    r"\s?(?:an?\s)?(?P<word>thousand|million|billion|trillion|hundred|dozens?)\b|(?P<letter>[kKMB]|bn|mn)(?![\w^])"
)
_LETTERS = {"k": 10**3, "K": 10**3, "M": 10**6, "mn": 10**6, "B": 10**9, "bn": 10**9}
_LEAD = compiled_later(
    r"(?:(?:about|approximately|approx\.?|around|roughly|exactly|only|just|nearly|almost|a total of|the answer is|"
    r"answer|total|minus|negative|~|≈|=|:|is)[\s:]*)*",
    re.IGNORECASE,
)
_UNIT_POWER = compiled_later(r"(?<![A-Za-z])[A-Za-z]{1,6}\s?(?:\^|\*\*)?\s?[23](?!\d)")
_NO_NUMBER = compiled_later(r"[√π∞±∑∫]|\b(?:sqrt|pi|infinity|inf|nan)\b|\\[A-Za-z]+", re.IGNORECASE)
_FRACTION = compiled_later(r"\\[dt]?frac\s*+\{([^{}]*+)\}\s*+\{([^{}]*+)\}")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_MINUS = str.maketrans(dict.fromkeys("−﹣－‒", "-"))
_LADDERS: tuple[tuple[tuple[str, int], ...], ...] = (
    (("weeks?|wks?", 7), ("days?", 24), ("hours?|hrs?|h", 60), ("minutes?|mins?|m", 60), ("seconds?|secs?|s", 1)),
    (("yards?|yds?", 3), ("feet|foot|ft|'", 12), ('inch(?:es)?|in|"', 1)),
    (("pounds?|lbs?", 16), ("ounces?|oz", 1)),
    (("dollars?|euros?|pounds?", 100), ("cents?|pence", 1)),
    (("kilometers?|kilometres?|km", 1000), ("meters?|metres?|m", 100), ("centimeters?|centimetres?|cm", 1)),
    (("kilograms?|kg", 1000), ("grams?|g", 1)),
)
_COMPOUNDS = tuple(
    compiled_later(
        rf"^\D*?(?:{CURRENCY}\s?)?" + r"(?:,?\s*(?:and\s+)?)?".join(
            rf"(?:(?P<n{place}>\d+(?:\.\d+)?)\s*-?(?:{names})(?![A-Za-z])\.?)?"
            for place, (names, _) in enumerate(ladder)
        ) + r"\D*$"
    )
    for ladder in _LADDERS
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """What a text says. `decimals` is how many the text shows, None when it is exact (a fraction)."""

    value: Fraction
    decimals: int | None = 0
    kind: Kind = "plain"
    others: tuple[Fraction, ...] = ()
    """Further readings, tried against a number of another kind."""


def read(text: str) -> Number | None:
    """The one number in a text, or None. Texts over `MAX_CHARACTERS` are none."""
    if len(text) > MAX_CHARACTERS:
        return None
    plain = _right_side(" ".join(plain_notation(text).split()))
    if not any(character.isdigit() for character in plain):
        plain = _from_words(plain)
    if _NO_NUMBER.search(plain) or re.search(r"[<>≤≥]=?\s?[-$£€]?\.?\d", plain):
        return None
    spaced = re.fullmatch(r"(\D*)(\d{1,3}(?: \d{3})+)((?:\.\d+)?\D*)", plain)
    if spaced:
        plain = spaced[1] + spaced[2].replace(" ", ",") + spaced[3]
    compound = _compound(plain)
    if compound is not None:
        return compound
    found = NUMBER.search(plain)
    if found is None or any(character.isdigit() for character in plain[: found.start()]):
        return None
    number = number_of(found)
    if number is None:
        return None
    number, rest = _scaled(number, found, plain[found.end() :])
    if re.match(r"[xyzn](?![A-Za-z])", rest) or any(c.isdigit() for c in _UNIT_POWER.sub("", rest)):
        return None
    return number


def plain_notation(text: str) -> str:
    """The text with LaTeX, Unicode fractions, superscripts, minus signs and thin spaces as plain characters."""
    text = re.sub("[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: "^" + found[0].translate(_SUPERSCRIPTS), text)
    text = re.sub(r"(?<=\d)(?=[¼-¾⅐-⅞↉])", " ", text)
    text = re.sub(r"(?<=\d)[\u00a0\u2009\u202f\u2007'’_](?=\d{3}(?!\d))", ",", text)
    text = unicodedata.normalize("NFKC", text).replace("⁄", "/").translate(_MINUS)
    text = re.sub(r"(^|[\s(=:])[–—](?=\s?[$£€]?\.?\d)", r"\1-", text)
    if "\\" in text or "{" in text or text.count("$") > 1:
        text = _without_latex(text)
    return text.replace("**", "^") if re.search(r"\d\s?\*\*\s?[+-]?\d", text) else text.replace("**", "")


def _without_latex(text: str) -> str:
    text = re.sub(r"\$\$?(?=[^$]*\$)([^$]*)\$\$?", r"\1", text) if "\\$" not in text else text.replace("\\$", "$")
    text = _FRACTION.sub(lambda found: f" {found[1].strip()}/{found[2].strip()}", text)
    text = re.sub(r"\\[dt]?frac\s*(\d)\s*(\d)", r" \1/\2", text)
    text = re.sub(r"-\s+(?=\d+/)", "-", text)
    text = re.sub(r"\\(?:text|mathrm|mathbf|textbf|boxed|fbox|mbox)\s*\{([^{}]*)\}", r" \1", text)
    text = text.replace("{,}", ",").replace("\\%", "%").replace("\\cdot", "·").replace("\\times", "×")
    text = re.sub(r"\^\s*\{\s*([+-]?\d+)\s*\}", r"^\1", text)
    return re.sub(r"\^\s*+\{?\s*+\\circ\s*\}?|\\(?:degree|left|right|displaystyle|[!,;: ()\[\]])", "", text).strip()


def _right_side(text: str) -> str:
    """Of an equation what stands after the last sign, where there is a number."""
    for side in reversed(re.split(r"[=≈]", text)):
        if any(character.isdigit() for character in side):
            return side.strip()
    return text


def _from_words(text: str) -> str:
    """A text that opens with a number in words, in digits; the empty text when it does not, or goes on too long."""
    lead = _LEAD.match(text)
    start = lead.end() if lead else 0
    body = re.sub(r"^an?\s+(?=dozen\b)", "one ", text[start:], flags=re.IGNORECASE)
    if not starts_with_number_word(body):
        return ""
    digits = words_to_digits(body)
    unit = re.sub(r"[\d/.,]+|\b(?:and|hundred|thousand|million|billion)\b", " ", digits)
    if len(unit.split()) > MAX_UNIT_WORDS or re.match(r"[\d/ ]+\s+(?:of|or|to|who|that|which)\b", digits):
        return ""
    negative = re.search(r"\b(?:minus|negative)\s*$", text[:start], re.IGNORECASE)
    return f"-{digits}" if negative else digits


def number_of(found: re.Match[str]) -> Number | None:
    """The number of a match of `NUMBER`, before any word of scale after it; None for 1/0 and the like."""
    number = _unsigned(found)
    if number is None:
        return None
    after = (found["after"] or "").strip().lower().replace(".", "")
    if after in ("%", "percent", "pct") or after.startswith("per"):
        number = replace(number, kind="percent", others=(number.value / 100,))
    elif after in ("am", "pm"):
        if not 0 < number.value < 13:
            return None
        hour = number.value % 12 + (12 if after == "pm" else 0)  # 3:30 pm is 15.5, and also 3.5 as it is written
        number = Number(hour, None, "half-day", (number.value,))
    elif after in ("¢", "cent", "cents"):
        number = replace(number, kind="cents", others=(number.value / 100,))
    elif found["money"]:
        number = replace(number, kind="money")
    negative = (found["sign"] or "").strip().lower() in ("-", "minus", "negative") or found["inner"] == "-"
    if not negative:
        return number
    return replace(number, value=-number.value, others=tuple(-other for other in number.others))


def _unsigned(found: re.Match[str]) -> Number | None:
    try:
        if found["clock"]:
            return _clock(found["clock"])
        if found["ratio"]:
            first, second = found["ratio"].split(":")
            return Number(Fraction(int(first), int(second)), None)
        if found["under"]:
            return Number(int(found["whole"]) + Fraction(int(found["over"]), int(found["under"])), None)
        if found["bottom"]:
            return Number(_plain_digits(found["top"])[0] / _plain_digits(found["bottom"])[0], None)
        if found["base"]:
            return _power(Fraction(found["base"]), int(found["to"]))
        value, decimals = _plain_digits(found["digits"])
    except (ZeroDivisionError, OverflowError):
        return None
    ten = int(found["ten"] or found["e"] or 0)
    if abs(ten) > MAX_DIGITS or len(found["digits"]) > MAX_DIGITS:
        return None
    return Number(value * Fraction(10) ** ten, max(0, decimals - ten))


def _plain_digits(digits: str) -> tuple[Fraction, int]:
    """Value and decimals of digits with a decimal point or comma, and with or without marks between thousands."""
    if re.search(r",\d{1,2}$", digits):
        digits = digits.replace(".", "").replace(",", ".")
    digits = digits.replace(",", "")
    return Fraction(digits if digits[0] != "." else f"0{digits}"), len(digits.partition(".")[2])


def _power(base: Fraction, to: int) -> Number | None:
    if abs(to) * len(str(base)) > MAX_DIGITS or (base == 0 and to < 0):
        return None
    return Number(base**to, None)


def _clock(text: str) -> Number:
    """`3:30` is 3.5 hours, and also the ratio 3 to 30."""
    parts = [int(part) for part in text.split(":")]
    value = sum((Fraction(part, 60**place) for place, part in enumerate(parts)), Fraction(0))
    ratio = (Fraction(parts[0], parts[1]),) if len(parts) == 2 and parts[1] else ()
    return Number(value, None, "clock", ratio)


def _scaled(number: Number, found: re.Match[str], rest: str) -> tuple[Number, str]:
    """`1.5 million`, `$5k`, `2 dozen`; and what follows."""
    scale = _SCALE.match(rest)
    if scale is None and found["money"] and (letter := re.match(r"m\b", rest)):
        return _times(number, 10**6), rest[letter.end() :]
    if scale is None or found["after"]:
        return number, rest
    rest = rest[scale.end() :]
    if scale["letter"]:
        if scale["letter"] in ("B", "bn", "mn") and not found["money"]:
            return number, scale["letter"] + rest
        return _times(number, _LETTERS[scale["letter"]]), rest
    word = scale["word"].lower()
    if word.startswith("dozen"):
        return replace(number, kind="dozen", others=(number.value * 12,)), rest
    return _times(number, 100 if word == "hundred" else SCALES[word]), rest


def _times(number: Number, factor: int) -> Number:
    zeros = len(str(factor)) - 1
    decimals = None if number.decimals is None else max(0, number.decimals - zeros)
    return replace(number, value=number.value * factor, decimals=decimals)


def _compound(text: str) -> Number | None:
    """`2 hours 30 minutes`: its value in the larger unit, and as another reading in the smaller."""
    for ladder, pattern in zip(_LADDERS, _COMPOUNDS, strict=True):
        found = pattern.match(text)
        if found is None:
            continue
        given = [place for place in range(len(ladder)) if found[f"n{place}"]]
        if len(given) < 2:
            continue
        total = Fraction(0)
        for place in range(given[0], given[-1] + 1):
            total += Fraction(found[f"n{place}"] or 0)
            if place < given[-1]:
                total *= ladder[place][1]
        factor = 1
        for place in range(given[0], given[-1]):
            factor *= ladder[place][1]
        sign = -1 if re.match(r"\D*-\s?\d", text) else 1
        return Number(sign * total / factor, None, "compound", (sign * total,))
    return None
