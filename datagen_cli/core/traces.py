"""Secrets in a text that somebody else wrote, however they were written there.

A text is read as its letters and digits alone, in lower case: escapes as what they stand for, wide and stylised signs
as plain ones, all between them left out. A secret of `LEAST` such signs is found in it in hexadecimal, decimal, binary
and base64, and, where it holds digits, as it is, backwards and by rot13; of one that looks drawn at random, or has a
part that does, also a piece of `LEAST` signs. What could be words of anybody (`X-Title: customer-support`) is left to
those who look for a secret as it is written: a text about customer support is no trace of it. Another code, or smaller
pieces, are not found. Pure functions.
"""

from __future__ import annotations

import base64
import codecs
import html
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain

from datagen_cli.core.pattern import compiled_later

LEAST = 12
"""Letters and digits of a secret, or of a piece of one, that tell it in other forms than its own."""
WINDOW = 8
"""Of so many signs one run at least stands in every piece of `LEAST`, where they begin at every fifth."""
CODED = 18
"""Signs of a coded secret that tell it, looked for at its beginning, in its middle and at its end."""
TURNS, OF = 3, 6
"""A part of a secret that holds digits looks drawn at random with so many changes between letters and digits and from
small letters to capitals, one at least to so many signs: words and years that were joined have fewer."""
_HEX = "[0-9a-fA-F]"
_ESCAPED = compiled_later(
    rf"\\(?:u(?P<high>[dD][89abAB]{_HEX}{{2}})\\+u(?P<low>[dD][c-fC-F]{_HEX}{{2}})"
    rf"|(?:u\{{0*|U00|u|x\{{?)(?P<hex>(?<=u){_HEX}{{4}}|(?<=00){_HEX}{{6}}|(?<=[x{{0]){_HEX}{{1,6}})\}}?"
    r"|(?P<octal>[0-3][0-7]{2})|(?P<blank>[nrtbfv]))"
    rf"|(?:%(?:25){{0,3}}(?:u00)?|&(?:amp;){{0,3}}#[xX]0{{0,6}}|0x)(?P<code>{_HEX}{{2}})"
    r"|&(?:amp;){0,3}#0{0,6}(?P<decimal>[0-9]{2,6});?"
)
_PART = re.compile(r"[A-Za-z0-9_-]{12,}")
_TURN = re.compile(r"(?<=[A-Za-z])[_-]?(?=\d)|(?<=\d)[_-]?(?=[A-Za-z])|(?<=[a-z])[_-]?(?=[A-Z])")
_SEVERAL = re.compile(r"[\s&;,]|://")
"""What stands between several values, one of which alone may be a secret."""
_MARKS = ("\\", "%", "&", "0x")
"""Without one of these a text holds no escape."""


_SIGNS = {code: chr(code).lower() if chr(code).isalnum() else None for code in range(128)}


def covered(text: str, secrets: tuple[str, ...], cover: str) -> str:
    """`text` with `cover` in the place of every secret, from its first sign to its last."""
    needles = _needles(secrets)
    if not needles:
        return text
    plain, escaped = _signs(text), any(mark in text for mark in _MARKS)
    read = _signs(_ESCAPED.sub(_meant, text)) if escaped else ""
    if not any(needle.is_in(plain) or needle.is_in(read) for needle in needles):
        return text
    places = sorted(chain(_places(text, needles, escapes=False), _places(text, needles, escapes=True)))
    parts, done = [], 0
    for start, end in places:
        if end > done:
            parts += [text[done:start], cover] if start >= done else []
            done = end
    return "".join([*parts, text[done:]])


