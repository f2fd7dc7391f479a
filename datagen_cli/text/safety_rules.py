"""The forms that the measure `safety` and the constraint `private` look for: planted instructions, secrets, personal
data, and the look of poison.

A rule is a regular expression with literal parts of which one must stand in the folded text, so that most texts cost a
substring search and no more. Rules are kept narrow: what they flag in real data should be what they say. They stand in
`safety_rules.yaml` and, for orders to a model, in `orders.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from datagen_cli.core.pattern import PatternFile, compiled_later

if TYPE_CHECKING:
    from datagen_cli.text.literals import LiteralFilter

Kind = Literal["injection", "secret", "personal", "outlier"]
KINDS: tuple[Kind, ...] = ("injection", "secret", "personal", "outlier")
VERSION = 6
LONG_BLOB = 120
REPEATS = 6
_NEAR = 200
_FORMS = PatternFile(Path(__file__).with_suffix(".yaml"))
_ORDERS = PatternFile(Path(__file__).with_name("orders.yaml"))
_LINES = re.IGNORECASE | re.MULTILINE
_ENDS = re.compile(r"[.!?](?=\s|$)|\n|。")


@dataclass(frozen=True, slots=True)
class Rule:
    """One form. `needs`: lower-case literals of which one must occur; `beside`: what stands in the same sentence;
    `holds`: what a match must also be; `unseen`: no match has a character of ASCII that can be printed."""

    kind: Kind
    name: str
    pattern: re.Pattern[str]
    needs: tuple[str, ...] = ()
    beside: re.Pattern[str] | None = None
    holds: Callable[[str], bool] | None = None
    unseen: bool = False

    def may_stand_in(self, lowered: str) -> bool:
        """Whether a text, given in lower case, has what the form needs."""
        return not self.needs or any(literal in lowered for literal in self.needs)

    def find(self, text: str, lowered: str) -> str | None:
        """The first part of the text that has the form; `lowered` is the text in lower case."""
        if not self.may_stand_in(lowered):
            return None
        if self.unseen and text.isascii() and text.isprintable():
            return None
        for match in self.pattern.finditer(text):
            if self.beside is not None:
                start, end = _sentence(text, *match.span())
                if self.beside.search(text, start, end) is not None:
                    return text[start:end]
            elif self.holds is None or self.holds(match[0]):
                return match[0]
        return None


MANY_DIGITS = 9
_DIGITS = re.compile(rf"\d(?:[ ().-]{{0,2}}\d){{{MANY_DIGITS - 1}}}")
_BLOB = r"(?=[A-Za-z+/=]*\d)(?=[\d+/=]*[A-Za-z])[A-Za-z0-9+/=]{120,}"


@cache
def worded_rules() -> tuple[Rule, ...]:
    """Rules for any text: instructions, secrets, addresses, characters that cannot be seen."""
    return tuple(_worded())


@cache
def digit_rules() -> tuple[Rule, ...]:
    """Rules for texts in which many digits stand together."""
    checked = {"card number": _card, "IBAN": _iban}
    return tuple(
        Rule("personal", form["name"], compiled_later(form["pattern"]), holds=checked.get(form["name"]))
        for form in _FORMS["PERSONAL"]
    )


@cache
def sieve() -> LiteralFilter:
    """Tells for many texts which of the `worded_rules` may find something in each."""
    # with NumPy, which only many texts need
    from datagen_cli.text.literals import NOTHING, LiteralFilter, both, needs_of, one_of

    return LiteralFilter(
        [
            both(needs_of(rule.pattern), NOTHING if rule.beside is None else needs_of(rule.beside), one_of(rule.needs))
            for rule in worded_rules()
        ]
    )


def has_digits(text: str) -> bool:
    """Whether `digit_rules` are worth a try."""
    return _DIGITS.search(text) is not None


def repeated_word(text: str) -> str | None:
    """A word that stands six times in a row, or None; numbers do not count."""
    before, run = "", 0
    for word in text.split():
        run = run + 1 if word == before else 1
        before = word
        if run >= REPEATS and any(char.isalpha() for char in word):
            return " ".join([word] * run)
    return None


def unbroken_blob(text: str) -> str | None:
    """A run of 120 letters and digits, as of base64, outside addresses; or None."""
    words = text.split() if len(text) >= LONG_BLOB else []
    if not words or max(map(len, words)) < LONG_BLOB:
        return None
    for word in words:
        if len(word) >= LONG_BLOB and "://" not in word and (match := re.match(_BLOB, word)):
            return match[0]
    return None


def _worded() -> Iterator[Rule]:
    for form in _FORMS["INJECTION"]:
        yield Rule("injection", form["name"], compiled_later(form["pattern"], _LINES), tuple(form["needs"]))
    for order in _ORDERS["ORDERS"]:
        part, beside = (compiled_later(order.get(key, ""), _LINES) for key in ("part", "beside"))
        yield Rule("injection", order["name"], part, tuple(order["needs"]), beside)
    for form in _FORMS["SECRETS"]:
        drawn = _drawn_key if form["name"] == "OpenAI-like key" else None
        yield Rule("secret", form["name"], compiled_later(form["pattern"]), tuple(form["needs"]), holds=drawn)
    yield Rule("injection", "hides a command", _FORMS.pattern("APART"), holds=_spelled_out)
    yield Rule("personal", "e-mail address", _FORMS.pattern("EMAIL"), ("@",))
    yield Rule("outlier", "invisible characters", _FORMS.pattern("INVISIBLE"), unseen=True)


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the sentence around a part begins and ends, at most 200 characters before and after it."""
    before = [match.end() for match in _ENDS.finditer(text, max(0, start - _NEAR), start)]
    after = _ENDS.search(text, end, end + _NEAR)
    return (before[-1] if before else max(0, start - _NEAR)), (after.start() if after else min(len(text), end + _NEAR))


def _spelled_out(text: str) -> bool:
    """Whether letters that stand apart are an order: `i g n o r e ...`."""
    joined = re.sub(r"\W|_", "", text).lower()
    return any(word in joined for word in ("ignore", "disregard", "instruct", "systemprompt", "override", "approve"))


def _drawn_key(text: str) -> bool:
    """Whether a key has digits and is no name of a program: `sk-toggleable__content` is none."""
    return any(map(str.isdigit, text)) and "__" not in text


def _card(text: str) -> bool:
    """Luhn's check, for 13 to 19 digits that begin as cards do."""
    digits = [int(char) for char in text if char.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (3, 4, 5, 6) or len(set(digits)) == 1:
        return False
    doubled = [2 * digit - 9 * (digit > 4) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    compact = text.replace(" ", "")
    turned = compact[4:] + compact[:4]
    return 15 <= len(compact) <= 34 and int("".join(str(int(char, 36)) for char in turned)) % 97 == 1
