"""What an endpoint sent under a status of success, read as a chat completion: its text, how it ended, what it used.

A body may be one JSON object or an event stream of its parts. What is neither (a web page, an empty body, JSON of
another kind) is said to be that, and costs nothing; what is broken off may have cost something. Token counts that
cannot be are none. Pure functions; nothing in a body, however deep or odd, raises anything but a fault.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from datagen_cli.core.whole_number import whole_number
from datagen_cli.llm.counted import reply_of, usage_in, used_by
from datagen_cli.llm.encodings import unpacked
from datagen_cli.llm.events import EVENTS, choice_of, events_in, joined
from datagen_cli.llm.faults import Fault, TransportError, fault_in, fault_said, page_words, sentence_of
from datagen_cli.llm.finish import ends_in_call, finish_of, reason_in
from datagen_cli.llm.foreign_json import values_in
from datagen_cli.llm.message import is_filled, is_hidden, refusal_of, text_of
from datagen_cli.llm.ordinary import decoded, ordinary
from datagen_cli.llm.other_apis import advice, is_event, of_events
from datagen_cli.llm.provider import RawReply
from datagen_cli.llm.refusals import about, rate_in
from datagen_cli.llm.turned_away import reply_in, reply_in_error
from datagen_cli.llm.wrapped import WRAPPERS, flat_in, in_small_letters, unwrapped

MOST_UNPACKED = 64 * 1024 * 1024

UNREADABLE = (LookupError, TypeError, AttributeError, ValueError, RecursionError)
"""What reading a body raises that has another form than any that is known."""
_COMMENTS = re.compile(rb"\A(?::[^\n]*+\s*+)*+")
_CHARSET = re.compile(
    r"charset=[\"']?((?:utf|us-ascii|iso|latin|windows|cp|mac|koi8|gb|hz|big5|shift|s?jis|euc|ks|tis|x-)[\w-]*)",
    re.IGNORECASE,
)
"""Sets of characters; Python knows others by such names that are none, and take any time (`punycode`)."""
_NO_ROUTE = re.compile(
    r"(?:unexpected|unknown|unsupported|invalid|no such) (?:endpoint|route|path|url)\b|cannot post /|no route\b",
    re.IGNORECASE,
)
"""What servers say of an address that they do not know, some under a status of success."""


def read_answer(status: int, headers: Mapping[str, str], body: bytes, hidden: tuple[str, ...]) -> RawReply:
    """The reply in an answer over HTTP, also in that of an endpoint which turns away what its model wrote. Raises the
    fault that any other stands for."""
    if 200 <= status < 300:
        return read_reply(body, hidden, kind=headers.get("Content-Type", ""))
    if (written := reply_in_error(body)) is not None:
        return written
    raise fault_in(status, headers, body, hidden, time.time())


def read_reply(body: bytes, hidden: tuple[str, ...] = (), *, kind: str = "") -> RawReply:
    """The reply in a chat completion. `kind` is the body's content type.

    Raises `TransportError` for a body that is none, and the fault of an error inside it. Content may be a string, a
    list of parts or an object; reasoning beside it is ignored; a refusal counts as filtered content.
    """
    plain = decoded(body)
    if (reply := ordinary(plain)) is not None:
        return reply
    try:
        came = plain if type(plain) is dict else _value(body, kind)
        value = unwrapped(came)
        used = used_by(usage_in(value))
        if not value.get("choices") and (error := _error_of(value)):
            if (written := reply_in(value)) is not None:
                return written
            raise _inner_fault(error, body if value is came else value, hidden, used)
        if not value.get("choices"):
            if (said := flat_in(value)) is None and "choices" not in value:
                if (small := in_small_letters(came)) != came:
                    return read_reply(json.dumps(small).encode(), hidden, kind=kind)
                raise _foreign(body, kind, hidden, advice(value))
            value = said or value
        choice = _first_choice(value["choices"]) or {}
        reason = reason_in(value, choice)
        if value.get("error") and not reason and not _says_success(value["error"]):
            fault = _inner_fault(value["error"], value["error"], hidden, used)
            if isinstance(fault, TransportError) and fault.kind == "server" and used == (0, 0):
                fault.kind = "dropped"  # it followed part of an answer, which may have cost all
            raise fault
        if choice.get("error") and not _says_success(choice["error"]):
            raise _inner_fault(choice["error"], choice["error"], hidden, used)
        message = _message_of(choice)
        if message is None:
            raise TransportError("empty", "the reply is empty: it holds no choice", status=200, used=used)
        text, beside = text_of(message, called=ends_in_call(reason))
        refusal, finish = refusal_of(message), finish_of(reason)
        if not text and refusal:
            text, finish = refusal, "content_filter"
        model = str(value.get("model") or "").encode("utf-8", "replace").decode()
        return reply_of(text, finish, usage_in(value, choice), model, beside)
    except UNREADABLE as error:
        raise _foreign(body, kind, hidden) from error


def is_completion(body: bytes, kind: str = "") -> bool:
    """Whether a body is a chat completion in OpenAI's form, good or broken off, or an error in its place, rather than
    what another vendor sends."""
    try:
        value = _value(body, kind)
    except TransportError as fault:
        return fault.kind == "dropped"
    except UNREADABLE:
        return False
    if "choices" not in value and advice(value):
        return False
    value = unwrapped(value)
    return "choices" in value or bool(value.get("error"))


def _first_choice(choices: Any) -> Any:
    """The choice of the lowest index, without one that is empty, cut off or filtered where another is not, and without
    mere words before a call where another is the call."""
    if isinstance(choices, dict) and choices:
        choices = [choices] if "message" in choices or "text" in choices else list(choices.values())
    if isinstance(choices, list):
        choices = [{"text": item} if isinstance(item, str) else item for item in choices]
    if isinstance(choices, list) and len(choices) > 1 and all(isinstance(item, dict) for item in choices):
        return min(choices, key=_rank)
    return (choices or [None])[0]


def _rank(choice: Mapping[str, Any]) -> tuple[bool, bool, bool, bool, int]:
    """What is best comes first: a filled choice, no aside, whole, the call that it announces, of a low index."""
    reason, index = reason_in({}, choice), choice.get("index")
    message = _message_of(choice)
    announces = ends_in_call(reason) and isinstance(message, Mapping) and not message.get("tool_calls")
    whole, place = finish_of(reason) == "stop", index if isinstance(index, int) else 0
    filled = isinstance(message, Mapping) and any(text_of(message))
    return not filled, is_hidden(message), not whole, announces, place


def _message_of(choice: Mapping[str, Any]) -> Any:
    """The message of a choice, under the names and in the forms that are seen; None where there is none."""
    message = choice.get("message")
    if isinstance(message, Mapping) and isinstance(content := message.get("content"), str) and content.strip():
        return message
    if not message or (isinstance(message, Mapping) and not any(text_of(message)) and not refusal_of(message)):
        others = (choice.get(name) for name in ("delta", "messages", "text", "content"))
        message = next((other for other in others if is_filled(other)), message)
    message = str(message) if isinstance(message, int | float) else message
    if isinstance(message, list) and message and isinstance(message[-1], dict):
        message = message[-1]
    return {"content": message} if isinstance(message, str) else message


def _value(body: bytes, kind: str) -> dict[str, Any]:
    """The JSON object of a body, put together where it comes as events. Raises one of `UNREADABLE` for a body that is
    none, `TransportError` for one that is broken off."""
    body = unpacked(body, "identity", MOST_UNPACKED)  # under another name than its own, or none
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b":") and EVENTS not in start:  # comments that keep a connection open
        start = _COMMENTS.sub(b"", start, count=1)
    if start.startswith((EVENTS, b"event:", b":", b"id:", b"retry:")):
        return _object(joined(list(events_in(start)), len(start)))
    try:
        value = json.loads(start)
    except ValueError as error:
        value = _first_value(start, kind)
        if value is None and start.startswith(b"{"):
            raise TransportError("dropped", f"the reply is broken off ({len(body):,} bytes)", status=200) from error
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        value = value[0] if len(value) == 1 else of_events(value) or value
    return _object(value)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def _first_value(body: bytes, kind: str) -> Any:
    """The whole value that a body begins with: something follows it, an event a line among them, or its characters are
    not those of UTF-8. None for a body that is broken off."""
    found = _CHARSET.search(kind)
    try:
        text = body.decode(found[1] if found else "utf-8", "replace")
    except (LookupError, ValueError):
        text = body.decode("utf-8", "replace")
    start = max(text.find("{"), 0) if text[:1] in ")}" else 0  # `)]}',` keeps browsers from running it
    values, rest = values_in(text[start:], most=1)
    value = values[0] if values else None
    if isinstance(value, dict) and rest.startswith("{") and ("delta" in choice_of(value) or is_event(value)):
        values, rest = values_in(text[start:])
        events = (event for event in values if isinstance(event, dict))
        return _object(joined([*events, *events_in(f"data: {' '.join(rest.split())}".encode())], len(body)))
    return value


def _foreign(body: bytes, kind: str, hidden: tuple[str, ...], advice: str = "") -> TransportError:
    """The fault of a body that no chat endpoint sends: what came, in a few words, and what to do where it is known."""
    kind = kind.partition(";")[0].strip() or "no content type"
    words = page_words(body.decode("utf-8", "replace")[:20_000].strip(), hidden)
    what = f'"{words}"' if words else "nothing at all"
    said = f"this is no chat completion: {kind}, {what}" + (f"; {advice}" if advice else "")
    return TransportError("foreign", said, status=200)


def _inner_fault(error: Any, told: Any, hidden: tuple[str, ...], used: tuple[int, int]) -> Fault:
    """The fault of `{"error": ...}` under a status of success, as some routers send it; `told` is what tells it, as a
    value or a body, `used` are tokens."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    names = ("code", "status", "error_code")
    code = next((error[name] for name in names if name in error), None) if isinstance(error, dict) else None
    number = whole_number(code) if isinstance(code, str) else code
    if isinstance(number, int) and 400 <= number < 600:
        status = number
    else:
        sentence = sentence_of(body, 502)
        status = {"key": 401, "account": 402, "content": 400, "length": 400}.get(about(0, body, sentence), 502)
        if status == 502 and rate_in(f"{code} {sentence}") == "rate":
            status = 429
        elif status == 502 and isinstance(error, dict) and error.get("type") == "invalid_request_error":
            status = 400
        elif status == 502 and _NO_ROUTE.search(sentence):
            status = 404
    fault = fault_said(status, body, hidden)
    if isinstance(fault, TransportError):
        fault.used = used
    return fault


def _error_of(value: Mapping[str, Any]) -> Any:
    """The error that stands in place of a completion, in the forms that are seen; None where there is none."""
    if (error := value.get("error")) and not _says_success(error):
        return error
    base = value.get("base_resp")
    told = (isinstance(base, Mapping) and base.get("status_code")) or value.get("success") is False
    code = value.get("error_code", value.get("code"))
    coded = code not in (None, "", 0, "0", 200, "200") and not any(map(value.get, WRAPPERS))
    told = told or (coded and any(isinstance(value.get(name), str) for name in ("message", "msg", "error_msg")))
    return value if told or value.get("object") == "error" else None


def _says_success(error: Any) -> bool:
    """Whether this is the note of a gateway that nothing went wrong."""
    code = error.get("code") if isinstance(error, Mapping) else None
    return code in (0, "0", 200, "200") and code is not False
