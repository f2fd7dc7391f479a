"""How models decline to write, in English and in 21 other languages.

On purpose narrow: customers who cannot create an account, colleagues who cannot help on Saturday and reviewers who
would rather not write are what datasets are made of, and a good text that is refused is a loss. A refusal says that the
writer cannot, or will not, make what a model is asked for (content, a text, a request, such examples), or calls itself
an AI that cannot. Its clause ends there, or goes on about rules and harm, and whatever follows is an assistant's talk.
The words stand in `declining.yaml`.
"""

from __future__ import annotations

import re
from pathlib import Path

from datagen_cli.core.pattern import PatternFile, compiled_later

MAX_REFUSAL_CHARACTERS = 1_500
_PARTS = PatternFile(Path(__file__).with_suffix(".yaml"))
OFFERED = _PARTS.pattern("OFFERED", re.IGNORECASE)
_DECLINED = _PARTS.pattern("ENGLISH", re.IGNORECASE)
_DECLINED_ELSEWHERE = _PARTS.pattern("ELSEWHERE", re.IGNORECASE)
_BEGINNING = compiled_later(
    r"[i\[]|sorry|unfortunately|apolog|but |as an? |my |th(?:is|at|e) |your |content |text |response ", re.IGNORECASE
)
"""What every refusal in English begins with: most texts are told by it."""
_WITHIN = 400
_APOLOGY = compiled_later(
    r"(?:i['’]?m|i am)? ?(?:(?:very |so |really )?(?:sorry|afraid)|i apologi|apolog)", re.IGNORECASE
)
_LETTER = compiled_later(r"[^\W_]")


def declines(text: str) -> bool:
    """Whether a text as a whole is a model's refusal to write: it begins with one, and is nothing else but what an
    assistant adds to it. A customer who cannot log in declines nothing."""
    found = _declined(text) if len(text) <= MAX_REFUSAL_CHARACTERS else None
    if found is None:
        return False
    rest = text[found.end() :]
    if _LETTER.search(rest) is not None:
        return OFFERED.search(rest) is not None
    return not found.groupdict().get("maybe") or _APOLOGY.match(text) is not None or OFFERED.search(text) is not None


def _declined(text: str) -> re.Match[str] | None:
    """The refusal that a text begins with."""
    if _BEGINNING.match(text) is not None and (found := _DECLINED.match(text)) is not None:
        return found
    begins = text[:_WITHIN].lower()
    marks = _PARTS["MARKS"] + ([] if begins.isascii() else _PARTS["OTHER_MARKS"])
    return _DECLINED_ELSEWHERE.match(text) if any(mark in begins for mark in marks) else None
