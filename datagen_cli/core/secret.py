"""Values that are sent and never written: of headers, of the query of an address, and keys.

A `Secret` shows a placeholder wherever it becomes text: `str`, `repr`, formatting, pydantic's and any other
serialisation. Only `reveal` gives the text, and only what sends a request calls it. References to the environment
(`${NAME}`) are shown as they are written: the name is no secret.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from pydantic_core import CoreSchema, core_schema

from datagen_cli.core.traces import base64_cores

PLACEHOLDER = "[secret]"
KEY_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(_KEY|_TOKEN)")
REFERENCE = re.compile(r"\$\{([^{}]*)\}")
OPEN_QUERY = ("api-version", "api_version", "version")  # parameters of an address that hold no secret
PROSE = 3
"""Of a value of so many words none alone is a secret."""
LEAST_BASE64 = 8  # characters: fewer may be part of any word
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}")
_LOOKS_DRAWN = re.compile(
    r"(?:sk|pk|rk|hf|gsk|xai|ghp|glpat|r8|pplx|AIza|AKIA|xox[a-z])[-_]?(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{12,}"
    r"|.*?(?<![A-Za-z0-9])(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{20,}"
)
_WORD = re.compile(r"[^\W\d_]+[.,:;!?]?")
_SCHEME = re.compile(r"(?i)(?:bearer|basic|token|apikey|key)?\s*")


_HELD: set[str] = set()
"""The texts of all secrets of this process: what is said of an unexpected error is searched for them."""


def held_forms() -> tuple[str, ...]:
    """The texts by which any secret of this process could be recognised."""
    return tuple(dict.fromkeys(form for text in sorted(_HELD) for form in Secret(text).forms() if len(form) >= 4))


class Secret:
    """A text that is sent and never written; `shown` stands in its place."""

    __slots__ = ("_text", "shown")

    def __init__(self, text: str, shown: str = PLACEHOLDER) -> None:
        self._text = text
        self.shown = shown
        _HELD.add(text)

    @classmethod
    def written(cls, text: str) -> Secret:
        """A value as a recipe writes it: shown where it is made of references alone, such as `Bearer ${MY_KEY}`."""
        rest = REFERENCE.sub("", text)
        return cls(text, text if rest != text and _SCHEME.fullmatch(rest) else PLACEHOLDER)

    def reveal(self) -> str:
        """The text itself: for the request that it goes into."""
        return self._text

    @property
    def names(self) -> list[str]:
        """The variables that it refers to."""
        return REFERENCE.findall(self._text)

    @property
    def is_of_words(self) -> bool:
        """Whether it was written out, without a digit: words or an address that any text may hold by itself."""
        return self.shown == PLACEHOLDER and not any(map(str.isdigit, self._text))

    def filled(self, environ: Mapping[str, str]) -> Secret:
        """The same with its references replaced. Raises `KeyError` for a variable that is not set."""
        return Secret(REFERENCE.sub(lambda match: environ[match[1]], self._text), self.shown)

    def forms(self) -> tuple[str, ...]:
        """The texts by which it could be recognised: the whole, its words but for those of a sentence, each without
        percent signs, and each as addresses, pages, JSON and base64 write it. `covered` finds them in others yet."""
        words = [word for word in re.split(r"[\s&]", self._text) if len(word) >= 6]
        if len(self._text.split()) >= PROSE:
            words = [word for word in words if not _WORD.fullmatch(word)]
        values = [word.partition("=")[2] for word in words if "=" in word]
        found = (self._text, *words, *(value for value in values if len(value) >= 6))
        plain = dict.fromkeys(form for text in found for form in (text, unquote(text)))
        return tuple(dict.fromkeys([*plain, *(form for text in plain for form in _rewritten(text))]))

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"Secret({self.shown!r})"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return _text_schema(cls, cls.written)


@dataclass(frozen=True, slots=True)
class Address:
    """An address, with its query apart: that may hold a key. `str` of it is fit to be shown."""

    place: str
    query: Secret | None = None

    @classmethod
    def read(cls, text: str) -> Address:
        """The address in a text. Raises `ValueError` where it holds a user or password."""
        place, mark, query = text.partition("?")
        if "@" in place.partition("://")[2].partition("/")[0]:
            raise ValueError("holds a user or password; use api_key_env or headers")
        parts = [part.partition("=") for part in query.partition("#")[0].split("&")]
        shown = "&".join(
            f"{name}{sign}{value if name in OPEN_QUERY else Secret.written(value)}" for name, sign, value in parts
        )
        return cls(place, Secret(query, shown) if mark and query else None)

    def __str__(self) -> str:
        return f"{self.place}?{self.query}" if self.query else self.place

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return _text_schema(cls, cls.read)


def is_header_name(text: str) -> bool:
    """Whether a text can be a header's name (RFC 9110: a token), and does not look like a key in the place of one."""
    return _HEADER_NAME.fullmatch(text) is not None and _LOOKS_DRAWN.match(text) is None


def _rewritten(text: str) -> Iterator[str]:
    """A text as addresses, pages, JSON of several writers, and base64 of it and of what may stand around it have it."""
    address, page, as_json = quote(text, safe=""), html.escape(text), json.dumps(text)[1:-1]
    yield from (address, address.lower(), page, as_json, as_json.replace("/", "\\/"))
    yield "".join(f"\\u{ord(letter):04x}" if letter in "&<>" else letter for letter in as_json)  # as Go writes it
    for code in base64_cores(text.encode("utf-8", "surrogatepass")):
        if len(code) >= LEAST_BASE64:
            yield from (code, code.replace("+", "-").replace("/", "_"))


def _text_schema(kind: type, read: Any) -> CoreSchema:
    """Read from a text, written by `str`."""
    return core_schema.union_schema(
        [
            core_schema.is_instance_schema(kind),
            core_schema.no_info_after_validator_function(read, core_schema.str_schema()),
        ],
        mode="left_to_right",
        serialization=core_schema.to_string_ser_schema(when_used="always"),
    )
