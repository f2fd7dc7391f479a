"""A reply that is one text and nothing else, cleaned of what models put around it.

Careful on purpose: only what cannot be part of the text goes. These are reasoning, a fence or quotation marks around
the whole, an opening such as `Here is a new text:`, the field's name before it, and a closing paragraph that speaks to
whoever asked. A reply that is, as a whole, JSON with the field as its only key (or `records` of one) is unwrapped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from datagen_cli.core.fields import FieldSpec, WrongType
from datagen_cli.prompts.parse import ParsedReply, ended_early, read_record, refusal_in
from datagen_cli.prompts.thinking import answer_of
from datagen_cli.text.strict_json import NotJson, loads

QUOTES = {'"': '"', "“": "”", "‘": "’", "«": "»", "'": "'", "`": "`"}
_FENCE = re.compile(r"```[^\n`]*\n(.*?)\n?```", re.DOTALL)
_OPENING = re.compile(
    r"(?:(?:sure|certainly|of course|okay|ok|absolutely|great)\b[^\n:]{0,40}[.!,:]\s*)?"
    r"(?:(?:here(?:['’]s| is| are)|below is|this is)\b[^\n]{0,120}:"
    r"|(?:sure|certainly|of course|okay|ok)[^\n]{0,80}[:!.])\s*\n+",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:let me know if you|i hope (?:this|that) (?:helps|meets|fits|works)|hope (?:this|that) helps|feel free to ask"
    r"|please let me know if you(?:['’]d| would)? (?:like|need|want)|would you like me"
    r"|if you (?:need|want|would like) (?:any|another|more|me to)|is there anything else i can|\(?note(?: that)?:"
    r"|this (?:text|message|record|item|version|example|one) (?:is|was|has|meets|follows|fits|keeps|satisfies)\b)",
    re.IGNORECASE,
)
_SPEAKER = re.compile(r"\n\s*(?:user|assistant|human|system|<\|[a-z_]+\|>)\s*:?\s*\n.*\Z", re.IGNORECASE | re.DOTALL)


def parse_text(text: str, finish_reason: str, spec: FieldSpec, given: Collection[str] = ()) -> ParsedReply:
    """The one record of a reply that was asked for the text of `spec`; `given` are fields that we fill in."""
    early = ended_early(finish_reason)
    if early is not None:
        return early
    whole = answer_of(text.encode("utf-8", "replace").decode("utf-8"))
    if not whole:
        return ParsedReply(problems=("the reply is empty",))
    try:
        found = _unwrapped(whole, spec.name, given)
        record = read_record({spec.name: clean(whole, spec.name) if found is None else found}, [spec])
    except WrongType as error:
        return ParsedReply((None,), (str(error),), refused=refusal_in(error))
    return ParsedReply((record,))


def clean(text: str, name: str = "") -> str:
    """The text without what stands around it; `name` is that of its field."""
    text = text.replace("\r\n", "\n").strip()
    text = _unfenced(text)
    text = _SPEAKER.sub("", text)
    opening = _OPENING.match(text)
    if opening and text[opening.end() :].strip():
        text = text[opening.end() :].strip()
        text = _unfenced(text)
    text = _without_closing(text)
    text = _without_name(text, name)
    return unquoted(text)


def unquoted(text: str) -> str:
    """The text without quotation marks that enclose all of it; a JSON string is read as one."""
    if len(text) < 2 or QUOTES.get(text[0]) != text[-1]:
        return text
    if text[0] == '"':
        try:
            value = json.loads(text)
        except ValueError:
            pass
        else:
            return str(value).strip()
    inside = text[1:-1]
    return text if text[0] in inside or text[-1] in inside else inside.strip()


def _unwrapped(text: str, name: str, given: Collection[str]) -> str | None:
    """The field's text where the reply as a whole is JSON of it; None where it is not. Raises `WrongType`."""
    inside = _unfenced(text)
    value: Any
    if inside[:1] not in ("{", "["):
        return None
    try:
        value = loads(inside)
    except NotJson:
        if re.match(rf'[{{\[\s"]*(?:records|{re.escape(name)})"\s*:', inside):
            raise WrongType("the reply is broken JSON") from None
        return None
    while isinstance(value, dict | list):
        items: Any = value if isinstance(value, list) else value.get("records", value)
        if isinstance(value, list) or items is not value:
            if not isinstance(items, list | dict) or (isinstance(items, list) and len(items) != 1):
                raise WrongType("the reply is JSON of another form")
            value = items[0] if isinstance(items, list) else items
        elif not isinstance(value, dict) or name not in value or set(value) - {name, *given}:
            raise WrongType("the reply is JSON of another form")
        else:
            value = value[name]
    if not isinstance(value, str):
        raise WrongType(f"{name}: expected text")
    return value


def _unfenced(text: str) -> str:
    found = _FENCE.fullmatch(text)
    return found[1].strip() if found else text


def _without_closing(text: str) -> str:
    """Without last paragraphs that speak to whoever asked, as long as something stands before them."""
    while True:
        before, blank, last = text.rpartition("\n\n")
        if not blank or not before.strip() or not _CLOSING.match(last.strip()):
            return text
        text = before.strip()


def _without_name(text: str, name: str) -> str:
    """Without `text:` or `**Text:**` before it."""
    found = re.match(rf"[*_#\s]*{re.escape(name)}[*_]*\s*:[*_]*\s*", text, re.IGNORECASE) if name else None
    return text[found.end() :].strip() or text if found else text
