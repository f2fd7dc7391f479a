"""What an endpoint says that a call used, in whatever words and form: tokens in and out, and those it had cached.

Token counts that cannot be are none. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.llm.foreign_json import inside
from datagen_cli.llm.provider import RawReply

MOST_TOKENS = 1 << 40
_DIGITS = re.compile(r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.0+)?")
CACHED = (
    ("prompt_tokens_details", "cached_tokens"),
    ("prompt_token_details", "cached_tokens"),
    ("input_tokens_details", "cached_tokens"),
    ("cached_tokens",),
    ("num_cached_tokens",),
    ("prompt_cache_hit_tokens",),
    ("cache_read_input_tokens",),
    ("cacheReadInputTokens",),
    ("cachedContentTokenCount",),
    ("cached_content_token_count",),
)
"""Where endpoints say how much of the prompt they had in their cache."""

INTO = (
    *("prompt_tokens", "input_tokens", "promptTokens", "inputTokens", "promptTokenCount", "prompt_token_count"),
    *("inputTokenCount", "input_token_count", "prompt_eval_count", "inputTextTokenCount", "tokens_evaluated"),
)
OUT = (
    *("completion_tokens", "output_tokens", "completionTokens", "outputTokens"),
    *("candidatesTokenCount", "candidates_token_count", "outputTokenCount", "output_token_count", "eval_count"),
    *("generated_token_count", "generation_token_count", "tokenCount", "tokens_predicted"),
)
TOTAL = ("total_tokens", "totalTokens", "totalTokenCount", "total_token_count")
ON_TOP = (
    *("cache_read_input_tokens", "cache_creation_input_tokens"),
    *("cacheReadInputTokens", "cacheWriteInputTokens"),
)
"""Tokens of the prompt that some endpoints count apart from it."""
THOUGHT = (
    ("completion_tokens_details", "reasoning_tokens"),
    ("output_tokens_details", "reasoning_tokens"),
    ("reasoning_tokens",),
)
"""Where endpoints say how much of the output was reasoning; more than all of the output was not counted as such."""
APART = ("thoughtsTokenCount", "thoughts_token_count")
"""Reasoning that is never counted as output."""
PLACES = (
    *(("usage",), ("x_groq", "usage"), ("usageMetadata",), ("usage_metadata",), ("token_usage",), ("tokenUsage",)),
    *(("meta", "tokens"), ("meta", "billed_units"), ("meta_info",), ("usage_info",), ("metadata", "usage")),
    ("message", "usage"),
)
"""Where a completion, or a part of one, says what it used."""


NOT_SAID = (None, None, 0)


def reply_of(text: str, finish: str, usage: Any, model: str = "", beside: str = "") -> RawReply:
    """A reply with what it says that it used."""
    tokens_in, tokens_out, cached = read_usage(usage, text)
    return RawReply(text, finish, tokens_in, tokens_out, model, cached, beside)


def used_by(usage: Any) -> tuple[int, int]:
    """Tokens in and out of a reply without a text; 0 where the endpoint does not say."""
    tokens_in, tokens_out, _ = read_usage(usage, "")
    return tokens_in or 0, tokens_out or 0


def read_usage(usage: Any, text: str) -> tuple[int | None, int | None, int]:
    """Tokens in and out of a reply of this text, and those of the first that the endpoint had in its cache; None and
    None when it does not say, or says what cannot be.

    Where the total is larger than the parts, output is the rest: some count reasoning only there. All zeros, and no
    output for a text, are no counts.
    """
    if isinstance(usage, list) and len(usage) == 1:
        usage = usage[0]
    if not isinstance(usage, Mapping):
        return NOT_SAID
    for name in ("tokens", "billed_units"):
        if isinstance(usage.get(name), Mapping):
            usage = {**usage[name], **usage}
    into, out, total = (
        next((count for name in names if name in usage and (count := _count(usage[name])) is not None), None)
        for names in (INTO, OUT, TOTAL)
    )
    if into is None or (out is None and total is None):
        return NOT_SAID
    thought = max((_at(usage, place) or 0 for place in THOUGHT if place[0] in usage), default=0)
    said = (out or 0) + sum(_count(usage.get(name)) or 0 for name in APART)
    most = max(said, (total or 0) - into, said + thought if thought > said else 0)
    if not (into or most) or (text and not most):
        return NOT_SAID
    cached = max((_at(usage, place) or 0 for place in CACHED if place[0] in usage), default=0)
    if "prompt_tokens" not in usage:  # as Anthropic counts: what was read from the cache, or written, comes on top
        on_top = sum(_count(usage.get(name)) or 0 for name in ON_TOP)
        into, most = into + on_top, said if total is not None and total - into - said == on_top else most
    return into, most, min(cached, into)


def usage_in(*parts: Any) -> Any:
    """What a completion or its choice says of its use, in whatever place; None where they say nothing."""
    found = next((found for part in parts for place in PLACES if (found := inside(part, *place))), None)
    if found:
        return found
    beside = [part for part in parts if isinstance(part, Mapping) and any(name in part for name in (*INTO, *OUT))]
    return {name: value for part in reversed(beside) for name, value in part.items()} or None


def _at(usage: Mapping[str, Any], place: Sequence[str]) -> int | None:
    return _count(inside(usage, *place))


def _count(value: Any) -> int | None:
    """A count of tokens; None for what cannot be one."""
    if type(value) is int:
        return value if 0 <= value < MOST_TOKENS else None
    if isinstance(value, str) and len(value) < 16 and _DIGITS.fullmatch(value):
        value = int(value.partition(".")[0].replace(",", ""))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_TOKENS else None
