"""What an endpoint sent under a status of success, read as a chat completion: its text, how it ended, what it used.

A body may be one JSON object or an event stream of its parts. What is neither (a web page, an empty body, JSON of
another kind) is said to be that, and costs nothing; what is broken off may have cost something. Token counts that
cannot be are none. Pure functions; nothing in a body, however deep or odd, raises anything but a fault.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from datagen_cli.llm.counted import inside, read_usage, usage_in
from datagen_cli.llm.faults import (
    Fault,
    TransportError,
    fault_said,
    page_words,
    redact,
    sentence_of,
)
from datagen_cli.llm.provider import RawReply
from datagen_cli.llm.refusals import about

EVENTS = b"data:"
GZIP = b"\x1f\x8b"
MOST_UNPACKED = 64 * 1024 * 1024
_TOO_FEW = re.compile(r"max[\w ]*tokens reached", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\n|\r")
CUT_OFF = (
    *("length", "max_tokens", "max_output_tokens", "max_new_tokens", "max_length", "model_length", "token_limit"),
    *("length_limit", "limit", "incomplete", "context_length", "model_context_window_exceeded"),
)
WHOLE = (
    *("stop", "completed", "done", "normal", "finish", "finished", "end", "success", "stop_token", "stop_str"),
    *("end_of_text", "eos_id", "eog"),
)
"""Other words for a reply that ended by itself."""
FILTERED = (
    "content_filter",
    "content_filtered",
    "safety",
    "sensitive",
    "recitation",
    "prohibited_content",
    "blocklist",
    "guardrail_intervened",
    "error_toxic",
    "refusal",
)
REASONING = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "analysis")
TEXT_PARTS = ("text", "output_text", "json")
WRAPPERS = ("data", "result", "response", "output", "body")
"""Keys under which gateways put a whole completion."""

_CHARSET = re.compile(r"charset=[\"']?([\w-]+)", re.IGNORECASE)


def read_reply(body: bytes, hidden: tuple[str, ...] = (), *, kind: str = "") -> RawReply:
    """The reply in a chat completion. `kind` is the body's content type.

    Raises `TransportError` for a body that is none, and the fault of an error inside it. Content may be a string, a
    list of parts or an object; reasoning beside it is ignored; a refusal counts as filtered content.
    """
    value = _unwrapped(_value(body, kind))
    try:
        if not value.get("choices") and (error := _error_of(value)):
            raise _inner_fault(error, body, hidden, _used(value))
        if "choices" not in value:
            raise _foreign(body, kind)
        choice = _first_choice(value["choices"]) or {}
        if value.get("error") and not choice.get("finish_reason"):
            raise _in_the_middle(
                _inner_fault(value["error"], json.dumps(value["error"]).encode(), hidden, _used(value))
            )
        if choice.get("error"):
            raise _inner_fault(choice["error"], json.dumps(choice["error"]).encode(), hidden, _used(value))
        message = _message_of(choice)
        if message is None:
            raise TransportError("empty", "the reply is empty: it holds no choice", status=200, used=_used(value))
        text, beside = text_of(message)
        refusal, finish = message.get("refusal"), finish_of(choice.get("finish_reason") or choice.get("stop_reason"))
        if not text and isinstance(refusal, str) and refusal:
            text, finish = refusal, "content_filter"
        counted = read_usage(usage_in(value, choice), text)
        model = str(value.get("model") or "").encode("utf-8", "replace").decode()
        if counted is None:
            return RawReply(text, finish, model=model, beside=beside)
        return RawReply(text, finish, counted.tokens_in, counted.tokens_out, model, counted.cached, beside)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise _foreign(body, kind) from error


def reply_in_error(body: bytes) -> RawReply | None:
    """What a model wrote in the refusal of an endpoint that checks it against the format asked for and turns it away,
    as Groq does (`failed_generation`): a reply like any other, cut off where its tokens were too few. None elsewhere.
    """
    if b"failed_generation" not in body:
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    error = inside(value, "error")
    written = inside(error, "failed_generation")
    if not isinstance(written, str):
        return None
    finish = "length" if _TOO_FEW.search(str(inside(error, "message"))) else "stop"
    counted = read_usage(usage_in(value, error), written)
    if counted is None:
        return RawReply(written, finish)
    return RawReply(written, finish, counted.tokens_in, counted.tokens_out, "", counted.cached)


def is_completion(body: bytes, kind: str = "") -> bool:
    """Whether a body is a chat completion in OpenAI's form, good or broken off, or an error in its place, rather than
    what another vendor sends."""
    try:
        value = _unwrapped(_value(body, kind))
    except TransportError as fault:
        return fault.kind == "dropped"
    return "choices" in value or bool(value.get("error"))


def finish_of(reason: Any) -> str:
    """Why a reply ended, in OpenAI's words where vendors have others for `length` and `content_filter`."""
    if isinstance(reason, Mapping):
        reason = reason.get("type")
    said = str(reason or "stop")
    plain = said.rpartition(".")[2].lower().replace("-", "_").removeprefix("finish_reason_")
    if plain in CUT_OFF:
        return "length"
    if plain in FILTERED:
        return "content_filter"
    return "stop" if plain in WHOLE else plain if plain == "error" else said


