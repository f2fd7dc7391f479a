"""The settings of `data/problems.txt` as sentences with formulas."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from datagen_cli.offline.corpus import Section, corpus, plural, subjects, words_of
from datagen_cli.offline.problems.arithmetic import cost
from datagen_cli.offline.problems.wording import Wording

MAKES = Wording("How much money does {s} make?")
TOLD = ("start", "steps", "end", "money", "noise")


@dataclass(frozen=True, slots=True)
class Telling:
    """One line of a scene: its sentence, what it takes, and the question that must follow it, if any."""

    wording: Wording
    cost: int
    question: Wording | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A setting of word problems. `things` are pairs of singular and plural; `holders` are plural."""

    topics: frozenset[str]
    things: tuple[tuple[str, str], ...]
    holders: tuple[str, ...]
    low: int
    high: int
    money: bool
    lines: dict[str, tuple[Telling, ...]]


def _telling(line: str) -> Telling:
    formulas, _, sentence = line.rpartition(" | ")
    sentence, _, question = sentence.partition(" => ")
    spent = 0 if formulas in ("", "-") else cost(formulas)
    return Telling(Wording(sentence, formulas), spent, Wording(question) if question else None)


def _scene(section: Section) -> Scene:
    money = corpus("problems")["money"]
    lines = {part: money[part] if section[part] == ("money",) else section[part] for part in (*TOLD, "ask")}
    low, high = map(int, (section["size"] or ("2 9",))[0].split())
    return Scene(
        section.words,
        tuple((thing, plural(thing)) for thing in section.listed("things")),
        tuple(map(plural, section.listed("holders"))),
        low,
        high,
        section["unit"] == ("money",),
        {part: tuple(map(_telling, found)) for part, found in lines.items()},
    )


@lru_cache(maxsize=1)
def money_phase() -> Scene:
    """What can happen to money once the things of a story are sold."""
    return _scene(corpus("problems")["money"])


@lru_cache(maxsize=1)
def all_scenes() -> tuple[Scene, ...]:
    """Every scene, in the order of the file."""
    return tuple(_scene(section) for key, section in subjects("problems").items() if key != "money")


@lru_cache(maxsize=512)
def scenes_for(topic: str, *, needs_money: bool) -> tuple[tuple[Scene, ...], bool]:
    """The scenes that suit a topic (all of them for one that no scene knows), and whether the topic was known."""
    words = set(words_of(topic))
    known = [scene for scene in all_scenes() if words & scene.topics]
    for found in (known, all_scenes()):
        fitting = [scene for scene in found if not needs_money or scene.money or scene.lines["money"]]
        if fitting:
            return tuple(fitting), bool(known)
    return all_scenes(), False


@lru_cache(maxsize=1)
def statements() -> tuple[Wording, ...]:
    """Every sentence that can tell a quantity, for reading; the longest first."""
    tellings = [told for scene in (*all_scenes(), money_phase()) for part in TOLD for told in scene.lines[part]]
    tellings += map(_telling, corpus("problems")["all"]["more"])
    found = {telling.wording.text: telling.wording for telling in tellings}
    return tuple(sorted(found.values(), key=lambda wording: -len(wording.text)))


@lru_cache(maxsize=1)
def questions() -> tuple[Wording, ...]:
    """Every question that a problem can end in."""
    asked = [telling.wording for scene in (*all_scenes(), money_phase()) for telling in scene.lines["ask"]]
    ends = [telling.question for scene in (*all_scenes(), money_phase()) for telling in scene.lines["end"]]
    return tuple({wording.text: wording for wording in (MAKES, *asked, *ends) if wording is not None}.values())
