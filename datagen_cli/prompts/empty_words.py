"""Texts that say nothing of their own: the form given back, a placeholder, a model's refusal to write.

Judged is a text as a whole, on purpose narrowly: what could be somebody's words is kept. Pure functions, a few µs each.
"""

from __future__ import annotations

import re

from datagen_cli.core.pattern import compiled_later

MAX_REFUSAL_CHARACTERS = 1_500
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
_SORRY = r"(?:(?:i['’]?m|i am) (?:very |so |really )?sorry|sorry|i apologi[sz]e|unfortunately|apologies)?[,.:;!]?\s*"
_AN_AI = r"(?:but )?(?:as an ai(?: language)?(?: model| assistant)?[,.]?\s*)?"
_CANNOT = (
    r"i(?: can['’]?t| cannot| can not| won['’]?t(?: be able)?| will not(?: be able)?| must decline| have to decline"
    r"|(?:['’]m| am) (?:unable|not able|not (?:comfortable|allowed|permitted)))(?: to| with)?\s+"
)
_TO_WRITE = (
    r"(?:assist|comply|fulfil+|(?:help|continue|engage|proceed)\b.{0,30}\b(?:this|that|such|your request)"
    r"|(?:generat|creat|writ|produc|provid|complet|answer|discuss)(?:e|ing)?"
    r" (?:this|that|such|any|content|(?:(?:an?|these|those|more|new) )?(?:records?|texts?|examples?)|the requested"
    r"|explicit|harmful))"
)
_DECLINED = compiled_later(
    rf"{_SORRY}{_AN_AI}{_CANNOT}{_TO_WRITE}|as an ai(?: language)? (?:model|assistant),? i\b"
    r"|(?:this|that|the|your) (?:request|prompt|content) (?:violates|goes against|is against|conflicts with)\b"
    r"|\[?(?:content|text|response) (?:removed|blocked|withheld|filtered)\b"
    r"|lo siento\b.{0,20}\bno puedo (?:generar|crear|escribir|cumplir|proporcionar"
    r"|ayudar(?:te|le)? con (?:eso|esto|es[ae] |est[ae] |tu |su ))"
    r"|(?:je suis )?désolée?\b.{0,20}\bje ne peux pas (?:répondre|générer|créer|écrire|fournir|aider à cela)"
    r"|(?:es )?tut mir leid\b.{0,20}\b(?:dabei kann ich|ich kann)\b.{0,40}\bnicht (?:helfen|erstellen|schreiben)",
    re.IGNORECASE,
)
_ONLY_SIGNS = compiled_later(
    r"[.…]{1,6}|_{2,}|\[\s*(?:\.{3}|…)\s*\]|<\s*(?:\.{3}|…)\s*>|(?:xx+|lorem ipsum)", re.IGNORECASE
)
_FRAMES = {"<": ">", "[": "]", "{": "}", "(": ")"}
_QUOTES = " \"'“”‘’`"
_AROUND = " \t\n.…<>[]{}()\"'“”‘’`_*#"
_WORDS = compiled_later(r"<+[a-z][\w ,'’-]*\s[\w ,'’-]*>+", re.IGNORECASE)
"""`<a short text>`; a tag with attributes is none."""
_ORDERS = compiled_later(r"(?:insert|enter|your|write|put|fill|add|type)\b", re.IGNORECASE)
_TYPES = ("string", "placeholder", "todo", "tbd")


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
    bare = folded(text.strip(_AROUND))
    known = {folded(name), folded(name.replace("_", " ")), *_TYPES, *([folded(description)] if description else [])}
    if bare in known:
        return True
    framed = _FRAMES.get(text[0]) == text[-1]
    return framed and (
        bool(_WORDS.fullmatch(text)) or bool(_ORDERS.match(bare)) or bare in ("text", "value", "content")
    )


def declines(text: str) -> bool:
    """Whether a text as a whole is a model's refusal to write; a customer who cannot log in is none."""
    return len(text) <= MAX_REFUSAL_CHARACTERS and _DECLINED.match(text) is not None


def sounds_refused(text: str) -> bool:
    """Whether a reply that holds nothing else of use is a model's refusal."""
    return len(text) <= MAX_REFUSAL_CHARACTERS and _REFUSAL.search(text) is not None


def folded(text: str) -> str:
    """Text for comparing: no case, white space folded, no full stop at the end."""
    return " ".join(text.split()).casefold().rstrip(".")