def text_of(message: Mapping[str, Any]) -> tuple[str, str]:
    """The text of a message, and what came in its place where there is none: `tool_calls`, `reasoning`.

    The arguments of a single call of a tool, and an answer that the endpoint has already read, are the text.
    """
    text = _text(message.get("content"))
    if text.strip():
        return text, ""
    parsed = message.get("parsed")
    calls = message.get("tool_calls") or [item for item in [message.get("function_call")] if item]
    if not isinstance(calls, list):
        calls = []
    several = len(calls) > 1
    calls = [call for call in calls if not several or inside(call, "function", "arguments") not in (None, "", "{}", {})]
    if len(calls) == 1 and isinstance(calls[0], Mapping):
        function = calls[0].get("function", calls[0])
        parsed = function.get("arguments", function.get("input")) if isinstance(function, Mapping) else None
    if isinstance(parsed, Mapping | list) and parsed:
        return json.dumps(parsed, ensure_ascii=False), ""
    if isinstance(parsed, str) and parsed.strip():
        return parsed, ""
    reasoning = any(message.get(name) for name in REASONING)
    return text, "tool_calls" if calls else "reasoning" if reasoning else ""


def _used(value: Mapping[str, Any]) -> tuple[int, int]:
    """Tokens in and out of a reply without a choice."""
    counted = read_usage(usage_in(value), "")
    return (counted.tokens_in, counted.tokens_out) if counted else (0, 0)


def _unwrapped(value: dict[str, Any]) -> dict[str, Any]:
    """A completion that a gateway has put under a key of its own."""
    if "choices" not in value:
        for name in WRAPPERS:
            inner = value.get(name)
            if isinstance(inner, dict) and isinstance(inner.get("choices"), list):
                return inner
    return value


def _first_choice(choices: Any) -> Any:
    """The choice of the lowest index, without one that is empty where another is not."""
    if isinstance(choices, dict) and choices:
        choices = [choices] if "message" in choices or "text" in choices else list(choices.values())
    if isinstance(choices, list) and len(choices) > 1 and all(isinstance(item, dict) for item in choices):
        filled = [item for item in choices if _text_in(item)] or choices
        return min(filled, key=lambda item: item["index"] if isinstance(item.get("index"), int) else 0)
    return (choices or [None])[0]


