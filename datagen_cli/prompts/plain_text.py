"""A reply that is one text and nothing else, cleaned of what models put around it.

Careful on purpose: only what cannot be part of the text goes. These are reasoning, a fence or quotation marks around
the whole, an opening such as `Here is a new text:`, the field's name before it or its tag at an end, and a closing
paragraph that speaks to whoever asked. A reply that gives the text as JSON all the same is read as one that was asked
for JSON.
"""

from __future__ import annotations

import json
import re

from datagen_cli.core.fields import FieldSpec, WrongType
from datagen_cli.core.pattern import compiled_later
from datagen_cli.prompts.fences import without_tags
from datagen_cli.prompts.parse import ParsedReply, ended_early, parse_reply, read_record, refusal_in, writable
from datagen_cli.prompts.thinking import answer_of

QUOTES = {'"': '"', "“": "”", "‘": "’", "«": "»", "'": "'", "`": "`"}
_FENCE = compiled_later(r"```[^\n`]*\n(.*?)\n?```", re.DOTALL)
_OPENING = compiled_later(
    r"(?:(?:sure|certainly|of course|okay|ok|absolutely|great)\b[^\n:]{0,40}[.!,:]\s*)?"
    r"(?:(?:here(?:['’]s| is| are)|below is|this is)\b[^\n]{0,120}:"
    r"|(?:sure|certainly|of course|okay|ok)[^\n]{0,80}[:!.])\s*\n+",
    re.IGNORECASE,
)
_CLOSING = compiled_later(
    r"(?:let me know if you|i hope (?:this|that) (?:helps|meets|fits|works)|hope (?:this|that) helps|feel free to ask"
    r"|please let me know if you(?:['’]d| would)? (?:like|need|want)|would you like me"
    r"|if you (?:need|want|would like) (?:any|another|more|me to)|is there anything else i can|\(?note(?: that)?:"
    r"|this (?:text|message|record|item|version|example|one) (?:is|was|has|meets|follows|fits|keeps|satisfies)\b)",
    re.IGNORECASE,
)
_SPEAKER = compiled_later(
    r"\n[^\S\n]*(?:user|assistant|human|system|<\|[a-z_]+\|>)[^\S\n]*(?::[^\S\n]*)?\n.*\Z", re.IGNORECASE | re.DOTALL
)


def parse_text(text: str, finish_reason: str, spec: FieldSpec) -> ParsedReply:
    """The one record of a reply that was asked for the text of `spec`."""
    early = ended_early(finish_reason)
    if early is not None:
        return early
    whole = answer_of(writable(text)[0])
    if not whole:
        return ParsedReply(problems=("the reply is empty",))
    if re.search(rf"[{{\[]\s*[\"']?(?:records|{re.escape(spec.name)})[\"']?\s*:", whole):
        return parse_reply(whole, finish_reason, [spec], 1)
    try:
        record = read_record({spec.name: clean(whole, spec.name)}, [spec])
    except WrongType as error:
        return ParsedReply((None,), (str(error),), refused=refusal_in(error))
    return ParsedReply((record,))


def reads_like_opening(text: str) -> bool:
    """Whether a reply is nothing but what models say before a text: `Here is a new text:`."""
    text = answer_of(text)
    return not text or (text.endswith(":") and _OPENING.match(f"{text}\n") is not None)


def clean(text: str, name: str = "") -> str:
    """The text without what stands around it; `name` is that of its field."""
    text = text.replace("\r\n", "\n").strip()
    text = _unfenced(text)
    text = _SPEAKER.sub("", text).rstrip()
    opening = _OPENING.match(text)
    if opening and text[opening.end() :].strip():
        text = text[opening.end() :].strip()
        text = _unfenced(text)
    text = _without_closing(text)
    text = _without_name(text, name)
    return unquoted(without_tags(text, (name,) if name else ()) or text)


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
