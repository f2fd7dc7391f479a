"""What the `x-ratelimit-*` headers of a reply say: how long nothing more may be sent.

Three pairs are known, as OpenAI, Groq, Together, vLLM's routers and many gateways send them: remaining-requests and
reset-requests, remaining-tokens and reset-tokens, remaining and reset. A reset is a duration (`6m0s`, `1.5s`, `20ms`),
seconds, or a Unix time in seconds or milliseconds. Pure functions; headers that say something else are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

PREFIX = "x-ratelimit-"
REQUESTS_LEFT, TOKENS_LEFT, LEFT = (f"{PREFIX}remaining{kind}" for kind in ("-requests", "-tokens", ""))
LONGEST_S = 366 * 86400.0
_PAST = re.compile(r"-?[\d.]{1,13}|(0+(\.0+)?(ms|s|m|h|d))+")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def closed_s(headers: Mapping[str, str], tokens: float, now: float) -> float:
    """Seconds until more may be sent; 0 when more may be sent at once or the headers do not say.

    `headers` find names in any case. `tokens` is what a further call will use; `now` is the wall clock, for resets
    that are Unix times.
    """
    longest = 0.0
    for kind, least in (("-requests", 1.0), ("-tokens", tokens), ("", 1.0)):
        remaining = headers.get(f"{PREFIX}remaining{kind}")
        if remaining is None or not _NUMBER.fullmatch(remaining.strip()) or float(remaining) >= least:
            continue
        longest = max(longest, reset_s(headers.get(f"{PREFIX}reset{kind}", ""), now))
    return longest


def unreadable(headers: Mapping[str, str], now: float) -> str:
    """The header that says when more may be sent although nothing is left, and cannot be read; else nothing."""
    for kind in ("-requests", "-tokens", ""):
        remaining = headers.get(f"{PREFIX}remaining{kind}", "").strip()
        name = f"{PREFIX}reset{kind}"
        said = headers.get(name, "")
        if remaining in ("0", "0.0") and said and not reset_s(said, now) and not _PAST.fullmatch(said.strip()):
            return f"{name}: {said[:60]}"
    return ""


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
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return 0.0
    seconds = float(sum(float(number) * _UNITS[unit] for number, unit in parts))
    return seconds if seconds <= LONGEST_S else 0.0
