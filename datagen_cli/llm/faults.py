"""What can go wrong with one try of a call, and how a status code and an error page become one sentence.

Three kinds: `TransportError` may pass when tried again, `RequestRefused` is about this request, `AuthRefused` about the
key, the model's name or the address. Pure functions; what follows from a fault is decided in `llm/retry.py`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping
from typing import Any, Literal

from datagen_cli.core.errors import rebuilt
from datagen_cli.core.pattern import compiled_later
from datagen_cli.core.traces import covered
from datagen_cli.llm.foreign_json import inside, items, loaded, within
from datagen_cli.llm.parameter_fallback import NO_GRAMMAR, NO_SYSTEM, OPTIONAL, UNKNOWN, named_as_parameter
from datagen_cli.llm.ratelimit import LONGEST_S, closed_s, http_date, reset_alone_s, seconds_in
from datagen_cli.llm.refusals import About, about, rate_in, says_quota, wait_in

Kind = Literal["rate", "server", "timeout", "dropped", "empty", "foreign", "garbled"]
SENTENCE_CHARS = 300
COVER = "[key]"
LEAST_PIECE = 8
"""Characters of a secret that tell it in a text that was cut off."""
CUT_BEFORE = ("", "…", '"', "'")
REFUSES_ALL = (401, 402, 403, 404, 405, 410)
PASSING = (408, 409, 421, 423, 424, 425, 429, 498, 499)
"""Statuses below 500 that may pass: besides the usual ones a step that failed (424), no room in a tier (498), and a
call that a server or a proxy gave up (499)."""
FINAL = (401, 402, 404, 405, 407, 410)
"""Statuses that never pass, whatever the words."""
LASTING = ("key", "account", "model", "load")
"""What waiting does not mend."""
MAY_PASS = (*PASSING, 503, 504, 529)
"""Statuses that promise to pass, whatever the words."""
GATEWAY_TIMED_OUT = 504  # a proxy gave up waiting for the model, which may have worked
OF_PROXY = 407  # a proxy wants a user and a password
NAMING = (
    *("param", "parameter", "loc", "path", "field", "fields", "argument", "property", "target", "pointer"),
    *("instancePath", "location"),
)
BELOW = ("errors", "detail", "details", "violations", "validation_errors", "fields", "invalid_params")
"""Keys of an error below which the keys are names of parameters."""
SPEAKING = (
    *("error", "message", "detail", "details", "msg", "errors", "error_description", "title", "reason"),
    *("status_msg", "base_resp", "error_msg", "fault", "faultstring"),
)
PACKED = "the reply is packed as"
"""How the fault of a reply that nothing here unpacks begins."""
_TITLE = compiled_later(r"<(title|h1)\b[^<>]*+>((?:(?!<\1\b).)*?)</\1>", re.IGNORECASE | re.DOTALL)
_CODE = compiled_later(r"<(script|style)\b(?:(?!<\1\b).)*?</\1>|<[^<>]*+>", re.IGNORECASE | re.DOTALL)
_TLS = compiled_later(
    r"HTTP request (?:was )?(?:sent )?to (?:an? )?(?:HTTPS|TLS|SSL)|requires TLS|speaking plain HTTP", re.I
)
"""What TLS servers answer to plain HTTP."""
_TAG = compiled_later(r"<[^<>]*+>")
_USERINFO = compiled_later(r"(?<=://)[^/\s@]+@")
_LOOKS_LIKE_A_KEY = compiled_later(r"\b(?:sk|pk|rk|hf|gsk|xai|r8|pplx|AIza)[-_]?[A-Za-z0-9_*-]{12,}")


class Fault(Exception):
    """Base: `message` is the provider's own sentence, short and without keys; `status` is None when none came; `about`
    is what it says is wrong."""

    def __init__(self, status: int | None, message: str, about: About = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.about = about

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuilt, (type(self), self.args, vars(self))


class RequestRefused(Fault):
    """This request is refused for good (400, 422 and all that is not listed elsewhere). `named` are the parameters
    that fields of the refusal name."""

    def __init__(self, status: int | None, message: str, named: Collection[str] = (), about: About = "") -> None:
        super().__init__(status, message, about)
        self.named = frozenset(named)


class AuthRefused(Fault):
    """The key, the account, the model or the address is refused (401, 402, 403, 404, a redirect, or another status
    whose words say so)."""


class TransportError(Fault):
    """No answer this time: 408, 409, 429, 5xx, a time-out, a dropped connection, a reply that holds no choice, one
    that no chat endpoint sends (`foreign`), or one that is no HTTP (`garbled`).

    `sent` is false when the request cannot have reached the model (so that it cannot have cost anything);
    `quota` is true when the account's quota is spent, which waiting a minute does not mend; `used` are the tokens in
    and out that a reply without a choice says it used; `absent` is true when nobody listens at the address.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        retry_after_s: float | None = None,
        status: int | None = None,
        *,
        sent: bool = True,
        quota: bool = False,
        used: tuple[int, int] = (0, 0),
        absent: bool = False,
        about: About = "",
    ) -> None:
        super().__init__(status, message)
        self.about = about
        self.absent = absent
        self.used = used
        self.kind = kind
        self.retry_after_s = retry_after_s
        self.sent = sent
        self.quota = quota

    @property
    def may_have_cost(self) -> bool:
        """Whether the model may have worked although no usage came back."""
        return self.sent and self.kind in ("timeout", "dropped", "garbled")

    @property
    def may_be_prompt(self) -> bool:
        """Whether what is asked may be why no answer came: it was sent, and nobody said to come back later."""
        return self.sent and self.kind != "rate" and self.retry_after_s is None


