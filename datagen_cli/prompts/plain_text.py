"""A reply that is one text and nothing else, cleaned of what models put around it.

Careful on purpose: only what cannot be part of the text goes. These are reasoning that frames it, a fence or quotation
marks around the whole, an opening such as `Here is a new text:`, the field's name before it or its tag at an end, and a
closing paragraph that speaks of the text as something that was asked for. A reply that gives the text as JSON all the
same is read as one that was asked for JSON.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.pattern import PatternFile, compiled_later
from datagen_cli.prompts.fences import without_tags
from datagen_cli.prompts.framing import text_of
from datagen_cli.prompts.parse import ParsedReply, ended_early, one_record, parse_reply, writable
from datagen_cli.prompts.thinking import answer_of

QUOTES = {'"': '"', "“": "”", "‘": "’", "«": "»", "'": "'", "`": "`"}
_FENCE = compiled_later(r"```[^\n`]*\n(.*?)\n?```", re.DOTALL)
_PARTS = PatternFile(Path(__file__).with_suffix(".yaml"))
_OPENING = _PARTS.pattern("OPENING", re.IGNORECASE)
_SAYS = _PARTS.pattern("SAYS", re.IGNORECASE)
_LISTED = compiled_later(r"(?:[-*•+]|\d{1,2}[.)])\s|```")
"""A list or a block, which the line before it introduces."""
_CLOSING = _PARTS.pattern("CLOSING", re.IGNORECASE)
_FAREWELL = _PARTS.pattern("FAREWELL", re.IGNORECASE)
_SPEAKER_LINE = compiled_later(
    r"\n[^\S\n]*(?:user|assistant|human|system|<\|[a-z_]+\|>)[^\S\n]*(?::[^\S\n]*)?\n", re.IGNORECASE
)
_ASKS = _PARTS.pattern("ASKS", re.IGNORECASE)
_BEFORE_JSON = (
    r"(?:(?:here|sure|certainly|of course|okay|ok|below|the|final|json|output|answer|record|text)\b[^\n{\[]{0,80}:\s*)?"
)


def parse_text(text: str, finish_reason: str, spec: FieldSpec) -> ParsedReply:
    """The one record of a reply that was asked for the text of `spec`."""
    early = ended_early(finish_reason)
    if early is not None:
        return early
    text = writable(text)[0]
    if _is_json(answer_of(text), spec.name):
        return parse_reply(text, finish_reason, [spec], 1)
    whole = text_of(text)
    if not whole:
        return ParsedReply(problems=("the reply is empty",))
    return one_record({spec.name: clean(whole, spec.name)}, [spec])


def _is_json(text: str, name: str) -> bool:
    """Whether a reply gives its text as JSON: it begins with it, or announces an object and ends with it. A text that
    shows JSON among its words is a text."""
    key = rf"[\"'“]?(?:records|{re.escape(name)})[\"'”]?\s*:"
    fence = r"(?:```(?:[^\n`]*\n\s*+|[^\n`{\[]*+))?"
    if re.match(rf"{fence}[{{\[]\s*(?:\{{\s*)?{key}", text, re.IGNORECASE):
        after = text[max(text.rfind("}"), text.rfind("]")) + 1 :].rstrip()
        return not after or after.startswith(("\n", "`")) or after == text
    announced = re.match(rf"{_BEFORE_JSON}{fence}\{{\s*{key}", text, re.IGNORECASE)
    return announced is not None and text.rstrip("` \n")[-1:] in ("}", "]")


def reads_like_opening(text: str) -> bool:
    """Whether a reply is nothing but what models say before a text: `Here is a new text:`."""
    text = text_of(text)
    return not text or (text.endswith(":") and _OPENING.match(f"{text}\n") is not None)


def clean(text: str, name: str = "") -> str:
    """The text without what stands around it; `name` is that of its field."""
    text = text.replace("\r\n", "\n").strip()
    text = _without_turns(_unfenced(text))
    opening = _OPENING.match(text)
    after = text[opening.end() :].strip() if opening else ""
    announced = bool(after) and _announces(opening, after) if opening else False
    if announced:
        text = _unfenced(after)
    text = _without_closing(text, announced)
    text = _without_name(text, name)
    return unquoted(without_tags(text, (name,) if name else ()) or text)


def _announces(opening: re.Match[str], after: str) -> bool:
    """Whether the first line only says that what was asked for follows: it names it, and introduces no list and no
    block which only begins the text."""
    says = opening["says"]
    if says is not None and not _SAYS.match(says):
        return False
    return _LISTED.match(after) is None or _FENCE.fullmatch(after) is not None


def _without_turns(text: str) -> str:
    """Without the next turn of a conversation that a model goes on with: it asks for another text. A text that is a
    dialogue, or a list of roles, is left alone."""
    for found in _SPEAKER_LINE.finditer(text):
        if _ASKS.match(text, found.end()):
            return text[: found.start()].rstrip()
    return text


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


def _without_closing(text: str, announced: bool = False) -> str:
    """Without last paragraphs that speak to whoever asked, as long as something stands before them. A farewell goes
    only with one of those, or where the text was `announced`."""
    kept = text
    while True:
        before, blank, last = text.rpartition("\n\n")
        closes = _CLOSING.match(last.strip()) is not None
        if not blank or not before.strip() or not (closes or _FAREWELL.match(last.strip())):
            return kept
        text = before.strip()
        if closes or announced:
            kept = text


def _without_name(text: str, name: str) -> str:
    """Without `text:` or `**Text:**` before it."""
    found = re.match(rf"[*_#\s]*{re.escape(name)}[*_]*\s*:[*_]*\s*", text, re.IGNORECASE) if name else None
    return text[found.end() :].strip() or text if found else text
