"""The texts of `offline/data/`, read when they are first needed; and the words that fill the slots of their sentences.

A file is a list of sections, `[key] words that name it`, of parts, `name:`, and one item a line below each. Lines that
begin with `# ` are comments. Reading one takes about a millisecond.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
FOLDER = Path(__file__).parent / "data"
_SECTION = re.compile(r"\[([^\]]+)\] ?(.*)")
_PART = re.compile(r"(\w+):")
_BARE_A = re.compile(r"\b([Aa]) (?=[aeio])")
_START = re.compile(r"(?:^|(?<=[.!?] ))[a-z]")


@dataclass(frozen=True, slots=True)
class Section:
    """One subject: the words that name it, and its lines by part."""

    words: frozenset[str]
    parts: Mapping[str, Sequence[str]]

    def __getitem__(self, part: str) -> Sequence[str]:
        return self.parts.get(part, ())

    def listed(self, part: str) -> tuple[str, ...]:
        return tuple(item for line in self[part] for item in line.removesuffix(",").split(", ") if item)

    def pairs(self, part: str = "pair", mark: str = " = ") -> tuple[tuple[str, ...], ...]:
        """The lines of a part, cut at `mark`."""
        return tuple(tuple(line.split(mark)) for line in self[part])


@lru_cache(maxsize=32)
def corpus(name: str) -> dict[str, Section]:
    """The sections of a file by key, in its order."""
    found: dict[str, Section] = {}
    parts: dict[str, list[str]] = {}
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        section, part = _SECTION.fullmatch(line), _PART.fullmatch(line)
        if section:
            parts = {}
            found[section[1]] = Section(frozenset(section[2].split()), parts)
        elif part:
            lines = parts.setdefault(part[1], [])
        elif line and not line.startswith("# "):
            lines.append(line)
    return found


@lru_cache(maxsize=64)
def listed(part: str) -> tuple[str, ...]:
    return corpus("words")["words"].listed(part)


def subjects(name: str) -> dict[str, Section]:
    """The sections of a file but for the one that belongs to all of them."""
    return {key: section for key, section in corpus(name).items() if key != "all"}


def pick(rng: random.Random, values: Sequence[T]) -> T:
    """One of the values; quicker than `rng.choice`."""
    return values[int(rng.random() * len(values))]


class Slots(dict[str, str]):
    """What fills the slots of sentences: given values, a line of `parts`, a number or a word; drawn afresh at each
    place, or the same at all places of a slot where they are `kept`. `{city2}` is another one of the cities.
    """

    def __init__(
        self,
        rng: random.Random,
        given: Mapping[str, str] = {},
        parts: Mapping[str, Sequence[str]] = {},
        *,
        kept: bool = False,
    ) -> None:
        super().__init__(given)
        self.rng, self.parts, self.kept = rng, parts, kept

    def __missing__(self, key: str) -> str:
        bare = key.rstrip("2")
        bounds = _ranges().get(key) or _ranges().get(bare)
        if bounds:
            low, high = bounds
            value = str(low + int(self.rng.random() * (high - low + 1)))
        else:
            known = self.parts.get(bare) or listed(bare)
            value = (Slots(self.rng, {}, self.parts) if self.kept else self).say(known) if known else key
        if self.kept:
            self[key] = value
        return value

    def fill(self, text: str) -> str:
        """The sentence with its slots filled."""
        return text.format_map(self)

    def say(self, lines: Sequence[str]) -> str:
        """One of the lines, filled."""
        return self.fill(pick(self.rng, lines))


@lru_cache(maxsize=1)
def _ranges() -> dict[str, tuple[int, int]]:
    """The slots that numbers fill, with their bounds."""
    return {name: (int(low), int(high)) for name, low, high in corpus("words")["ranges"].pairs()}


def tidied(text: str) -> str:
    """The text with single spaces, a capital letter at the start of sentences, and `an` where it belongs."""
    text = _BARE_A.sub(r"\1n ", " ".join(text.split()).replace(" ,", ","))
    return _START.sub(lambda start: start[0].upper(), text)


def lowered(text: str) -> str:
    """The text with a small first letter, unless it begins with `I`."""
    return text if text.startswith("I ") else text[:1].lower() + text[1:]


def words_of(text: str) -> list[str]:
    """Lower-case words; `Sci/Tech` and `two_factor` fall apart."""
    return re.findall(r"[a-z]+|\d+", text.lower().replace("_", " "))


def telling_words(texts: Iterable[str], limit: int = 12) -> list[str]:
    """The telling words of texts, in order, each once."""
    stop = corpus("words")["stop"].words
    found = dict.fromkeys(word for text in texts for word in words_of(text) if len(word) > 3 and word not in stop)
    return list(found)[:limit]


def plural(noun: str) -> str:
    """The plural of a noun phrase: `box of tea` becomes `boxes of tea`."""
    head, of, rest = noun.partition(" of ")
    irregular = {"fish": "fish", "loaf": "loaves", "child": "children", "person": "people"}
    if head.endswith("y") and head[-2] not in "aeiou":
        regular = head[:-1] + "ies"
    else:
        regular = head + ("es" if head.endswith(("s", "x", "ch", "sh", "z", "tato", "mato")) else "s")
    return irregular.get(head, regular) + of + rest
