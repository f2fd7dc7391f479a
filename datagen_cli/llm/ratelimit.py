"""What the rate-limit headers of a reply say: how long nothing more may be sent.

They come in pairs whose names differ in `remaining` and `reset`: `x-ratelimit-remaining-requests` as of OpenAI and many
others, with `-day` behind it, `ratelimit-remaining`, `anthropic-ratelimit-tokens-remaining`. A reset is a duration
(`6m0s`, `1.5s`, `20ms`), seconds, a Unix time in seconds or milliseconds, or a date. Pure functions; headers that say
something else are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

LONGEST_S = 366 * 86400.0
_PAST = re.compile(r"-?[\d.]{1,13}|(0+(\.0+)?(ms|s|m|h|d))+")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\dt\d\d:.*(?:z|[+-]\d\d:?\d\d)$")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def closed_s(headers: Mapping[str, str], tokens: float, now: float) -> float:
    """Seconds until more may be sent; 0 when more may be sent at once or the headers do not say.

    `headers` find names in any case. `tokens` is what a further call will use; `now` is the wall clock, for resets
    that are Unix times.
    """
    longest = 0.0
    for name, remaining, reset in _pairs(headers):
        least = tokens if "token" in name else 1.0
        if _NUMBER.fullmatch(remaining) and float(remaining) < least:
            longest = max(longest, reset_s(reset, now))
    return longest


def unreadable(headers: Mapping[str, str], now: float) -> str:
    """The header that says when more may be sent although nothing is left, and cannot be read; else nothing."""
    for name, remaining, reset in _pairs(headers):
        if remaining in ("0", "0.0") and reset and not reset_s(reset, now) and not _PAST.fullmatch(reset.strip()):
            return f"{name}: {reset[:60]}"
    return ""


def _pairs(headers: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Each pair of headers: the name of that which says when more may be sent, what remains, and when that is."""
    for name, value in headers.items():
        low = name.lower()
        if "ratelimit" in low and "remaining" in low:
            reset = low.replace("remaining", "reset")
            yield reset, value.strip(), headers.get(reset, "")


def reset_s(text: str, now: float) -> float:
    """Seconds that a reset stands for; 0 when it cannot be read, or lies more than a year ahead.

    >>> reset_s("1m30.5s", 0.0), reset_s("20ms", 0.0), reset_s("12", 0.0), reset_s("soon", 0.0)
    (90.5, 0.02, 12.0, 0.0)
    """
    text = text.strip().lower()
    if _NUMBER.fullmatch(text):
        seconds = float(text)
        if seconds > 1e11:
            seconds = seconds / 1000 - now
        elif seconds > 1e9:
            seconds -= now
        return max(0.0, seconds) if seconds <= LONGEST_S else 0.0
    if _DATE.match(text):
        try:
            seconds = datetime.fromisoformat(text.upper()).timestamp() - now
        except (ValueError, OverflowError):
            return 0.0
        return max(0.0, seconds) if seconds <= LONGEST_S else 0.0
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return 0.0
    seconds = float(sum(float(number) * _UNITS[unit] for number, unit in parts))
    return seconds if seconds <= LONGEST_S else 0.0
