"""Texts that only announce a text, or ask what it should be about: `I will write a new text for you.`

On purpose narrow: support agents promise, customers ask, and both are what datasets are made of. A text is an
announcement when it is, from its first word to its last, what an assistant says before it writes: that it will write,
or has written, a *text*, a *record*, an *example* as it was asked to, or the question what to write about. One
sentence of anything else, and it is somebody's words. So is every text where base rows give what it answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from datagen_cli.core.fields import About
from datagen_cli.core.pattern import PatternFile, compiled_later

MAX_CHARACTERS = 400
_PARTS = PatternFile(Path(__file__).with_suffix(".yaml"))
_WORD = compiled_later(r"[^\W\d_]+")
_FIRST_WORDS = (
    "certainly sure of absolutely ok okay alright great gladly understood got i no thank thanks let here below"
    " the this as what which do does could can would will please kindly to ich hier worüber bitte je voici sur"
    " veuillez voy puedo aquí sobre scriverò creerò genererò ecco vou posso aqui ik napiszę stworzę wygeneruję ja"
    " natürlich gern gerne klar bien certainement d claro por certo certamente com natuurlijk oczywiście elbette"
    " tabii sizin senin"
)
"""Of what is looked at closely; other scripts always are."""
_BEGINS = frozenset(_FIRST_WORDS.split())


def only_announces(about: About, fields: Mapping[str, Any]) -> str:
    """The text of a record that only announces or asks about one, up to 60 characters; empty where it is a text, or
    where more than one is asked for."""
    texts = [spec for spec in about.asked if spec.type == "text" and not spec.code]
    if len(texts) != 1 or about.given:
        return ""
    text = fields.get(texts[0].name)
    return " ".join(text.split())[:60] if isinstance(text, str) and announces(text, texts[0].name) else ""


def announces(text: str, name: str = "") -> bool:
    """Whether a text is nothing but an assistant's announcement of a text, or its question about one. `name` is that
    of the field: `a new review` is what the writer of reviews announces."""
    text = text.strip().strip("*_\"“”'`").strip()
    begins = _WORD.search(text) if len(text) <= MAX_CHARACTERS else None
    if begins is None or (begins[0][0] < "\u0370" and begins[0].casefold() not in _BEGINS):
        return False
    firm, loose = _patterns(" ".join(re.findall(r"[^\W_]+", name.casefold())))
    at, found = 0, False
    while at < len(text):
        told = firm.match(text, at) or loose.match(text, at)
        if told is None:
            return False
        found |= told.re is firm
        at = told.end()
    return found


@lru_cache(maxsize=64)
def _patterns(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What must stand in an announcement and what may stand beside it, each with the signs that end its clause."""
    mine = rf"(?:an?|the|your|another) (?:new|next|sample) {re.escape(name)}" if name else r"(?!)"
    firm = _PARTS["FIRM"].replace("{mine}", mine)
    ends = r"(?:\s*[.!?:,;。！？、，：]+\s*|\s*\Z|(?<=[可以的当然])(?=我))"
    start = r"[\s¡¿]*"
    return (
        re.compile(f"{start}(?:{firm}){ends}", re.IGNORECASE),
        re.compile(f"{start}(?:{_PARTS['LOOSE']}){ends}", re.IGNORECASE),
    )
