"""Texts that match a regular expression, drawn from its parse tree.

Look-around is not steered, only tried: a draw that does not match is drawn again. Repeats without an end stay short; a
draw of more than `MOST` characters is given up.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from datagen_cli.core.regex import TooSlow, compile_regex, search

TRIES = 40
MOST = 20_000
_SPREAD = 5
_PRINTABLE = string.ascii_lowercase + string.ascii_uppercase + string.digits + " ,-"
_CATEGORIES = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_SPACE": " ",
    "CATEGORY_WORD": string.ascii_lowercase + string.digits,
    "CATEGORY_NOT_DIGIT": string.ascii_lowercase,
    "CATEGORY_NOT_SPACE": string.ascii_lowercase + string.digits,
    "CATEGORY_NOT_WORD": " -.",
}


@lru_cache(maxsize=256)
def _tree(pattern: str) -> Any:
    return re._parser.parse(pattern)  # type: ignore[attr-defined]


def sample(rng: random.Random, pattern: str) -> str | None:
    """A text in which `pattern` is found; None when the pattern is broken, too slow, too long or no draw matched."""
    try:
        regex = compile_regex(pattern)
        for _ in range(TRIES):
            text = _walk(rng, _tree(pattern), {})
            if search(regex, text):
                return text
    except (ValueError, TooSlow, _TooLong):
        pass
    return None


class _TooLong(Exception):
    """A draw that grows beyond `MOST`."""


def _walk(rng: random.Random, nodes: Any, groups: dict[int, str]) -> str:
    return _joined(_node(rng, str(op), argument, groups) for op, argument in nodes)


def _joined(parts: Iterable[str]) -> str:
    found, size = [], 0
    for number, part in enumerate(parts):
        size += len(part)
        if size > MOST or number > MOST:
            raise _TooLong
        found.append(part)
    return "".join(found)


def _node(rng: random.Random, op: str, argument: Any, groups: dict[int, str]) -> str:
    if op == "LITERAL":
        return chr(argument)
    if op == "NOT_LITERAL":
        return _pick(rng, _PRINTABLE.replace(chr(argument), ""))
    if op == "ANY":
        return _pick(rng, _PRINTABLE)
    if op == "IN":
        return _one_of(rng, argument)
    if op == "BRANCH":
        return _walk(rng, argument[1][int(rng.random() * len(argument[1]))], groups)
    if op == "SUBPATTERN":
        text = _walk(rng, argument[-1], groups)
        if argument[0] is not None:
            groups[argument[0]] = text
        return text
    if op in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        low, high, inner = argument
        most = min(int(high), int(low) + _SPREAD)
        return _joined(_walk(rng, inner, groups) for _ in range(low + int(rng.random() * (most - low + 1))))
    if op == "ATOMIC_GROUP":
        return _walk(rng, argument, groups)
    if op == "GROUPREF":
        return groups.get(argument, "")
    if op == "GROUPREF_EXISTS":
        group, yes, no = argument
        return _walk(rng, (yes if group in groups else no) or [], groups)
    return ""


def _one_of(rng: random.Random, members: Any) -> str:
    """A character of a set; a negated set is what is left of the printable characters."""
    chosen = list(members)
    if str(chosen[0][0]) == "NEGATE":
        excluded = {character for op, argument in chosen[1:] for character in _characters(str(op), argument)}
        return _pick(rng, "".join(character for character in _PRINTABLE if character not in excluded) or "_")
    op, argument = chosen[int(rng.random() * len(chosen))]
    if str(op) == "RANGE":
        low, high = argument
        return chr(low + int(rng.random() * (min(high, low + 5_000) - low + 1)))
    return _pick(rng, _characters(str(op), argument) or "_")


def _characters(op: str, argument: Any) -> str:
    if op == "LITERAL":
        return chr(argument)
    if op == "RANGE":
        return "".join(chr(code) for code in range(argument[0], min(argument[1], argument[0] + 300) + 1))
    return _CATEGORIES.get(str(argument), "")


def _pick(rng: random.Random, text: str) -> str:
    return text[int(rng.random() * len(text))]