def fault_of(
    status: int,
    message: str,
    *,
    retry_after_s: float | None = None,
    quota: bool = False,
    named: Collection[str] = (),
    about: About = "",
) -> Fault:
    """The fault that a status code other than 2xx stands for; `about` is what its words say is wrong."""
    if status == 500 and NO_SYSTEM.search(message):
        return RequestRefused(status, message, ("messages",))  # a chat template that raised
    if status in (500, 501) and (about == "length" or NO_GRAMMAR.search(message) or _minds_parameter(message)):
        return RequestRefused(status, message, named, about)
    if status in (403, 404) and not about and _minds_parameter(message):
        return RequestRefused(status, message, named)
    if status == 403 and about == "content":
        return RequestRefused(status, message, named, about)
    if 400 <= status < 500 and status not in (*PASSING, *FINAL) and not about and (passes := rate_in(message)):
        return TransportError(passes, message, retry_after_s, status, quota=quota)
    if status == 400 and _TLS.search(message):
        return AuthRefused(status, message, "tls")
    if status == OF_PROXY:
        return AuthRefused(status, message, "proxy")
    if status in REFUSES_ALL or 300 <= status < 400:
        return AuthRefused(status, message, about)
    if status in PASSING or status >= 500:
        kind: Kind = "rate" if status == 429 else "timeout" if status == GATEWAY_TIMED_OUT else "server"
        lasts = about in LASTING and status not in MAY_PASS and not rate_in(message)
        return TransportError(kind, message, retry_after_s, status, quota=quota, about=about if lasts else "")
    if about in LASTING:
        return AuthRefused(status, message, about)
    return RequestRefused(status, message, named, about)


def _minds_parameter(message: str) -> bool:
    """Whether a refusal says that a parameter which we may leave out is not taken."""
    return UNKNOWN.search(message) is not None and any(named_as_parameter(name, message) for name in OPTIONAL)


def fault_in(status: int, headers: Mapping[str, str], body: bytes, hidden: Collection[str], now: float) -> Fault:
    """The fault of an answer other than 2xx: its own sentence without what is `hidden`, the parameters it names, how
    long it asks to wait (`now` as in `retry_after_s`). Names of headers are in lower case, or their case is ignored."""
    if 300 <= status < 400:
        place = headers.get("location") or headers.get("Location") or "nowhere"
        return AuthRefused(status, f"redirects to {redact(place, hidden)[:200]}")
    said = sentence_of(body, status)
    wait_s = retry_after_s(headers, now)
    if wait_s is None and status >= 400 and status not in FINAL:
        wait_s, more = wait_in(body, said, now)
        wait_s = retry_after_s(more, now) if wait_s is None else wait_s
        wait_s = reset_alone_s(headers, now) or None if wait_s is None and status == 429 else wait_s
    return fault_said(status, body, hidden, retry_after_s=wait_s)


def fault_said(status: int, body: bytes, hidden: Collection[str] = (), *, retry_after_s: float | None = None) -> Fault:
    """The fault of a status and a body: its sentence, what it is about, and the parameters that it names."""
    said = sentence_of(body, status)
    return fault_of(
        status,
        sentence_of(body, status, hidden) if hidden else redact(said),
        retry_after_s=retry_after_s,
        quota=(status == 429 or rate_in(said) == "rate") and says_quota(body),
        named=named_in(body),
        about="" if status in PASSING else about(status, body, said),
    )


