"""Final answers of worked solutions, and whether two answers are the same number.

A label says `1,200`, a program prints `1200.0`, a solution ends in `\\boxed{\\$1200}`: all one answer. Numbers are
compared as exact fractions; how a text is read as a number is in `quantity.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from datagen_cli.core.pattern import compiled_later
from datagen_cli.text.number_words import fraction_text, spell
from datagen_cli.text.quantity import DIGITS, NUMBER, Number, plain_notation, read

TOLERANCE = 1e-6
MAX_SOLUTION = 50_000
ROUNDED_WITHIN = 0.05
MOST_DECIMALS = 6

Value = str | int | float | Fraction | Decimal
"""What an answer may be in JSON or in arithmetic. Booleans are no numbers."""

_HASHES = compiled_later(r"^[ \t]*####[ \t]*(\S.*)$", re.MULTILINE)
_SAID = compiled_later(
    r"\b(?:final answer|answer)\b\s*(?:is|are|:|=|equals)+\s*(?::\s*)?([^\n]{0,300}?)(?=\.(?:\s|$)|\n|$)", re.IGNORECASE
)
_CALCULATOR = compiled_later(r"<<[^<>\n]{0,200}>>")
_WORKINGS = compiled_later(r"\([^()\n]{0,200}[-+*/×=%][^()\n]{0,200}\)")
_LEFT_OPEN = compiled_later(r"(?:=|\bis)\s*[$£€]?\s*$")
_BECAUSE = compiled_later(r"[\s,]{1,3}(?:because|since|as|so that)\b.*$", re.IGNORECASE)
_ASIDE = compiled_later(
    r"\b(?:in|after|for|over|within|during|on|at|per|every|by|from|than|with|of|between|until|next|first|last|these|"
    r"those|the|all)\s+(?:the\s+|only\s+|his\s+|her\s+|their\s+|all\s+)?$",
    re.IGNORECASE,
)
_INSTEAD = compiled_later(
    r"\b(?:which|that)\s+(?:is|equals|rounds|means)|\brounds?\b|\brounded\b|\bor about\b", re.IGNORECASE
)
_SENTENCE_END = compiled_later(r"(?<=[^\d\s][.!?])\s+|(?<=\d[.!?])\s+(?=[A-Z])")
_SPACED = compiled_later(r"(?<![\d.,/])\d{1,3}(?: \d{3})+(?![\d/:])")


def final_answer(solution: str) -> str | None:
    """The answer that a worked solution ends with, as written there; None where it names none.

    Looked for in this order: the last `####` line; the last `\\boxed{…}`; the last `the answer is …` or `answer: …`;
    the number that the last sentence with a number comes down to (after its last `=`, else its last number that is not
    part of `in 3 days` and the like). A solution that breaks off at `=` names none. The last 50,000 characters count.
    """
    solution = solution[-MAX_SOLUTION:]
    if hashes := _HASHES.findall(solution):
        return str(hashes[-1]).strip()
    if (boxed := _last_boxed(solution)) is not None:
        return boxed
    if said := _SAID.findall(solution):
        answer = str(said[-1]).strip("* \t")
        if answer and (number := _concluded(answer)):
            return number
        if answer:
            return answer
    return _last_number(solution)


def parse_number(value: Value | None) -> Fraction | None:
    """The number in a short text (or a JSON number), exactly; None where there is none, or more than one.

    `50%` is 50, `3:30` is 3.5, `$1.5 million` 1500000, `1 1/2` 3/2, `twenty-five apples` 25.
    """
    number = _number(value)
    return None if number is None else number.value


def same_number(first: Value | None, second: Value | None, *, tolerance: float = TOLERANCE) -> bool | None:
    """Whether two answers are the same number; None when one of them is none.

    Equal are: numbers whose relative difference is at most `tolerance` (whole numbers must be the same, unless a larger
    tolerance is asked for); a number and its rounding to the decimals the other shows (`4.33` and `13/3`: one decimal
    only against a longer expansion, none never, so `4` is not `4.33`); `50%` and both `50` and `0.5`; `50 cents` and
    both `50` and `$0.50`; `3:30 pm`, `15:30` and `3:30`; `2 hours 30 minutes` and both `2.5` and `150`; `2 dozen` and
    both `2` and `24`. Units are not compared otherwise. With `tolerance=0` only exact equality counts.
    """
    left, right = _number(first), _number(second)
    if left is None or right is None:
        return None
    return any(_close(a, b, tolerance) for a, b in _readings(left, right))


def in_form_of(value: Value, example: Value) -> str | int | float:
    """A number written as another label is: `in_form_of(1250, "$3,000.00")` gives `$1,250.00`.

    A number for a number (a whole one where it is whole), a text for a text. Of a text are kept: what stands before and
    after the number, marks between thousands, decimals (more where the number needs them, up to six; with a currency
    sign never more), fractions and mixed numbers, clock times, words. Raises `ValueError` when `value` is no number.
    """
    number = _number(value)
    if number is None:
        raise ValueError(f"{value!r} is no number")
    exact = number.value
    if not isinstance(example, str):
        return int(exact) if exact.denominator == 1 and not isinstance(example, float) else float(exact)
    shape = read(example)
    if shape is None:
        return _decimal_text(exact, 0, grouped=False)
    if shape.kind == "percent" and 0 < abs(exact) <= 1 < abs(shape.value):
        exact *= 100
    return _rewritten(exact, example, shape)


def _number(value: Value | None) -> Number | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | Fraction):
        return Number(Fraction(value), 0 if isinstance(value, int) else None)
    return read(value if isinstance(value, str) else repr(value) if isinstance(value, float) else str(value))


_Shown = tuple[Fraction, int | None]


def _readings(first: Number, second: Number) -> Iterator[tuple[_Shown, _Shown]]:
    """The pairs of values, with the decimals they show, of which one has to agree."""
    a, b = (first.value, first.decimals), (second.value, second.decimals)
    kinds = {first.kind, second.kind}
    if kinds == {"cents", "money"}:
        yield (_other(first) if first.kind == "cents" else a, _other(second) if second.kind == "cents" else b)
        return
    yield a, b
    if first.kind != second.kind:
        yield from ((_other(first, place), b) for place in range(len(first.others)))
        yield from ((a, _other(second, place)) for place in range(len(second.others)))


def _other(number: Number, place: int = 0) -> _Shown:
    hundredth = number.kind in ("percent", "cents") and number.decimals is not None
    return number.others[place], (number.decimals or 0) + 2 if hundredth else number.decimals


def _close(first: _Shown, second: _Shown, tolerance: float) -> bool:
    (a, _), (b, _) = first, second
    if a == b:
        return True
    if tolerance == 0 or (a.denominator == b.denominator == 1 and tolerance <= TOLERANCE):
        return False
    gap, size = abs(a - b), max(abs(a), abs(b))
    if gap <= Fraction(tolerance) * size or (0 in (a, b) and gap <= Fraction(1, 10**9)):
        return True
    return _rounds_to(first, second) or _rounds_to(second, first)


def _rounds_to(short: _Shown, long: _Shown) -> bool:
    """Whether `short` is `long` rounded to the decimals that it shows."""
    (a, shown), (b, more) = short, long
    if not shown or (more is not None and more <= shown) or (shown == 1 and more is not None and more < 3):
        return False
    gap = abs(a - b)
    return gap <= Fraction(1, 2 * 10**shown) and gap <= Fraction(ROUNDED_WITHIN) * abs(b)


def _last_boxed(text: str) -> str | None:
    start = max(text.rfind("\\boxed{"), text.rfind("\\fbox{"))
    if start < 0:
        return None
    depth, begin = 0, text.index("{", start) + 1
    for place in range(begin - 1, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[begin:place].strip()
    return None


def _last_number(text: str) -> str | None:
    """What the last sentence with a number comes down to."""
    text = _CALCULATOR.sub("", text).rstrip()
    if _LEFT_OPEN.search(text[-20:]):
        return None
    for line in reversed(text.splitlines()):
        for sentence in reversed(_SENTENCE_END.split(line)):
            if number := _concluded(sentence):
                return number
    return None


def _concluded(sentence: str) -> str | None:
    """The number that a sentence comes down to; None when it has none."""
    bare = _WORKINGS.sub(" ", sentence)
    sentence = " ".join(plain_notation(bare if NUMBER.search(bare) else sentence).split())
    sentence = _SPACED.sub(lambda found: found[0].replace(" ", ","), sentence)
    _, equals, after = sentence.rpartition("=")
    if equals and (numbers := _numbers(after)):
        turn = _INSTEAD.search(after)
        later = _numbers(after[turn.end() :]) if turn else []
        return (later or numbers)[0][0]
    shorter = _BECAUSE.sub("", sentence)
    numbers = _numbers(shorter) or _numbers(sentence)
    main = [text for text, start in numbers if not _ASIDE.search(shorter[max(0, start - 40) : start])]
    if not numbers:
        return None
    return (main or [text for text, _ in numbers])[-1]


def _numbers(text: str) -> list[tuple[str, int]]:
    """The numbers of a text as written, and where they start; a minus between two numbers belongs to neither."""
    found = []
    for match in NUMBER.finditer(text):
        written, start = match[0], match.start()
        sign = match["sign"] or ""
        if sign in ("+ ", "- ") or (sign and re.match(r"[\w)%]", text[max(0, start - 1) : start])):
            start += len(sign)
            written = text[start : match.end()]
        found.append((written.strip(), start))
    return found


def _rewritten(value: Fraction, example: str, shape: Number) -> str:
    literal = re.search(rf"(?:\d+\s+)?{DIGITS}\s?/\s?\d+|\d+:[0-5]\d|{DIGITS}", example)
    if literal is None:
        words = spell(abs(value.numerator)) if value.denominator == 1 else None
        if words is None or not re.fullmatch(r"[A-Za-z\s-]+", example.strip()):
            return _decimal_text(value, 0, grouped=False)
        return f"minus {words}" if value < 0 else words
    before, after = re.sub(r"[+\-−]\s?(?=\W?\s?$)", "", example[: literal.start()]), example[literal.end() :]
    sign = "-" if value < 0 else ""
    if re.search(r"[A-Za-z]\s*$", before) or len(before) > 3:
        return f"{before}{sign}{_as_literal(abs(value), literal[0], shape)}{after}"
    return f"{sign}{before}{_as_literal(abs(value), literal[0], shape)}{after}"


def _as_literal(value: Fraction, literal: str, shape: Number) -> str:
    if shape.kind in ("clock", "half-day") and (":" in literal or value.denominator > 1):
        hours = value if shape.kind == "clock" or value < 13 else value - 12
        minutes = round(hours * 60)
        return f"{minutes // 60}:{minutes % 60:02d}"
    if "/" in literal:
        return fraction_text(value, mixed=bool(re.match(r"\d+\s", literal)))
    if re.search(r",\d{1,2}$", literal):
        text = _decimal_text(value, len(literal.rpartition(",")[2]), grouped="." in literal)
        return text.translate(str.maketrans(",.", ".,"))
    decimals = len(literal.partition(".")[2])
    grouped = "," in literal or (shape.kind == "money" and value >= 1000 > abs(shape.value))
    return _decimal_text(value, decimals, grouped=grouped, fixed=shape.kind == "money" and decimals > 0)


def _decimal_text(value: Fraction, decimals: int, *, grouped: bool, fixed: bool = False) -> str:
    """Digits with at least `decimals` places: as many as the value needs if six do, else two or `decimals`, rounded."""
    places = decimals
    if not fixed:
        exact = next((n for n in range(MOST_DECIMALS + 1) if (value * 10**n).denominator == 1), None)
        places = max(decimals, 2 if exact is None else exact)
    scaled = round_half_up(value * 10**places)
    whole, rest = divmod(abs(scaled), 10**places)
    digits = f"{whole:,}" if grouped else str(whole)
    return f"{'-' if scaled < 0 else ''}{digits}" + (f".{rest:0{places}d}" if places else "")


def round_half_up(value: Fraction) -> int:
    """The nearest whole number, halves away from zero, as people round."""
    doubled = (2 * abs(value) + 1) // 2
    return -int(doubled) if value < 0 else int(doubled)
