"""Which encoding a text that is not UTF-8 is in: a guess from its letters.

A text in one of the tried encodings, read as it was written, holds the letters of one language: `Płatność` read as
Windows-1252 is `P³atnoœæ`, which no language writes. Each pair of an encoding and an alphabet is scored by the share of
the letters beyond ASCII, and of signs inside words, that the alphabet has; capitals inside words count for nothing, and
in alphabets that are not Latin letters beside Latin ones. Windows-1252 stays unless another is plainly better. Chinese,
Japanese and Korean are told by where their frequent characters stand in an encoding. Not covered: short texts, several
languages of one part of the world in one file, and languages without an alphabet here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from datagen_cli.sources.rows import open_bytes, reading

USUAL = "cp1252"
LOOKED_AT = 1 << 16
"""Bytes of lines beyond ASCII that are enough for a guess."""
_CLEAR, _MARGIN = 0.9, 0.1
_WESTERN = ("àâçéèêëîïôœæùûüÿ", "äöüß", "áéíñóúü", "ãõáâàçéêíóôú", "àèéìòù", "åäöæøé", "áéíóúýðþæö")
_CENTRAL = ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž")
_CYRILLIC = ("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёіїєґ",)
_FREQUENT, _TIE = 10, 0.01
"""Alphabets that are not Latin begin with their ten most frequent letters; these decide where several have them all."""
_ALPHABETS = {
    "cp1252": _WESTERN,
    "mac_roman": _WESTERN,
    "cp850": _WESTERN,
    "cp1250": _CENTRAL,
    "iso8859_2": _CENTRAL,
    "cp1254": ("çğıöşüâî",),
    "cp1251": _CYRILLIC,
    "koi8_r": _CYRILLIC,
    "cp1253": ("αοιετσνηυρπκμλςωδγχθφβξζψάέήίόύώϊϋΐΰ",),
    "cp1255": ("יוהלאמרבתנשדחעקפטגזסצכםןךףץ",),
    "cp1256": ("اليمونرتبةعدسفهكحقجأىشطصخضزذإثغظئءؤآپچگژ",),
}
_LEADS = {"cp949": (0xB0, 0xC8), "gb18030": (0xB0, 0xD7), "big5": (0xA4, 0xC6)}
"""First bytes of frequent characters in encodings of two bytes a character."""
_NAMES = {
    "cp1252": "Windows-1252", "mac_roman": "Mac Roman", "cp850": "DOS 850", "cp1250": "Windows-1250",
    "iso8859_2": "ISO 8859-2", "cp1254": "Windows-1254", "cp1251": "Windows-1251", "koi8_r": "KOI8-R",
    "cp1253": "Windows-1253", "cp1255": "Windows-1255", "cp1256": "Windows-1256",
    "cp932": "Shift JIS", "cp949": "EUC-KR", "gb18030": "GB 18030", "big5": "Big5",
}  # fmt: skip
_WHOLE = {"utf-16": "UTF-16", "utf-16-le": "UTF-16 without a mark", "utf-16-be": "UTF-16 without a mark"}
_IN_WORDS = "’‘'·\xad-"


@dataclass(frozen=True, slots=True)
class Written:
    """How a file is written: `whole` is the codec of all of it, `other` that of the lines that are not UTF-8, both None
    for a file in UTF-8; `example` is a word as the codec reads it."""

    whole: str | None = None
    other: str | None = None
    example: str = ""

    @property
    def said(self) -> str:
        """The encoding in words, with the example."""
        name = encoding_in_words(self.whole or self.other or "utf-8")
        return f"{name}, such as {self.example!r}" if self.example else name


def how_written(path: str, shown: str) -> Written:
    """Looks through a file until enough lines that are not UTF-8 are found. Raises `DataError` where it cannot be
    read."""
    strange: list[bytes] = []
    size = 0
    with open_bytes(path, shown) as file, reading(shown):
        start = file.read(1 << 12)
        if whole := whole_codec(start):
            return Written(whole)
        rest = b""
        while start and size < LOOKED_AT:
            lines = (rest + start).split(b"\n")
            rest = lines.pop()[: 1 << 24]
            found = not_utf8(lines)
            strange += found
            size += sum(map(len, found))
            start = file.read(1 << 20)
        strange += not_utf8([rest])
    if not strange:
        return Written()
    return written_in(strange)


def written_in(strange: Sequence[bytes]) -> Written:
    """How lines that are not UTF-8 are written."""
    codec = guess_encoding(strange)
    return Written(None, codec, example_of(b"\n".join(strange)[:LOOKED_AT].decode(codec, "replace")))


def not_utf8(lines: Iterable[bytes]) -> list[bytes]:
    """Those of the lines that are not UTF-8."""
    found = []
    for line in lines:
        if not line.isascii():
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                found.append(line)
    return found


def whole_codec(start: bytes) -> str | None:
    """The codec of a file that is UTF-16: by its mark, or because every other byte is NUL; None for another."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") and start[:4] != b"\xff\xfe\0\0":
        return "utf-16"
    even, odd = start[::2].count(0), start[1::2].count(0)
    if 5 * max(even, odd) >= len(start) > 8 and 20 * min(even, odd) <= len(start):
        return "utf-16-le" if odd > even else "utf-16-be"
    return None


