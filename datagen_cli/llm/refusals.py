"""What a refusal says beside its status: whether the key, the account, the model, the length or the content of a
request is why, and how long it asks to wait.

Vendors refuse a wrong key or model with 400, a prompt that is too long with 500, an account without money with 400,
403, 412 or 429, one flagged prompt with 403, and some name the time to wait only in the body. A code in a field of the
body counts as well as the words of the sentence. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from datagen_cli.core.pattern import PatternFile, compiled_later
from datagen_cli.llm.foreign_json import items, loaded
from datagen_cli.llm.ratelimit import LONGEST_S, reset_s

About = Literal["", "key", "account", "length", "content", "model", "load", "access", "package", "proxy", "tls"]
CODES = ("code", "type", "status", "reason", "error_code")
WAITS = (
    *("retrydelay", "retryafter", "retryafterseconds", "retryaftersec", "retryin", "retryinseconds", "waitseconds"),
    *("resetafter", "resetsinseconds", "resetinseconds", "resetsin", "resetin"),
)
WAITS_MS = ("retryafterms", "retryaftermillis", "retryaftermilliseconds", "retrydelayms", "retryinms", "resetinms")
WAITS_UNTIL = ("resetsat", "resetat", "retryat", "availableat")
"""Names, without signs and case, of fields that say how long to wait, in seconds or with a unit; in milliseconds; or
until when."""
CODE_CHARS = 80
_PARTS = PatternFile(Path(__file__).with_suffix(".yaml"))
_QUOTA = _PARTS.pattern("QUOTA", re.IGNORECASE)
_ACCOUNT = _PARTS.pattern("ACCOUNT", re.IGNORECASE)
_KEY = _PARTS.pattern("KEY", re.IGNORECASE)
_MODEL = _PARTS.pattern("MODEL", re.IGNORECASE)
_LOAD = _PARTS.pattern("LOAD", re.IGNORECASE)
_LENGTH = _PARTS.pattern("LENGTH", re.IGNORECASE)
_CONTENT = _PARTS.pattern("CONTENT", re.IGNORECASE)
_RATE = _PARTS.pattern("RATE", re.IGNORECASE)
_BUSY = _PARTS.pattern("BUSY", re.IGNORECASE)
_AGAIN = _PARTS.pattern("AGAIN", re.IGNORECASE)
_ABOUT: tuple[tuple[About, Any], ...] = (
    *(("account", _ACCOUNT), ("key", _KEY), ("content", _CONTENT), ("length", _LENGTH), ("load", _LOAD)),
    ("model", _MODEL),
)
"""What tells what a refusal is about; the first counts."""
_UNITS = (("milli", "ms"), ("ms", "ms"), ("s", "s"), ("m", "m"), ("h", "h"))
_AMOUNT = compiled_later(r"(\d+(?:\.\d+)?) ?([a-z]+)", re.IGNORECASE)


def says_quota(body: bytes) -> bool:
    """Whether a 429 says that a quota (of money, the day or the month) is spent, not that requests come too fast."""
    text = body.decode("utf-8", "replace")
    accounts = (told for told in _told(body) if _ACCOUNT.search(told))
    # Google says the latter of a minute's quota, too
    return _QUOTA.search(text) is not None or any("exceeded your current quota" not in told for told in accounts)


def about(status: int, body: bytes, sentence: str) -> About:
    """What a refusal under this status is about, where its words or codes say it; `sentence` is its own."""
    told = [sentence, *_told(body)]
    found = (name for name, words in _ABOUT if any(map(words.search, told)))
    return "account" if status == 402 else next(found, "")


def rate_in(told: str) -> Literal["", "rate", "server"]:
    """What passes by the words of a refusal, although its status is final: requests come too fast, or a server is not
    ready.

    >>> rate_in("Throttling.RateQuota"), rate_in("Model is not ready for inference"), rate_in("unknown parameter: seed")
    ('rate', 'server', '')
    """
    return "rate" if _RATE.search(told) else "server" if _BUSY.search(told) else ""


def wait_in(body: bytes, sentence: str, now: float = 0.0) -> tuple[float | None, Mapping[str, str]]:
    """How long the body of a refusal asks to wait, in seconds, from a field such as Google's `retryDelay` or from its
    sentence (`try again in 1m30s`), else None; and the headers of the vendor behind a router, which some put there."""
    headers: dict[str, str] = {}
    for name, value in items(loaded(body)):
        bare = re.sub(r"[^a-z]", "", name.lower())
        if bare in (*WAITS, *WAITS_MS, *WAITS_UNTIL) and isinstance(value, str | int | float):
            unit_s = 0.001 if bare in WAITS_MS else 1.0
            seconds = reset_s(str(value), now if bare in WAITS_UNTIL else 0.0, unit_s=unit_s)
            if seconds:
                return seconds, {}
        if name == "headers" and isinstance(value, dict):
            headers = {str(key).lower(): str(item) for key, item in value.items()}
    return _spoken_s(sentence), headers


def _spoken_s(sentence: str) -> float | None:
    """The time that a sentence asks to wait.

    >>> _spoken_s("Please try again in 1m30.5s."), _spoken_s("retry after 26 seconds"), _spoken_s("try again later")
    (90.5, 26.0, None)
    """
    found = _AGAIN.search(sentence)
    if found is None:
        return None
    parts = []
    for number, unit in _AMOUNT.findall(found["wait"]):
        short = next(to for start, to in _UNITS if unit.lower().startswith(start))
        parts.append(f"{number}{short}")
    seconds = reset_s("".join(parts), 0.0)
    return seconds if 0 < seconds <= LONGEST_S else None


def _told(body: bytes) -> list[str]:
    """The codes and sentences in the fields of a JSON error."""
    return [
        value[:CODE_CHARS] if name in CODES else value[:1000]
        for name, value in items(loaded(body))
        if isinstance(value, str) and name.lower() in (*CODES, "message", "msg", "detail", "error")
    ]