class _Needle:
    """A secret's signs in one form, `least` of which tell it; `windows` are pieces of which one at least is in what
    tells it, with their places."""

    def __init__(self, signs: str, *, coded: bool, least: int) -> None:
        self.signs, self.least = signs, min(len(signs), least)
        width, last = (self.least if coded else WINDOW), len(signs)
        starts = {0, (last - width) // 2, last - width} if coded else {*range(0, last - width, 5), last - width}
        self.windows = [(start, signs[start : start + width]) for start in sorted(starts)]

    def is_in(self, signs: str) -> bool:
        """Whether a piece that tells it may be in there."""
        return any(window in signs for _, window in self.windows)

    def found(self, signs: str) -> Iterator[tuple[int, int]]:
        """Where it, or enough of it, is in there."""
        for start, window in self.windows:
            at = signs.find(window)
            while at >= 0:
                first, last = at, at + len(window)
                while first > 0 and at - first < start and signs[first - 1] == self.signs[start - (at - first) - 1]:
                    first -= 1
                end = start + len(window)
                while last < len(signs) and end < len(self.signs) and signs[last] == self.signs[end]:
                    last, end = last + 1, end + 1
                if last - first >= self.least:
                    yield first, last
                at = signs.find(window, max(at + 1, last - len(window)))


def _places(text: str, needles: Iterable[_Needle], *, escapes: bool) -> Iterator[tuple[int, int]]:
    """Where secrets are in a text, read with its escapes or without."""
    signs, starts, ends = [], [], []
    for start, end, read in _read(text) if escapes else ((at, at + 1, sign) for at, sign in enumerate(text)):
        for sign in _signs(read):
            signs.append(sign)
            starts.append(start)
            ends.append(end)
    joined = "".join(signs)
    for needle in needles:
        for first, last in needle.found(joined):
            yield starts[first], ends[last - 1]


def _signs(text: str) -> str:
    """The letters and digits of a text in lower case, those of ASCII and those that are written otherwise."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return text.translate(_SIGNS)


def _read(text: str) -> Iterator[tuple[int, int, str]]:
    """Each character of a text with its place, and each escape as the character that it stands for."""
    done = 0
    for match in _ESCAPED.finditer(text):
        yield from ((at, at + 1, text[at]) for at in range(done, match.start()))
        yield match.start(), match.end(), _meant(match)
        done = match.end()
    yield from ((at, at + 1, text[at]) for at in range(done, len(text)))


def _meant(match: re.Match[str]) -> str:
    """What an escape stands for; a blank for what stands for none."""
    if match["blank"]:
        return " "
    if match["high"]:
        return chr(0x10000 + ((int(match["high"], 16) & 0x3FF) << 10) + (int(match["low"], 16) & 0x3FF))
    base = 8 if match["octal"] else 10 if match["decimal"] else 16
    code = int(match["octal"] or match["decimal"] or match["hex"] or match["code"], base)
    return chr(code) if code <= sys.maxunicode else " "


@lru_cache(256)
def _needles(secrets: tuple[str, ...]) -> tuple[_Needle, ...]:
    texts: dict[str, str] = {}
    read = [html.unescape(_ESCAPED.sub(_meant, secret)) for secret in secrets]
    for text in sorted({*secrets, *read}, key=lambda text: (len(text), text)):
        texts.setdefault(_signs(text), text)  # of the same signs the shortest, and first
    codes = {signs: [code for code in _coded(text) if len(code) >= LEAST] for signs, text in texts.items()}
    of_all = " ".join(chain.from_iterable(codes.values()))
    plain: dict[str, int] = {}
    coded: dict[str, int] = {}
    for signs, text in texts.items():
        if len(signs) >= LEAST and signs not in of_all:
            drawn = [_signs(part) for part in _PART.findall(text) if _is_drawn(part)]
            drawn = [signs] if drawn and not _SEVERAL.search(text) else drawn
            whole = [signs] if any(sign.isdigit() for sign in signs) else []
            for found, least in ((whole, len(signs)), (drawn, LEAST)):
                for one in found:
                    plain |= dict.fromkeys((one, one[::-1], codecs.encode(one, "rot13")), least)
            coded |= dict.fromkeys(codes[signs], CODED)
    return tuple(_Needle(signs, coded=signs in coded, least=least) for signs, least in (plain | coded).items())


def _is_drawn(part: str) -> bool:
    turns = len(_TURN.findall(part))
    return turns >= TURNS and turns * OF >= len(part) and any(sign.isdigit() for sign in part)


def _coded(secret: str) -> Iterator[str]:
    """A secret's codes, without those of its ends that depend on what stands beside it."""
    data = secret.encode("utf-8", "surrogatepass")
    yield data.hex()
    yield "".join(map(str, data))
    yield "".join(f"{byte:08b}" for byte in data)
    for code in map(_signs, base64_cores(data)):
        yield from (code, code[::-1])


def base64_cores(data: bytes) -> Iterator[str]:
    """For each place that data may have among other bytes, the characters of base64 that it alone decides."""
    for before in range(3):
        yield base64.b64encode(bytes(before) + data).decode()[-(-8 * before // 6) : 8 * (before + len(data)) // 6]
