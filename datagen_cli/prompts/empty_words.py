"""Texts that say nothing of their own: the form given back, a placeholder, a model's refusal to write.

Judged is a text as a whole, on purpose narrowly: what could be somebody's words is kept. Pure functions, a few µs each.
"""

from __future__ import annotations

import re

from datagen_cli.core.pattern import compiled_later
from datagen_cli.prompts.declining import MAX_REFUSAL_CHARACTERS, declines

MAX_FORM_CHARACTERS = 120
CONTROL = compiled_later(r"[\x00-\x08\x0b\x0e-\x1f\x7f]|\x0c(?=[a-zA-Z])")
"""What a model that forgets to escape `\\frac` and `\\beta` writes, or `\\u0000e9` for é; a page break at the end of a
line is kept."""
_REFUSAL = compiled_later(
    r"\b(i['’]?m sorry|i am sorry|i apologi[sz]e|sorry, (but )?i|as an ai|against (my|our) (guidelines|policy|policies)"
    r"|i (can['’]?t|cannot|can not|won['’]?t|will not|must decline|have to decline)"
    r"|i['’]?m (unable|not able)|i am (unable|not able))\b",
    re.IGNORECASE,
)
_ONLY_SIGNS = compiled_later(
    r"[.…]{1,6}|_{2,}|\[\s*(?:\.{3}|…)\s*\]|<\s*(?:\.{3}|…)\s*>|(?:xx+|lorem ipsum(?:\s+dolor\b.*)?[.…]*)",
    re.IGNORECASE | re.DOTALL,
)
_FRAMES = {"<": ">", "[": "]", "{": "}", "(": ")"}
_QUOTES = " \"'“”‘’`"
_AROUND = " \t\n.…<>[]{}()\"'“”‘’`_*#"
_WORDS = compiled_later(r"<+[a-z](?=[\w,'’-]*\s)[\w ,'’-]*(?:[^\S ][\w ,'’-]*)?>+", re.IGNORECASE)
"""`<a short text>`; a tag with attributes is none."""
_ORDERS = compiled_later(r"(?:insert|enter|your|write|put|fill|add|type)\b", re.IGNORECASE)
_TYPES = ("string", "placeholder", "todo", "tbd")
_NOUNS = frozenset(("text", "string", "str", "value", "content", "placeholder"))
_BESIDE = frozenset(
    (
        *("a", "an", "the", "some", "any", "your", "my", "this", "of", "for", "here", "goes", "short", "long", "brief"),
        *("sample", "example", "dummy"),
    )
)
_ARTICLES = frozenset(("a", "an", "the", "my", "this", "of", "for"))
_TO_FILL = frozenset(("insert", "enter", "write", "type", "put", "add", "fill", "in"))
_WORD = compiled_later(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+")
MOST_WORDS = 6


def is_form(text: str, name: str, description: str = "") -> bool:
    """Whether a text is the form of a reply rather than an answer: dots, `string`, `[insert ...]`, its field's name or
    description."""
    if _ONLY_SIGNS.fullmatch(text.strip(_QUOTES)):
        return True
    whole = folded(text)
    if description and whole == folded(description):
        return True
    if not text or len(text) > MAX_FORM_CHARACTERS + len(description):
        return False
    bare = folded(text.strip(_AROUND + "$%@"))
    known = {folded(name), folded(name.replace("_", " ")), *_TYPES, *([folded(description)] if description else [])}
    if bare in known or _names_itself(text, name):
        return True
    label, colon, rest = text.partition(":")
    if colon and folded(label.strip(_AROUND)) in known and _ONLY_SIGNS.fullmatch(rest.strip(_QUOTES)):
        return True
    framed = _FRAMES.get(text[0]) == text[-1]
    return framed and (
        bool(_WORDS.fullmatch(text)) or bool(_ORDERS.match(bare)) or bare in ("text", "value", "content")
    )


def _names_itself(text: str, name: str) -> bool:
    """Whether a text says nothing but that a text of its field stands there: `your text here`, `Sample question`,
    `textValue`.

    The field's name counts beside a word for an example only: `Your Name` is a film, and `Example text` may be a title.
    One with a number is a text.
    """
    said = _only_known(text, name)
    own = _own(name)
    filled = bool(said & {"here", "goes", "placeholder", "dummy"}) and bool(said & (_NOUNS | own))
    shown = said & {"here", "goes", "sample", "example", "dummy", "some", *_NOUNS}
    return filled or bool(said & own and shown) or bool(own & _NOUNS and said & _NOUNS)


def may_be_form(text: str, name: str) -> bool:
    """Whether a text is a form where all others beside it are: `Example text` may be a title."""
    said = _only_known(text, name)
    return bool(said & (_NOUNS | _own(name)))


def _only_known(text: str, name: str) -> set[str]:
    """The words of a short text where all of them are words of forms; else none."""
    words = [word.casefold() for word in _WORD.findall(text[: 2 * MAX_FORM_CHARACTERS])]
    said = set(words)
    if len(words) > MOST_WORDS or len(said - _ARTICLES) < 2:
        return set()
    known = _NOUNS | _own(name) | _BESIDE | (_TO_FILL if "here" in said else frozenset())
    return said if said <= known else set()


def _own(name: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(name)} - _BESIDE


def sounds_refused(text: str) -> bool:
    """Whether a reply that holds nothing else of use is a model's refusal."""
    return len(text) <= MAX_REFUSAL_CHARACTERS and (_REFUSAL.search(text) is not None or declines(text))


def folded(text: str) -> str:
    """Text for comparing: no case, white space folded, no full stop at the end."""
    return " ".join(text.split()).casefold().rstrip(".")
