"""The short way through a reply: what nearly every endpoint sends, read without looking for what others send.

Only what reads the same on the long way (`completion.py`) is ordinary: one choice whose message is a text, an end in
OpenAI's words, no error, no call. Anything else is None, however slight. Pure functions.
"""

from __future__ import annotations

import json
from typing import Any

from datagen_cli.llm.counted import MOST_TOKENS, reply_of, usage_in
from datagen_cli.llm.provider import RawReply

ENDS = ("stop", "length")
_BESIDE = ("tool_calls", "function_call", "functionCall", "parsed")
_COUNTS = frozenset(
    (
        *("prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details"),
        *("prompt_time", "completion_time", "total_time", "queue_time"),
    )
)
"""Keys of a use that is read here; others may be counts, too."""
_scan = json.JSONDecoder().raw_decode


def decoded(body: bytes) -> Any:
    """The JSON value that a body is; None for anything else."""
    try:
        text = body.decode()
        value, end = _scan(text)
    except (ValueError, RecursionError):
        return None
    return value if end == len(text) or not text[end:].strip(" \t\r\n") else None


def ordinary(value: Any) -> RawReply | None:
    """The reply in a chat completion of the usual form; None for one that must be looked at more closely.

    >>> ordinary({"choices": [{"message": {"content": "Hello."}, "finish_reason": "stop"}]}).text
    'Hello.'
    >>> ordinary({"choices": [{"message": {"content": None}, "finish_reason": "stop"}]}) is None
    True
    """
    if type(value) is not dict or type(choices := value.get("choices")) is not list or len(choices) != 1:
        return None
    choice = choices[0]
    if type(choice) is not dict or choice.get("error") or value.get("error"):
        return None
    message, reason = choice.get("message"), choice.get("finish_reason")
    if type(message) is not dict or reason not in ENDS:
        return None
    text = message.get("content")
    if type(text) is not str or not text.strip() or any(map(message.get, _BESIDE)):
        return None
    model = value.get("model") or ""
    if type(model) is not str or not model.isascii():
        model = str(model).encode("utf-8", "replace").decode()
    counts = _counts(value.get("usage"))
    if counts is None:
        return reply_of(text, reason, usage_in(value, choice), model)
    return RawReply(text, reason, counts[0], counts[1], model, counts[2])


def _counts(usage: Any) -> tuple[int, int, int] | None:
    """Tokens in, out and cached where they stand in their usual places and add up; None for counts of another form."""
    if type(usage) is not dict or not usage.keys() <= _COUNTS:
        return None
    counts: tuple[Any, ...] = (usage.get("prompt_tokens"), usage.get("completion_tokens"), usage.get("total_tokens"))
    into, out, total = counts
    if (
        type(into) is not int
        or type(out) is not int
        or not (into > 0 and out > 0 and into + out == total < MOST_TOKENS)
    ):
        return None
    cached = thought = 0
    if (details := usage.get("prompt_tokens_details")) is not None:
        cached = details.get("cached_tokens") or 0 if type(details) is dict else -1
    if (details := usage.get("completion_tokens_details")) is not None:
        thought = details.get("reasoning_tokens") or 0 if type(details) is dict else -1
    if type(cached) is not int or type(thought) is not int or not (0 <= cached <= into and 0 <= thought <= out):
        return None
    return into, out, cached
