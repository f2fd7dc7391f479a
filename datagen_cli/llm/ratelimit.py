"""What the rate-limit headers of a reply say: how long nothing more may be sent.

They come in pairs whose names differ in `remaining` and `reset`: `x-ratelimit-remaining-requests`, also with `-day`
behind it, `ratelimit-remaining`, `anthropic-ratelimit-tokens-remaining`; or in one header, `RateLimit`.

A reset is a duration (`6m0s`, `20ms`, `2 hours`, `PT1M`), seconds, a Unix time in seconds or milliseconds, or a date.
Pure functions; headers that say something else are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from datagen_cli.core.pattern import compiled_later

LONGEST_S = 366 * 86400.0
MOST_CHARACTERS = 100
_PAST = compiled_later(r"-?[\d.]{1,13}|(0+(\.0+)?(ms|s|m|h|d))+")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = compiled_later(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")
_SPOKEN = compiled_later(r"[,\s]*(\d+(?:\.\d+)?)\s*(millisecond|second|sec|minute|min|hour|hr|day)s?")
_PERIOD = compiled_later(r"p(?:(\d+)d)?(?:t(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?)?")
"""A duration of ISO 8601."""
_DATE = compiled_later(r"\d{4}-\d\d-\d\dt\d\d:.*(?:z|[+-]\d\d:?\d\d)$")
_FIELD = compiled_later(r"\b(r|t|remaining|reset)=(\d+)")
"""The parts of the header `RateLimit`, as of its two drafts: `"default";r=0;t=60`, `remaining=0, reset=60`."""
_NUMBER = compiled_later(r"-?\d+(?:\.\d+)?")


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


def reset_alone_s(headers: Mapping[str, str], now: float) -> float:
    """Seconds until the soonest reset that is named without what remains, as beside a refusal; 0 where none is."""
    resets = []
    for name, value in headers.items():
        low = name.lower()
        remaining = low.replace("-reset-after", "-remaining").replace("reset", "remaining")
        if ("ratelimit" in low or "rate-limit" in low) and "reset" in low and not headers.get(remaining):
            resets.append(reset_s(value, now))
    return min((seconds for seconds in resets if seconds), default=0.0)


def _pairs(headers: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Each pair of headers: the name of that which says when more may be sent, what remains, and when that is."""
    for name, value in headers.items():
        low = name.lower()
        if ("ratelimit" in low or "rate-limit" in low) and "remaining" in low:
            reset = low.replace("remaining", "reset")
            yield reset, value.strip(), headers.get(reset, "")
        elif low in ("ratelimit", "x-ratelimit"):
            found: dict[str, str] = dict(_FIELD.findall(value))
            yield low, found.get("r", found.get("remaining", "")), found.get("t", found.get("reset", ""))


def reset_s(text: str, now: float, *, unit_s: float = 1.0) -> float:
    """Seconds that a reset stands for; 0 when it cannot be read, or lies more than a year ahead. A number without
    a unit counts `unit_s`; a very large one is a Unix time.

    >>> reset_s("1m30.5s", 0.0), reset_s("20ms", 0.0), reset_s("12", 0.0), reset_s("soon", 0.0)
    (90.5, 0.02, 12.0, 0.0)
    """
    seconds = seconds_in(text, now, unit_s=unit_s)
    return max(0.0, seconds) if seconds is not None and seconds <= LONGEST_S else 0.0


def seconds_in(text: str, now: float, *, unit_s: float = 1.0) -> float | None:
    """The same without bounds, below 0 for what is past; None when it cannot be read."""
    text = text.strip().lower()
    if len(text) > MOST_CHARACTERS:
        return None
    if _NUMBER.fullmatch(text):
        number = float(text)
        return number / 1000 - now if number > 1e11 else number - now if number > 1e9 else number * unit_s
    if _DATE.match(text):
        try:
            return datetime.fromisoformat(text.upper()).timestamp() - now
        except (ValueError, OverflowError):
            return None
    if (date := http_date(text)) is not None:
        return date - now
    period = _PERIOD.fullmatch(text) if len(text) > 2 else None
    if period:
        text = "".join(f"{amount}{unit}" for amount, unit in zip(period.groups(), "dhms", strict=True) if amount)
    elif re.fullmatch(rf"(?:{_SPOKEN.pattern})+", text):
        spoken = _SPOKEN.findall(text)
        text = "".join(amount + ("ms" if unit.startswith("mil") else unit[0]) for amount, unit in spoken)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return float(sum(float(number) * _UNITS[unit] for number, unit in parts))


def http_date(text: str) -> float | None:
    """The Unix time of an HTTP date; None for what is none."""
    try:
        return parsedate_to_datetime(text[:MOST_CHARACTERS]).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
