"""Words of a text in any script, and a quick estimate of its tokens.

A word is a run of letters, digits and their marks; an apostrophe or hyphen inside joins (`don't`, `well-known`), so do
a point or comma between digits (`3.5`, `1,000`). Han characters and kana count one word each, as word processors count
them, because those scripts put no space between words; Thai, Lao and Khmer runs count as one word (no dictionary here).
"""

from __future__ import annotations

import re

_SOLO = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
# `\w` leaves out combining marks, which would cut words of these scripts in pieces.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u0900-\u0963\u0966-\u0df3\u0e30-\u0e4e"
    "\u0eb0-\u0ecd\u0f18\u0f19\u0f35\u0f37\u0f39\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3\u200c\u200d"
)
_LETTER = rf"(?:[^\W{_SOLO}]|[{_MARKS}])"
_WORD = re.compile(rf"[{_SOLO}]|{_LETTER}+(?:(?:['’\-]|(?<=\d)[.,](?=\d)){_LETTER}+)*")
_ASCII_WORD = re.compile(r"\w+(?:(?:['\-]|(?<=\d)[.,](?=\d))\w+)*", re.ASCII)

BYTES_PER_TOKEN = 4


def words(text: str) -> list[str]:
    """The words of a text in order, as written; empty for a text without letters or digits."""
    return (_ASCII_WORD if text.isascii() else _WORD).findall(text)


def word_count(text: str) -> int:
    """How many words a text has."""
    return len(words(text))


def estimate_tokens(text: str) -> int:
    """About how many tokens a model makes of a text: UTF-8 bytes / 4, rounded up.

    Within a fifth or so for English with the usual byte-pair tokenisers; other scripts vary more. No model's own count.
    """
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)
