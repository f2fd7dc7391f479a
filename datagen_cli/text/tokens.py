"""How texts are taken apart, in one place: words to count, tokens for n-grams, terms to compare texts by.

All three treat scripts that are written without spaces alike (Han, kana, Thai, Lao, Khmer, Burmese): every character
with its marks is one, as there is no dictionary here.

- A word is a run of letters, digits and their marks; an apostrophe or hyphen inside joins (`don't`, `well-known`), so
  do a point or comma between digits (`3.5`, `1,000`).
- A token is `\\w+` or one other non-space character, case kept: what BLEU and n-gram counts are made of.
- A term is a run of letters and digits of the folded text (a point or comma between digits joins, thousands separators
  go), or one of the signs that change what a text says (`+ = < > * / % ^ # & $ € £ @ ~ | \\`, and `-` before a digit):
  12 + 3 is not 1 + 23, C++ is not C. Repeats are decided on terms everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from datagen_cli.core.pattern import compiled_later
from datagen_cli.text.normalise import fold

_HAN_KANA = (
    "\u3005\u3007\u3040-\u3098\u309b-\u309f\u30a1-\u30fa\u30fc-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003134f"
)
_THAI_TO_BURMESE = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd\u0ec0-\u0ec6\u0edc-\u0edf\u1780-\u17b3"
    "\u17d7\u17dc\u1000-\u102a\u103f\u1050-\u1055\u105a-\u105d\u1061\u1065\u1066\u106e-\u1070\u1075-\u1081\u108e"
    "\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7a"
)
_SOLO = _HAN_KANA + _THAI_TO_BURMESE
_SOLO_MARKS = (
    "\u0300-\u036f\u3099\u309a\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u17b4-\u17d3\u17dd"
    "\u102b-\u103e\u1056-\u1059\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u108f\u109a-\u109d"
    "\uaa7b-\uaa7d\ufe00-\ufe0f\U000e0100-\U000e01ef\u200c\u200d"
)
# `\w` leaves out combining marks, which would cut words of these scripts in pieces.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u0900-\u0963\u0966-\u0df3"
    "\u0f18\u0f19\u0f35\u0f37\u0f39\u0f71-\u0f84\u200c\u200d"
)
_ONE = rf"[{_SOLO}][{_SOLO_MARKS}]*"
_LETTER = rf"(?:[^\W{_SOLO}]|[{_MARKS}])"
_SIGN = r"[+=<>*/%^#&$€£@~|\\]|-(?=\d)|(?<=[\d)]\s)-(?=\s\d)"
_WORD = compiled_later(rf"{_ONE}|{_LETTER}+(?:(?:['’\-]|(?<=\d)[.,](?=\d)){_LETTER}+)*")
_ASCII_WORD = compiled_later(r"\w+(?:(?:['\-]|(?<=\d)[.,](?=\d))\w+)*", re.ASCII)
_TOKEN = compiled_later(rf"{_ONE}|[^\W{_SOLO}]+|[^\w\s]")
_ASCII_TOKEN = compiled_later(r"\w+|[^\w\s\x1c-\x1f]", re.ASCII)
_TERM = compiled_later(rf"{_ONE}|{_LETTER}+(?:(?<=\d)[.,](?=\d){_LETTER}+)*|{_SIGN}")
_ASCII_TERM = compiled_later(rf"\w+(?:(?<=\d)[.,](?=\d)\w+)*|{_SIGN}", re.ASCII)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
_THOUSANDS = compiled_later(r"(?<!\d)(\d{1,3}(?:,\d{3}){1,40}+)(?![\d,])")

TOKENS = "tok=word|spaceless=char"
TERMS = "tok=folded+signs|spaceless=char"
"""What the signatures of measures say of tokens and of terms."""
BYTES_PER_TOKEN = 4


def words(text: str) -> list[str]:
    """The words of a text in order, as written; empty for a text without letters or digits."""
    return (_ASCII_WORD if text.isascii() else _WORD).findall(text)


def word_count(text: str) -> int:
    """How many words a text has."""
    return len(words(text))


def tokens(text: str) -> list[str]:
    """The tokens of a text in order, case kept."""
    return (_ASCII_TOKEN if text.isascii() else _TOKEN).findall(text)


def terms(text: str) -> list[str]:
    """What a text is compared by, in order; empty for a text of other signs alone."""
    folded = fold(text)
    found = _ASCII_TERM.findall(folded) if folded.isascii() else _TERM.findall(folded.translate(_DASHES))
    if "," not in folded:
        return found
    return [_THOUSANDS.sub(lambda run: run[1].replace(",", ""), term) if "," in term else term for term in found]


def beside_a_dash(word: str) -> tuple[bool, bool, bool]:
    """Whether a word between white space is a dash, ends as what a minus stands after, begins as what it stands before:
    only there do the terms of a text depend on more than one of its words."""
    folded = fold(word).translate(_DASHES)
    return folded == "-", folded[-1:] == ")" or folded[-1:].isdecimal(), folded[:1].isdecimal()


def term_key(found: Sequence[str], text: str) -> str:
    """Equal for texts with the same terms, whatever stands between them. A text without terms has its folded form, an
    empty text none."""
    return " ".join(found) if found else fold(text)


def estimate_tokens(text: str) -> int:
    """About how many tokens a model makes of a text: UTF-8 bytes / 4, rounded up.

    Within a fifth or so for English with the usual byte-pair tokenisers; other scripts vary more. No model's own count.
    """
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)