def _message_of(choice: Mapping[str, Any]) -> Any:
    """The message of a choice, under the names and in the forms that are seen; None where there is none."""
    message = choice.get("message")
    if message is None:
        others = (choice.get(name) for name in ("delta", "messages", "text", "content"))
        message = next((other for other in others if other), None)
    if isinstance(message, list) and message and isinstance(message[-1], dict) and "content" in message[-1]:
        message = message[-1]
    return {"content": message} if isinstance(message, str) else message


def _text_in(choice: Mapping[str, Any]) -> bool:
    """Whether a choice holds a text or a call."""
    message = _message_of(choice)
    return isinstance(message, Mapping) and any(text_of(message))


def _value(body: bytes, kind: str) -> dict[str, Any]:
    """The JSON object of a body, put together where it comes as events."""
    if body.startswith(GZIP):  # under another name than gzip's, or none
        try:
            body = zlib.decompressobj(wbits=31).decompress(body, MOST_UNPACKED)
        except zlib.error as error:
            raise TransportError(
                "dropped", f"the reply cannot be unpacked ({len(body):,} bytes)", status=200
            ) from error
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    while start.startswith(b":") and EVENTS not in start:  # comments that keep a connection open
        start = start.partition(b"\n")[2].lstrip(b" \t\r\n")
    if start.startswith((EVENTS, b"event:", b":", b"id:", b"retry:")):
        return _joined(start, kind)
    try:
        value = json.loads(start)
    except (ValueError, RecursionError) as error:
        value = None if isinstance(error, RecursionError) else _first_value(start, kind)
        if value is None and start.startswith(b"{") and not isinstance(error, RecursionError):
            raise TransportError("dropped", f"the reply is broken off ({len(body):,} bytes)", status=200) from error
        if value is None:
            raise _foreign(body, kind) from error
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        raise _foreign(body, kind)
    return value


def _first_value(body: bytes, kind: str) -> Any:
    """The whole value that a body begins with: something follows it, an event a line among them, or its characters are
    not those of UTF-8. None for a body that is broken off."""
    found = _CHARSET.search(kind)
    try:
        text = body.decode(found[1] if found else "utf-8", "replace")
    except LookupError:
        text = body.decode("utf-8", "replace")
    start = max(text.find("{"), 0) if text[:1] in ")}" else 0  # `)]}',` keeps browsers from running it
    try:
        value, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict) and text[end:].lstrip().startswith("{") and (_choice_of(value).get("delta")):
        lines = [f"data: {line}\n" for line in _LINE_END.split(text)]
        return _joined("".join(lines).encode(), kind)
    return value


def _joined(body: bytes, kind: str) -> dict[str, Any]:
    """One chat completion of the events of a stream. Raises `TransportError` for a stream without an end."""
    content: list[str] = []
    arguments: list[str] = []
    finish: str | None = None
    found: dict[str, Any] = {}
    ended = False
    for event in _events(body):
        if event is None:
            ended = True
            continue
        found.update((name, event[name]) for name in ("model", "usage", "error") if event.get(name))
        choice = _choice_of(event)
        used = usage_in(choice, event)
        if used and "usage" not in found:
            found["usage"] = used
        part = choice.get("delta") or choice.get("message") or {}
        if isinstance(part, dict):
            content.append(_text(part.get("content")))
            arguments.append(_part_of_call(part.get("tool_calls")))
        finish = choice.get("finish_reason") or finish
        found.setdefault("choices", [])
    if "choices" not in found:
        if "error" in found:
            return found
        raise _foreign(body, kind)
    if finish is None and not ended and "error" not in found:
        raise TransportError("dropped", f"the event stream is broken off ({len(body):,} bytes)", status=200)
    message: dict[str, Any] = {"role": "assistant", "content": "".join(content)}
    if any(arguments):
        message["function_call"] = {"arguments": "".join(arguments)}
    return {**found, "choices": [{"message": message, "finish_reason": finish}]}


def _choice_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """What an event adds to the first choice."""
    choices = event.get("choices")
    several = choices if isinstance(choices, list) else ()
    return next((item for item in several if isinstance(item, dict) and item.get("index") in (0, None)), {})


