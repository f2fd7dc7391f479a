"""The settings of `data/problems.txt` as sentences with slots that can be filled in and recognised again.

`{n} {m} {k}` are counts, `{p}` money, `{t}` a factor, `{c}` a percentage, `{f}` a fraction, `{year}` four digits, `{S}`
the subject at the start of a sentence; every other slot is a run of words. A count that is only "some" is recognised as
missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from datagen_cli.offline.corpus import Section, corpus, plural, subjects, words_of
from datagen_cli.offline.problems.arithmetic import FRACTIONS, SIGNS, VAGUE, WORDS

_NUMBER = rf"\d+(?:,\d{{3}})*(?:\.\d+)?|(?:{'|'.join(WORDS)})(?![a-z])"
_COUNT = rf"{_NUMBER}|{'|'.join(VAGUE['n'])}"
_MONEY = rf"[{SIGNS}]\d+(?:,\d{{3}})*(?:\.\d+)?|{'|'.join(VAGUE['p'])}"
_PATTERNS = {
    **dict.fromkeys("nmk", _COUNT), "p": _MONEY, "t": _NUMBER, "c": r"\d+", "f": "|".join(FRACTIONS),
    "year": r"\d{4}", "S": r"[A-Z][\w']*(?: [a-z]+){0,3}?",
}  # fmt: skip


class Wording:
    """One sentence with slots, the formulas that it tells, and the question that must follow it, if any."""

    def __init__(self, text: str, formulas: str = "", question: Wording | None = None) -> None:
        self.text, self.formulas, self.question = text, formulas, question

    def fill(self, values: Mapping[str, Any]) -> str:
        """The sentence with `values` in its slots."""
        return self.text.format_map(values)

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """What recognises the whole sentence; a slot used twice is only captured the first time."""
        parts = re.split(r"\{(\w+)\}", self.text)  # texts and slots in turn
        for at in range(0, len(parts), 2):
            parts[at] = re.escape(parts[at])
        for at in range(len(parts) - 2, 0, -2):
            name, pattern = parts[at], _PATTERNS.get(parts[at], r"[^.?!\d,]+?")
            parts[at] = f"(?:{pattern})" if name in parts[1:at:2] else f"(?P<{name}>{pattern})"
        return re.compile("".join(parts))

    def read(self, sentence: str) -> dict[str, str] | None:
        """The texts of the slots if `sentence` is this one, else None."""
        found = self.regex.fullmatch(sentence)
        return found.groupdict() if found else None


MAKES = Wording("How much money does {s} make?")
TOLD = ("start", "steps", "end", "money", "noise")


@dataclass(frozen=True, slots=True)
class Scene:
    """A setting of word problems. `things` are pairs of singular and plural; `holders` are plural."""

    topics: frozenset[str]
    things: tuple[tuple[str, str], ...]
    holders: tuple[str, ...]
    low: int
    high: int
    money: bool
    lines: dict[str, tuple[Wording, ...]]


def _wording(line: str) -> Wording:
    formulas, _, sentence = line.rpartition(" | ")
    sentence, _, question = sentence.partition(" => ")
    return Wording(sentence, formulas, Wording(question) if question else None)


def _scene(section: Section) -> Scene:
    money = corpus("problems")["money"]
    lines = {part: money[part] if section[part] == ["money"] else section[part] for part in (*TOLD, "ask")}
    low, high = map(int, (section["size"] or ("2 9",))[0].split())
    return Scene(
        section.words,
        tuple((thing, plural(thing)) for thing in section.listed("things")),
        tuple(map(plural, section.listed("holders"))),
        low,
        high,
        section["unit"] == ["money"],
        {part: tuple(map(_wording, found)) for part, found in lines.items()},
    )


@lru_cache(maxsize=1)
def money_phase() -> Scene:
    """What can happen to money once the things of a story are sold."""
    return _scene(corpus("problems")["money"])


@lru_cache(maxsize=1)
def all_scenes() -> tuple[Scene, ...]:
    return tuple(_scene(section) for key, section in subjects("problems").items() if key != "money")


@lru_cache(maxsize=512)
def scenes_for(topic: str, *, needs_money: bool) -> tuple[tuple[Scene, ...], bool]:
    """The scenes that suit a topic (all of them for one that no scene knows), and whether the topic was known."""
    words = set(words_of(topic))
    open_to = [scene for scene in all_scenes() if not needs_money or scene.money or scene.lines["money"]]
    fitting = [scene for scene in open_to if words & scene.topics]
    return tuple(fitting or open_to), any(words & scene.topics for scene in all_scenes())


@lru_cache(maxsize=1)
def statements() -> tuple[Wording, ...]:
    """Every sentence that can tell a quantity, for reading; the longest first."""
    told = [wording for scene in (*all_scenes(), money_phase()) for part in TOLD for wording in scene.lines[part]]
    told += map(_wording, corpus("problems")["all"]["more"])
    return tuple(sorted({wording.text: wording for wording in told}.values(), key=lambda wording: -len(wording.text)))


@lru_cache(maxsize=1)
def questions() -> tuple[Wording, ...]:
    """Every question that a problem can end in."""
    lines = [scene.lines for scene in (*all_scenes(), money_phase())]
    asked = [MAKES, *(ask for told in lines for ask in told["ask"])]
    asked += [end.question for told in lines for end in told["end"] if end.question is not None]
    return tuple({wording.text: wording for wording in asked}.values())