def named_in(body: bytes) -> frozenset[str]:
    """The parameters that fields of an error's body name: `error.param`, the `loc` of each `detail`, and the like."""
    found: set[str] = set()
    for name, item in items(loaded(body)):
        if name in NAMING:
            parts = item if isinstance(item, list) else re.split(r"[.\[/]", item) if isinstance(item, str) else []
            found.update(part for part in parts if isinstance(part, str))
        if name in BELOW and isinstance(item, dict):
            found.update(part for key in item for part in str(key).split("."))
    return frozenset(found)


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait from `retry-after-ms` or `Retry-After` (seconds or an HTTP date), else until the window that
    `x-ratelimit-*` call spent is over; None when nothing is readable.

    `now` is the wall clock as a Unix time, used for a date without a `Date` header beside it.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    millis = headers.get("retry-after-ms") or headers.get("x-ms-retry-after-ms") or ""
    if (said := seconds_in(millis, now, unit_s=0.001)) is not None:
        return max(0.0, said)
    if "retry-after" not in headers:
        return closed_s(headers, 1.0, now) or None
    server = http_date(headers.get("date", ""))
    seconds = seconds_in(headers["retry-after"], now if server is None else server)
    return None if seconds is None or seconds > LONGEST_S else max(0.0, seconds)


def sentence_of(body: bytes, status: int, hidden: Collection[str] = ()) -> str:
    """The provider's own sentence from an error body: `error.message` and its cousins, or what a page says in words;
    where something is `hidden`, that is covered before the sentence is cut off."""
    text = body.decode("utf-8", "replace").strip()
    found = _spoken(loaded(text)) if text.startswith(("{", "[", '"')) else None
    if found is None:
        found = f"a web page: {page_words(text, hidden)}" if text.startswith("<") else text
    found = " ".join((redact(found, hidden) if hidden else found).split())
    if len(found) > SENTENCE_CHARS:
        found = found[: SENTENCE_CHARS - 1] + "…"
    return found or f"HTTP status {status} without a word"


def redact(text: str, secrets: Collection[str] = ()) -> str:
    """`text` with every secret, the user in every address and all that looks like a vendor's key shown as `[key]`; also
    a secret in another form (`covered`), with white space in it, and the beginning of one where the text was cut off.
    """
    ordered = sorted(secrets, key=len, reverse=True)
    flat = "".join(text.split())
    for secret in ordered:
        if len(secret) >= 4:
            text = text.replace(secret, COVER)
        if len(secret) >= LEAST_PIECE and secret in flat:
            text = re.sub(r"\s*".join(map(re.escape, secret)), COVER, text)
    for secret in ordered:
        if len(secret) > LEAST_PIECE and secret[:LEAST_PIECE] in text:
            text = _without_beginning(text, secret)
    text = covered(text, tuple(secrets), COVER)
    text = _USERINFO.sub(f"{COVER}@", text)
    return _LOOKS_LIKE_A_KEY.sub(COVER, text)


def _without_beginning(text: str, secret: str) -> str:
    """The text without the beginning of a secret that ends where the text, or what it quotes, was cut off."""
    at = text.find(secret[:LEAST_PIECE])
    while at >= 0:
        end = at + LEAST_PIECE
        while end - at < len(secret) and text[end : end + 1] == secret[end - at]:
            end += 1
        if text[end : end + 1] in CUT_BEFORE:
            text, end = f"{text[:at]}{COVER}{text[end:]}", at + len(COVER)
        at = text.find(secret[:LEAST_PIECE], end)
    return text


def clean_fault(fault: Fault, secrets: Collection[str]) -> None:
    """Leaves the fault's words as `redact` does."""
    fault.message = redact(fault.message, secrets)
    fault.args = (fault.message,)


def _spoken(value: Any) -> str | None:
    """The sentence in a JSON error, wherever the usual servers put it."""
    if isinstance(value, str):
        inner = within(value)
        return value if inner is None else _spoken(inner) or value
    if isinstance(value, list):
        return "; ".join(part for part in map(_spoken, value[:3]) if part) or None
    if isinstance(value, dict):
        value = {str(name).lower(): item for name, item in value.items()}
        for name in SPEAKING:
            found = _spoken(value[name]) if name in value else None
            if found and (raw := inside(value, "metadata", "raw")):  # a router's words, and those of who is behind it
                return f"{found}: {_spoken(raw)}"
            if found:
                return found
    return None


def page_words(text: str, hidden: Collection[str] = ()) -> str:
    """The title of a web page, else its first words, else those of the text, without what is `hidden`."""
    if not text.startswith("<"):
        return redact(" ".join(text.split()), hidden)[:120]
    title = _TITLE.search(text[:20000])
    inner = title.group(2) if title else _CODE.sub(" ", text[:20000])
    return redact(" ".join(html.unescape(_TAG.sub(" ", inner)).split()), hidden)[:120]


def refused_by(proxy: str, status: int) -> Fault:
    """The fault of a proxy that opens no way to an address: for good, or for now where it says that itself is at
    fault."""
    said = f"the proxy {proxy} opens no way to it"
    if 400 <= status < 500 and status not in PASSING:
        return AuthRefused(status, said, "proxy")
    return TransportError("server", said, status=status, sent=False)