def _part_of_call(calls: Any) -> str:
    """What an event adds to the arguments of the first call of a tool."""
    call = calls[0] if isinstance(calls, list) and calls and isinstance(calls[0], dict) else {}
    function = call.get("function")
    if not isinstance(function, dict) or call.get("index", 0) != 0:
        return ""
    return str(function.get("arguments") or "")


def _events(body: bytes) -> Iterator[dict[str, Any] | None]:
    """The objects of an event stream; None for its end mark. The lines of an event's data belong together.

    Raises `TransportError` for an object that cannot be read: a part of the answer would be missing.
    """
    held = ""
    for line in [*_LINE_END.split(body.decode("utf-8", "replace")), ""]:
        name, _, data = line.partition(":")
        if held and not line.strip():
            raise TransportError("dropped", f"an event of the stream cannot be read ({len(body):,} bytes)", status=200)
        if name != "data":
            continue
        if data.strip().upper() == "[DONE]":
            yield None
            continue
        try:
            value = json.loads(held + data)
        except (ValueError, RecursionError):
            held = f"{held}{data}\n" if held or data.lstrip().startswith("{") else ""
            continue
        held = ""
        if isinstance(value, dict):
            yield value


def _foreign(body: bytes, kind: str) -> TransportError:
    """The fault of a body that no chat endpoint sends: what came, in a few words."""
    kind = kind.partition(";")[0].strip() or "no content type"
    words = page_words(body.decode("utf-8", "replace")[:20_000].strip())
    what = f'"{redact(words)}"' if words else "nothing at all"
    return TransportError("foreign", f"this is no chat completion: {kind}, {what}", status=200)


def _inner_fault(error: Any, body: bytes, hidden: tuple[str, ...], used: tuple[int, int] = (0, 0)) -> Fault:
    """The fault of `{"error": ...}` under a status of success, as some routers send it; `used` are tokens."""
    code = error.get("code", error.get("status")) if isinstance(error, dict) else None
    if isinstance(code, str) and code.isdigit():
        code = int(code)
    told = {"key": 401, "account": 402}.get(about(0, body, sentence_of(body, 502)), 502)
    status = code if isinstance(code, int) and 400 <= code < 600 else told
    fault = fault_said(status, body, hidden)
    if isinstance(fault, TransportError):
        fault.used = used
    return fault


def _error_of(value: Mapping[str, Any]) -> Any:
    """The error that stands in place of a completion, in the forms that are seen; None where there is none."""
    if error := value.get("error"):
        return error
    base = value.get("base_resp")
    told = (isinstance(base, Mapping) and base.get("status_code")) or value.get("success") is False
    return value if told or value.get("object") == "error" else None


def _in_the_middle(fault: Fault) -> Fault:
    """The fault of an error that followed part of an answer: unless it says what was used, that may have cost all."""
    if isinstance(fault, TransportError) and fault.kind == "server" and fault.used == (0, 0):
        fault.kind = "dropped"
    return fault


def _text(content: Any) -> str:
    if isinstance(content, Mapping):
        return _part(content) if "text" in content else json.dumps(content, ensure_ascii=False)
    if isinstance(content, str | int | float) and not isinstance(content, bool):
        return str(content)
    if isinstance(content, list):
        return "".join(
            part if isinstance(part, str) else _part(part)
            for part in content
            if isinstance(part, str) or (isinstance(part, dict) and part.get("type", "text") in TEXT_PARTS)
        )
    return ""


def _part(part: Mapping[str, Any]) -> str:
    """The text of a part, which some put one level deeper."""
    text = part.get("text")
    if part.get("type") == "json":
        return json.dumps(part.get("json"), ensure_ascii=False)
    if isinstance(text, Mapping):
        text = text.get("value", text.get("text"))
    return text if isinstance(text, str) else ""