def guess_encoding(lines: Iterable[bytes]) -> str:
    """The codec that reads lines which are not UTF-8; `USUAL` where nothing tells."""
    data = b"".join(lines)[:LOOKED_AT]
    scores = {codec: max(_scores(data, codec), default=0.0) for codec in _ALPHABETS}
    scores |= {codec: _wide(data, codec) for codec in ("cp932", *_LEADS)}
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] >= max(_CLEAR, scores[USUAL] + _MARGIN) else USUAL


def encoding_in_words(codec: str) -> str:
    """An encoding as people call it."""
    return _WHOLE.get(codec) or _NAMES.get(codec, codec)


def example_of(text: str) -> str:
    """A word with a letter beyond ASCII, by which a reader sees whether a text was read rightly; empty without one."""
    words = (word.strip("\"'.,;:!?()[]“”„«»") for line in text.splitlines() for word in re.split(r"[\s,;|]+", line))
    found = [word for word in words if any(char.isalpha() and not char.isascii() for char in word)]
    return next((word for word in found if len(word) <= 20), "")


def _scores(data: bytes, codec: str) -> Iterator[float]:
    """The share of what is beyond ASCII in words that each alphabet of an encoding has."""
    alphabets = _ALPHABETS[codec]
    text, latin = data.decode(codec, "replace"), alphabets[0][0] < "\u0370"
    counted = [sign for sign in _signs(text, latin=latin) if sign is not None]
    for alphabet in alphabets if counted else ():
        known = sum(sign in alphabet for sign in counted if sign)
        frequent = 0 if latin else sum(sign in alphabet[:_FREQUENT] for sign in counted if sign)
        yield (known + _TIE * frequent) / len(counted)


def _signs(text: str, *, latin: bool) -> list[str | None]:
    """For every character beyond ASCII its small letter; empty for one that no word has there, None for marks outside
    words."""
    found: list[str | None] = []
    for place, sign in enumerate(text):
        if sign.isascii():
            continue
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        inside = before.isalpha() and after.isalpha()
        if not sign.isalpha():
            odd = sign == "\ufffd" or "\x80" <= sign <= "\x9f" or (inside and sign not in _IN_WORDS)
            found.append("" if odd else None)
        elif (sign.isupper() and before.isalpha() and before.islower()) or (
            not latin and ((before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha()))
        ):
            found.append("")
        else:
            found.append(sign.lower())
    return found


def _wide(data: bytes, codec: str) -> float:
    """The share of the characters beyond ASCII that are frequent in the language of an encoding of several bytes."""
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        if error.start < len(data) - 3:
            return 0.0
        text = data[: error.start].decode(codec)
    signs = [sign for sign in text if not sign.isascii() and sign.isalpha()]
    if not signs or len(signs) < 2:
        return 0.0
    if codec == "cp932":
        kana = sum("\u3041" <= sign <= "\u30ff" for sign in signs) / len(signs)
        return sum("\u3005" <= sign <= "\u9fff" for sign in signs) / len(signs) if kana >= 0.2 else 0.0
    low, high = _LEADS[codec]
    frequent = 0
    for sign in signs:
        with suppress(UnicodeEncodeError):
            code = sign.encode(codec)
            frequent += len(code) == 2 and low <= code[0] <= high and (codec != "gb18030" or code[1] > 0xA0)
    beside = sum(
        one.isalpha() and not one.isascii() and other.isascii() and other.islower() for one, other in pairwise(text)
    )
    return max(0.0, (frequent - 2 * beside) / len(signs))
