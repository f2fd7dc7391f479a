"""What a reply in plain words, or a JSON value, says as its answer: read alike for verdicts and for solvers.

Models box their answers, put them between tags, under headings and into tables, and explain them. Read is what is
stated as an answer; a text that only begins like one (`No problem, …`, `A lot of …`) states nothing. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from datagen_cli.core.fields import plain_text
from datagen_cli.core.pattern import compiled_later
from datagen_cli.text.normalise import fold

ANSWERS = ("answer", "verdict", "final", "result", "conclusion", "decision", "judgement", "judgment", "choice")
"""What models call an answer."""
_BOXED = compiled_later(r"\\boxed\{\s*+(?:\\(?:text|textbf|mathrm)\{)?([^{}]*+)\}")
_HASHES = compiled_later(r"^[ \t]*####[ \t]*([^\s#].*)$", re.MULTILINE)
_ROW = compiled_later(r"^[ \t]*\|(.+)\|[ \t]*$", re.MULTILINE)
_SIGNS = compiled_later(r"^(?:\s*(?:[-*•>]|\d+[.)])\s+)?[\W_]+|(?<![\W_])[\W_]+$|^\s*\d+[.)]\s+(?=[^\W\d])")
_EXPLAINED = compiled_later(r"\s*(?:[,.;:!()\n\"'`*–—]|-+\s)")
_BETWEEN = compiled_later(r"(?<!\s)\s*(?:[,;/|&]|\band\b|\bor\b)\s*")


def stated(text: str, *names: str) -> Iterator[str]:
    """What a text in plain words states as its answer, by `names` or the usual ones: boxed, after `####`, between
    tags, in a table, after `answer:` or under such a heading; of each kind the last."""
    called = "|".join(re.escape(name).replace("_", "[ _]") for name in (*filter(None, names), *ANSWERS))
    lines = rf"\b(?:{called})\b[\"'*_\s]*(?:is\b|:|=)[\"'*_ \t]*([^\n]*\w[^\n]*)"
    for pattern in (
        _BOXED,
        _HASHES,
        re.compile(rf"<(?:{called})\b[^<>]*>([^<]*+)</", re.IGNORECASE),
        re.compile(lines, re.IGNORECASE),
        re.compile(rf"^[#*_ \t]*(?:final )?(?:{called})[*_: \t]*\n+[ \t]*(\S[^\n]*)", re.IGNORECASE | re.MULTILINE),
    ):
        found = pattern.findall(text)
        if found:
            yield found[-1].strip()
    rows = [[cell.strip().casefold() for cell in row.split("|")] for row in _ROW.findall(text)]
    for name in (*names, *ANSWERS) if len(rows) > 1 else ():
        if name.casefold() in rows[0] and len(rows[-1]) == len(rows[0]):
            yield rows[-1][rows[0].index(name.casefold())]


def inner(value: Any, *names: str) -> Any:
    """The value inside a list of one, or inside an object under one of the names or `value`; else the value."""
    for _ in range(3):
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        elif isinstance(value, dict):
            key = next((name for name in (*names, "value") if name in value), None)
            if key is None:
                return value
            value = value[key]
        else:
            break
    return value


def bare(text: str) -> str:
    """The text without signs, bullets and marks around it, folded, `_` and `-` as spaces."""
    text = _SIGNS.sub("", _SIGNS.sub("", text))
    return " ".join(fold(text).replace("_", " ").replace("-", " ").split())


def named(said: Any, known: Sequence[str]) -> str | None:
    """The one of `known` that a text is, or begins with before an explanation (`yes, it is`, `billing (money)`); None
    where it is none of them, or several."""
    said = plain_text(said)
    whole = bare(said)
    by_word = {bare(word): word for word in known}
    if whole in by_word:
        return by_word[whole]
    text = _SIGNS.sub("", said.lstrip()).casefold()
    for word in sorted(by_word, key=len, reverse=True):
        plain = by_word[word].casefold()
        if not plain or not text.startswith(plain):
            continue
        rest = text[len(plain) :]
        others = {bare(part) for part in _BETWEEN.split(rest)} - {""}
        return by_word[word] if _EXPLAINED.match(rest) and not (others and others <= by_word.keys()) else None
    return None
