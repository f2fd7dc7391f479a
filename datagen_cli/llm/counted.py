"""What an endpoint says that a call used, in whatever words and form: tokens in and out, and those it had cached.

Token counts that cannot be are none. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from datagen_cli.llm.foreign_json import inside
from datagen_cli.llm.provider import RawReply

MOST_TOKENS = 1 << 40
_DIGITS = re.compile(r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.0+)?")
# Names of counts, in small letters and without signs; those in an object of counts follow its name and a dot.
CACHED = (
    *("prompttokensdetails.cachedtokens", "prompttokendetails.cachedtokens", "inputtokensdetails.cachedtokens"),
    *("cachedtokens", "numcachedtokens", "promptcachehittokens"),
    *("cachereadinputtokens", "cachedcontenttokencount"),
)
"""How much of the prompt endpoints had in their cache."""
INTO = (
    *("prompttokens", "inputtokens", "prompttokencount", "inputtokencount", "promptevalcount"),
    *("inputtexttokencount", "tokensevaluated"),
)
OUT = (
    *("completiontokens", "outputtokens", "candidatestokencount", "outputtokencount", "evalcount"),
    *("generatedtokencount", "generationtokencount", "tokencount", "tokenspredicted"),
)
TOTAL = ("totaltokens", "totaltokencount")
ON_TOP = ("cachereadinputtokens", "cachecreationinputtokens", "cachewriteinputtokens")
"""Tokens of the prompt that some endpoints count apart from it."""
THOUGHT = ("completiontokensdetails.reasoningtokens", "outputtokensdetails.reasoningtokens", "reasoningtokens")
"""How much of the output was reasoning; more than all of the output was not counted as such."""
APART = "thoughtstokencount"
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
    counts = _counts(usage)
    into, out, total = (next((counts[name] for name in names if name in counts), None) for names in (INTO, OUT, TOTAL))
    if into is None or (out is None and total is None):
        return NOT_SAID
    thought = max(counts.get(name, 0) for name in THOUGHT)
    said = (out or 0) + counts.get(APART, 0)
    most = max(said, (total or 0) - into, said + thought if thought > said else 0)
    if not (into or most) or (text and not most):
        return NOT_SAID
    cached = max(counts.get(name, 0) for name in CACHED)
    if "prompttokens" not in counts:  # as Anthropic counts: what was read from the cache, or written, comes on top
        on_top = sum(counts.get(name, 0) for name in ON_TOP)
        into, most = into + on_top, said if total is not None and total - into - said == on_top else most
    return into, most, min(cached, into)


def usage_in(*parts: Any) -> Any:
    """What a completion or its choice says of its use, in whatever place; None where they say nothing."""
    found = next((found for part in parts for place in PLACES if (found := inside(part, *place))), None)
    if found:
        return found
    beside = [
        part for part in parts if isinstance(part, Mapping) and any(_bare(name) in (*INTO, *OUT) for name in part)
    ]
    return {name: value for part in reversed(beside) for name, value in part.items()} or None


def _bare(name: Any) -> str:
    return re.sub(r"[^a-z]", "", str(name).lower())


def _counts(usage: Mapping[str, Any], *, deeper: bool = True) -> dict[str, int]:
    """The counts of a use and of the objects in it, by name."""
    found: dict[str, int] = {}
    for name, value in usage.items():
        if isinstance(value, Mapping) and deeper:
            found |= {f"{_bare(name)}.{inner}": count for inner, count in _counts(value, deeper=False).items()}
        elif (count := _count(value)) is not None:
            found.setdefault(_bare(name), count)
    return found


def _count(value: Any) -> int | None:
    """A count of tokens; None for what cannot be one."""
    if type(value) is int:
        return value if 0 <= value < MOST_TOKENS else None
    if isinstance(value, str) and len(value) < 16 and _DIGITS.fullmatch(value):
        value = int(value.partition(".")[0].replace(",", ""))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_TOKENS else None
