"""What an endpoint says that a call used, in whatever words and form: tokens in and out, and those it had cached.

Token counts that cannot be are none. Pure functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_TOKENS = 1 << 40
CACHED = (
    ("prompt_tokens_details", "cached_tokens"),
    ("input_tokens_details", "cached_tokens"),
    ("cached_tokens",),
    ("prompt_cache_hit_tokens",),
    ("cache_read_input_tokens",),
)
"""Where endpoints say how much of the prompt they had in their cache."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens of one call; `cached` are those of `tokens_in` that the endpoint had in its cache."""

    tokens_in: int
    tokens_out: int
    cached: int = 0


def read_usage(usage: Any, text: str) -> Counts | None:
    """What a reply of this text used; None when the endpoint does not say, or says what cannot be.

    Where the total is larger than the parts, output is the rest: some count reasoning only there. All zeros, and no
    output for a text, are no counts.
    """
    if isinstance(usage, list) and len(usage) == 1:
        usage = usage[0]
    if not isinstance(usage, Mapping):
        return None
    if isinstance(usage.get("tokens"), Mapping):
        usage = {**usage["tokens"], **usage}
    into = _first_count(usage, "prompt_tokens", "input_tokens", "promptTokens", "inputTokens")
    out = _first_count(usage, "completion_tokens", "output_tokens", "completionTokens", "outputTokens")
    total = _first_count(usage, "total_tokens", "totalTokens")
    if into is None or (out is None and total is None):
        return None
    thought = _at(usage, ("completion_tokens_details", "reasoning_tokens")) or 0
    said = out or 0
    most = max(said, (total or 0) - into, said + thought if thought > said else 0)
    if not (into or most) or (text and not most):
        return None
    cached = next((found for place in CACHED if (found := _at(usage, place)) is not None), 0)
    if "prompt_tokens" not in usage:  # as Anthropic counts: what was read from the cache, or written, comes on top
        into += sum(_count(usage.get(f"cache_{way}_input_tokens")) or 0 for way in ("read", "creation"))
    return Counts(into, most, min(cached, into))


def inside(value: Any, *names: str) -> Any:
    """What lies below these keys; None where there is nothing."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _first_count(usage: Mapping[str, Any], *names: str) -> int | None:
    return next((found for name in names if (found := _count(usage.get(name))) is not None), None)


def _at(usage: Mapping[str, Any], place: Sequence[str]) -> int | None:
    return _count(inside(usage, *place))


def _count(value: Any) -> int | None:
    """A count of tokens; None for what cannot be one."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_TOKENS else None
