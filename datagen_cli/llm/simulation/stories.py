"""The scenes of `scenes.py` and `scenes_more.py`, read once into wordings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from datagen_cli.llm.simulation import scenes, scenes_more
from datagen_cli.llm.simulation.arithmetic import cost
from datagen_cli.llm.simulation.names import plural
from datagen_cli.llm.simulation.wording import Wording

MAKES = Wording("How much money does {s} make?")
SECTIONS = ("start", "steps", "ask", "sum", "end", "money", "noise")


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
    lines: dict[str, tuple[Telling, ...]] = field(hash=False, default_factory=dict)


def _telling(text: str) -> Telling:
    formulas, _, sentence = text.rpartition(" | ")
    sentence, _, question = sentence.partition(" => ")
    spent = 0 if formulas in ("", "-") else cost(formulas)
    return Telling(Wording(sentence, formulas), spent, Wording(question) if question else None)


def parse_scene(text: str) -> Scene:
    """A scene from its text; the form is explained in `scenes.py`."""
    heads: dict[str, str] = {}
    lines: dict[str, list[Telling]] = {section: [] for section in SECTIONS}
    section = head = ""
    for row in text.strip().splitlines():
        found = re.match(r"(\w+):(?: (.*))?$", row)
        if found and found[2]:
            head, section = found[1], ""
            heads[head] = found[2]
            if found[1] in lines and found[2] == "money":
                lines[found[1]] = list(_money().lines[found[1]])
        elif found:
            section = found[1]
        elif section:
            lines[section].append(_telling(row))
        else:
            heads[head] += row
    things = tuple((thing.strip(), plural(thing.strip())) for thing in heads.get("things", "").split(","))
    holders = tuple(plural(holder.strip()) for holder in heads.get("holders", "").split(","))
    low, high = (int(number) for number in heads.get("size", "2 9").split())
    return Scene(
        frozenset(heads.get("topics", "").split()),
        things,
        holders,
        low,
        high,
        heads.get("unit") == "money",
        {name: tuple(found) for name, found in lines.items()},
    )


@lru_cache(maxsize=1)
def _money() -> Scene:
    return parse_scene(scenes.MONEY)


def money_phase() -> Scene:
    """What can happen to money once the things of a story are sold."""
    return _money()


@lru_cache(maxsize=1)
def all_scenes() -> tuple[Scene, ...]:
    """Every scene, in a fixed order."""
    return tuple(parse_scene(text) for text in (*scenes.SCENES, *scenes_more.SCENES))


@lru_cache(maxsize=512)
def scenes_for(topic: str, needs_money: bool) -> tuple[tuple[Scene, ...], bool]:
    """The scenes that suit a topic (all of them for one that no scene knows), and whether the topic was known."""
    words = set(re.findall(r"[a-z]+", topic.lower()))
    known = [scene for scene in all_scenes() if words & scene.topics]
    paying = [scene for scene in known or all_scenes() if scene.money or scene.lines["money"]]
    if needs_money and not paying:
        paying = [scene for scene in all_scenes() if scene.money or scene.lines["money"]]
    return tuple(paying if needs_money else known or all_scenes()), bool(known)


@lru_cache(maxsize=1)
def statements() -> tuple[Wording, ...]:
    """Every sentence that can tell a quantity, for reading; the most specific (longest) first."""
    found: dict[str, Wording] = {}
    for scene in (*all_scenes(), _money()):
        for section in ("start", "steps", "end", "money", "noise"):
            for telling in scene.lines[section]:
                found.setdefault(telling.wording.text, telling.wording)
    return tuple(sorted(found.values(), key=lambda wording: -len(wording.text)))


@lru_cache(maxsize=1)
def questions() -> tuple[Wording, ...]:
    """Every question that a problem can end in."""
    found = {MAKES.text: MAKES}
    for scene in (*all_scenes(), _money()):
        for telling in (*scene.lines["ask"], *scene.lines["sum"]):
            found[telling.wording.text] = telling.wording
        for telling in scene.lines["end"]:
            if telling.question is not None:
                found[telling.question.text] = telling.question
    return tuple(found.values())


@lru_cache(maxsize=1)
def sum_questions() -> tuple[Wording, ...]:
    """The questions that ask for the sum of all quantities named."""
    return tuple(telling.wording for scene in all_scenes() for telling in scene.lines["sum"])
