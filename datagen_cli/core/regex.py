"""Regular expressions of a recipe: compiled with a word on what is wrong, matched within bounds.

They are Python's (`re`): its classes know all scripts, and no engine of linear time has its look-around, so that one
engine matches all of them, under a clock. Two guards: a text longer than `MAX_CHARACTERS` is not matched at all, and a
match may take `MAX_CPU_S` seconds of CPU time (`core/budget.py`). A pattern that backtracks exponentially is beyond
that by orders of magnitude, a sane one takes microseconds. Each time a pattern is given up its next text gets half of
the time, at least `LEAST_CPU_S`, so that a base of many rows does not cost a second a row.
"""

from __future__ import annotations

import re
from functools import lru_cache

from datagen_cli.core.budget import TooMuch, within

MAX_CHARACTERS = 100_000
MAX_PATTERN = 10_000
MAX_CPU_S, LEAST_CPU_S = 0.25, 0.02
_COMPILING_S, _COMPILING_MB = 2.0, 500
_MOST_NOTED = 1_000

_given_up: dict[str, int] = {}


class TooSlow(Exception):
    """A match that was given up; the text says why."""


def compile_regex(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """A compiled pattern. Raises `ValueError` that says what is wrong with it and where."""
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"the regular expression has {len(pattern):,} characters, at most {MAX_PATTERN:,}")
    return _compiled(pattern, flags)


@lru_cache(maxsize=512)
def _compiled(pattern: str, flags: int) -> re.Pattern[str]:
    try:
        return within(lambda: re.compile(pattern, flags), cpu_s=_COMPILING_S, memory_mb=_COMPILING_MB)
    except (re.error, OverflowError, RecursionError, TooMuch) as error:
        raise ValueError(f"broken regular expression: {error}") from error


def search(pattern: re.Pattern[str], text: str, *, max_cpu_s: float = MAX_CPU_S) -> re.Match[str] | None:
    """`pattern.search(text)` under both guards. Raises `TooSlow`."""
    if len(text) > MAX_CHARACTERS:
        raise TooSlow(f"the text has {len(text):,} characters, at most {MAX_CHARACTERS:,} are matched")
    times = _given_up.get(pattern.pattern, 0)
    try:
        return within(lambda: pattern.search(text), cpu_s=max(max_cpu_s / 2**times, min(LEAST_CPU_S, max_cpu_s)))
    except TooMuch as error:
        if len(_given_up) < _MOST_NOTED:
            _given_up[pattern.pattern] = times + 1
        raise TooSlow("the regular expression backtracks without end on it") from error
