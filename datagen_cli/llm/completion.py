"""What an endpoint sent under a status of success, read as a chat completion: its text, how it ended, what it used.

A body may be one JSON object or an event stream of its parts. What is neither (a web page, an empty body, JSON of
another kind) is said to be that, and costs nothing; what is broken off may have cost something. Token counts that
cannot be are none. Pure functions; nothing in a body, however deep or odd, raises anything but a fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datagen_cli.llm.faults import (
    Fault,
    TransportError,
    fault_of,
    named_in,
    page_words,
    redact,
    says_quota,
    sentence_of,
)
from datagen_cli.llm.provider import RawReply

MOST_TOKENS = 1 << 40
EVENTS = b"data:"
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


def read_reply(body: bytes, hidden: tuple[str, ...] = (), *, kind: str = "") -> RawReply:
    """The reply in a chat completion. `kind` is the body's content type.

    Raises `TransportError` for a body that is none, and the fault of an error inside it. Content may be a string or a
    list of parts; reasoning beside it is ignored; a refusal counts as filtered content.
    """
    value = _value(body, kind)
    try:
        if "choices" not in value and value.get("error"):
            raise _inner_fault(value["error"], body, hidden)
        if "choices" not in value:
            raise _foreign(body, kind)
        choice = (value["choices"] or [None])[0] or {}
        message = choice.get("message")
        if message is None and isinstance(choice.get("text"), str):
            message = {"content": choice["text"]}
        if message is None:
            counted = read_usage(value.get("usage"), "")
            used = (counted.tokens_in, counted.tokens_out) if counted else (0, 0)
            raise TransportError("empty", "the reply is empty: it holds no choice", status=200, used=used)
        text, refusal = _text(message.get("content")), message.get("refusal")
        finish = choice.get("finish_reason") or "stop"
        if not text and isinstance(refusal, str) and refusal:
            text, finish = refusal, "content_filter"
        counted = read_usage(value.get("usage"), text)
        model = str(value.get("model") or "").encode("utf-8", "replace").decode()
        if counted is None:
            return RawReply(text, str(finish), model=model)
        return RawReply(text, str(finish), counted.tokens_in, counted.tokens_out, model, counted.cached)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise _foreign(body, kind) from error


def read_usage(usage: Any, text: str) -> Counts | None:
    """What a reply of this text used; None when the endpoint does not say, or says what cannot be.

    Where the total is larger than the parts, output is the rest: some count reasoning only there. All zeros, and no
    output for a text, are no counts.
    """
    if not isinstance(usage, Mapping):
        return None
    into = _first_count(usage, "prompt_tokens", "input_tokens")
    out = _first_count(usage, "completion_tokens", "output_tokens")
    total = _count(usage.get("total_tokens"))
    if into is None or (out is None and total is None):
        return None
    thought = _at(usage, ("completion_tokens_details", "reasoning_tokens")) or 0
    said = out or 0
    most = max(said, (total or 0) - into, said + thought if thought > said else 0)
    if not (into or most) or (text and not most):
        return None
    cached = next((found for place in CACHED if (found := _at(usage, place)) is not None), 0)
    return Counts(into, most, min(cached, into))


def _value(body: bytes, kind: str) -> dict[str, Any]:
    """The JSON object of a body, put together where it comes as events."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((EVENTS, b"event:", b":")):
        return _joined(start, kind)
    try:
        value = json.loads(start)
    except (ValueError, RecursionError) as error:
        if start.startswith(b"{") and not isinstance(error, RecursionError):
            raise TransportError("dropped", f"the reply is broken off ({len(body):,} bytes)", status=200) from error
        raise _foreign(body, kind) from error
    if not isinstance(value, dict):
        raise _foreign(body, kind)
    return value


def _joined(body: bytes, kind: str) -> dict[str, Any]:
    """One chat completion of the events of a stream. Raises `TransportError` for a stream without an end."""
    content: list[str] = []
    finish: str | None = None
    found: dict[str, Any] = {}
    ended = False
    for event in _events(body):
        if event is None:
            ended = True
            continue
        found.update((name, event[name]) for name in ("model", "usage", "error") if event.get(name))
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        part = choice.get("delta") or choice.get("message") or {}
        content.append(_text(part.get("content") if isinstance(part, dict) else None))
        finish = choice.get("finish_reason") or finish
        found.setdefault("choices", [])
    if "choices" not in found:
        if "error" in found:
            return found
        raise _foreign(body, kind)
    if finish is None and not ended:
        raise TransportError("dropped", f"the event stream is broken off ({len(body):,} bytes)", status=200)
    message = {"role": "assistant", "content": "".join(content)}
    return {**found, "choices": [{"message": message, "finish_reason": finish}]}


def _events(body: bytes) -> Iterator[dict[str, Any] | None]:
    """The objects of an event stream; None for its end mark."""
    for line in body.decode("utf-8", "replace").splitlines():
        name, _, data = line.partition(":")
        if name != "data":
            continue
        if data.strip() == "[DONE]":
            yield None
            continue
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def _foreign(body: bytes, kind: str) -> TransportError:
    """The fault of a body that no chat endpoint sends: what came, in a few words."""
    kind = kind.partition(";")[0].strip() or "no content type"
    words = page_words(body.decode("utf-8", "replace")[:20_000].strip())
    what = f'"{redact(words)}"' if words else "nothing at all"
    return TransportError("foreign", f"this is no chat completion: {kind}, {what}", status=200)


def _inner_fault(error: Any, body: bytes, hidden: tuple[str, ...]) -> Fault:
    """The fault of `{"error": ...}` under a status of success, as some routers send it."""
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 502
    said, quota = redact(sentence_of(body, status), hidden), status == 429 and says_quota(body)
    return fault_of(status, said, quota=quota, named=named_in(body))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(
            part if isinstance(part, str) else str(part.get("text") or "")
            for part in content
            if isinstance(part, str) or (isinstance(part, dict) and part.get("type", "text") in ("text", "output_text"))
        )
    return ""


def _first_count(usage: Mapping[str, Any], *names: str) -> int | None:
    return next((found for name in names if (found := _count(usage.get(name))) is not None), None)


def _at(usage: Mapping[str, Any], place: Sequence[str]) -> int | None:
    value: Any = usage
    for name in place:
        value = value.get(name) if isinstance(value, Mapping) else None
    return _count(value)


def _count(value: Any) -> int | None:
    """A count of tokens; None for what cannot be one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_TOKENS else None
