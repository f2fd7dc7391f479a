"""Math word problems of one to eight calculations, with their answers; and their reading, from the text alone.

A problem is told by one scene: a first quantity, steps that change it, and a question. `read` recognises the sentences
again, whatever else stands between them. It does not understand problems written by others.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Any

from datagen_cli.llm.simulation import names
from datagen_cli.llm.simulation.arithmetic import Line, Scale, Value, draw, exact, work_out
from datagen_cli.llm.simulation.phrases import CONNECTORS, CONTEXT, FRONTED
from datagen_cli.llm.simulation.slots import pick
from datagen_cli.llm.simulation.stories import (
    MAKES,
    Scene,
    Telling,
    money_phase,
    questions,
    scenes_for,
    statements,
    sum_questions,
)
from datagen_cli.llm.simulation.wording import (
    FRACTIONS,
    VAGUE_AMOUNTS,
    VAGUE_COUNTS,
    WORDS,
    Wording,
    grouped,
    money,
    plain,
    read_number,
)

FRACTION_NAMES = {pair: name for name, pair in FRACTIONS.items()}
_CONNECTED = re.compile(rf"^(?:{'|'.join(re.escape(c.strip()) for c in CONNECTORS)}|On [A-Z][a-z]+day,) ")
_LEFT = re.compile(r"left|leave|remain|still")
_NUMERIC = re.compile(
    rf"\d|\b(?:{'|'.join(WORDS[2:])}|twice|thrice|half|double[sd]?|triple[sd]?|dozen|thirds?|quarters?|fifths?|each|every)\b",
    re.IGNORECASE,
)
LONGEST = 240  # characters of a sentence that is looked at; ours are shorter
_SPLIT = re.compile(r"(?<=[.?!])\s+")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a problem should be like; `steps` 0 leaves their number open. `missing` leaves a number out."""

    steps: int = 0
    topic: str = ""
    currency: str = ""
    setting: str = ""
    low: float | None = None
    high: float | None = None
    whole: bool = False
    min_words: int = 0
    max_words: int = 0
    missing: bool = False
    symbol: str = "$"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem, its right answer and the calculations that lead there. `missing` says that a number was left out."""

    question: str
    answer: Value
    lines: tuple[Line, ...]
    unit: str
    name: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One recognised sentence: its formulas and the numbers in them."""

    formulas: str
    given: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Program:
    """A problem as read back. `answer` is None when a number that it needs is missing."""

    steps: tuple[Step, ...]
    total: bool
    answer: Value | None


@dataclass(slots=True)
class _Story:
    """A problem while it is told."""

    scene: Scene
    values: dict[str, Any]
    scale: Scale
    whole: bool
    v: Value = 0
    money: bool = False
    told: list[tuple[Telling, dict[str, Value], Value]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    people: list[tuple[str, Value]] = field(default_factory=list)

    def tell(self, rng: random.Random, telling: Telling) -> bool:
        """Adds the line with drawn numbers; False when none fit."""
        formulas = telling.wording.op
        given = draw(rng, formulas, self.v, self.scale)
        if given is None:
            return False
        lines, result = work_out(formulas, self.v, given)
        if not exact(lines, whole=self.whole or not (self.money or "p" in given)) or result > 90_000 * self.scale.price:
            return False
        self.told.append((telling, given, result))
        self.lines += lines
        self.v = result
        return True


def write(rng: random.Random, wish: Wish | None = None) -> Problem:
    """A new problem. What a wish asks for comes as near as a few tries allow."""
    wish = wish or Wish()
    best: Problem | None = None
    for turn in range(60):
        problem = _try(rng, wish, turn)
        if problem is None:
            continue
        best = problem
        words = problem.question.count(" ") + 1
        if (wish.max_words and words > wish.max_words) or words < wish.min_words:
            continue
        if (wish.low is None or problem.answer >= wish.low) and (wish.high is None or problem.answer <= wish.high):
            break
    return best or write(rng, Wish(missing=wish.missing))


def _try(rng: random.Random, wish: Wish, turn: int) -> Problem | None:
    fitting, known = scenes_for(wish.topic, bool(wish.currency))
    scene = fitting[int(rng.random() * len(fitting))]
    target = wish.steps or (2, 2, 3, 3, 3, 4, 4, 5)[int(rng.random() * 8)]
    if wish.max_words and not wish.steps and turn > 3:
        target = max(1, min(target, wish.max_words // 14))
    story = _begin(rng, scene, wish, small=wish.high is not None and turn > 1)
    ask = _plot(rng, story, target, bool(wish.currency))
    if ask is None:
        return None
    return _compose(rng, story, ask, wish, known)


def _begin(rng: random.Random, scene: Scene, wish: Wish, *, small: bool) -> _Story:
    female = rng.random() < 0.5
    pool = names.SHE if female else names.HE
    one, many = pick(rng, scene.things)
    his = "her" if female else "his"
    values = {
        "N": pick(rng, pool),
        "s": "she" if female else "he",
        "h": his,
        "o": many,
        "o1": one,
        "b": pick(rng, scene.holders),
        "w": f"{his} {pick(rng, names.RELATIVES)}",
        "g": names.plural(pick(rng, names.GOODS)),
        "l": pick(rng, names.LARGE),
        "gift": pick(rng, names.GIFTS),
    }
    price = {"₹": 10, "¥": 100}.get(wish.symbol, 1)
    shrink = 6 if small else 1
    scale = Scale(max(2, scene.low // shrink), max(8, scene.high // shrink), price, cents=not wish.whole and price == 1)
    return _Story(scene, values, scale, wish.whole, money=scene.money)


def _plot(rng: random.Random, story: _Story, target: int, needs_money: bool) -> Wording | None:
    """Tells exactly `target` calculations; the question, or None when the numbers did not work out."""
    lines = story.scene.lines
    starts = [telling for telling in lines["start"] if telling.cost <= target]
    if not starts or not story.tell(rng, pick(rng, starts)):
        return None
    if lines["sum"]:
        return _plot_people(rng, story, target - len(story.lines))
    left = target - len(story.lines)
    sale = pick(rng, lines["money"]) if lines["money"] and left and (needs_money or rng.random() < 0.3) else None
    ends = [telling for telling in lines["end"] if telling.cost <= left] if sale is None and rng.random() < 0.4 else []
    end = pick(rng, ends) if ends else None
    after = int(rng.random() * min(3, left)) if sale else 0
    before = left - after - (sale.cost if sale else 0) - (end.cost if end else 0)
    if not _fill(rng, story, lines["steps"], before):
        return None
    if needs_money and not (sale or story.money):
        return None
    if sale:
        story.money = True
        phase = money_phase().lines
        if not story.tell(rng, sale) or not _fill(rng, story, phase["steps"], after):
            return None
        return MAKES if not after else _question(rng, story, phase["ask"])
    if end:
        return end.question if story.tell(rng, end) else None
    return _question(rng, story, lines["ask"])


def _question(rng: random.Random, story: _Story, asks: tuple[Telling, ...]) -> Wording:
    """A question; none that asks what is left where nothing was taken away."""
    taken = any("- " in telling.wording.op for telling, _, _ in story.told)
    fitting = asks if taken else [ask for ask in asks if not _LEFT.search(ask.wording.text)]
    return pick(rng, fitting or asks).wording


def _fill(rng: random.Random, story: _Story, steps: tuple[Telling, ...], cost: int) -> bool:
    """Tells steps that take exactly `cost` calculations, none of them twice."""
    used = {id(telling) for telling, _, _ in story.told}
    for _ in range(14):
        if cost == 0:
            return True
        telling = pick(rng, steps)
        if telling.cost <= cost and id(telling) not in used and story.tell(rng, telling):
            used.add(id(telling))
            cost -= telling.cost
    return cost == 0


def _plot_people(rng: random.Random, story: _Story, left: int) -> Wording | None:
    """Several people, each compared with the one before; the sum takes one calculation."""
    story.people.append((story.values["N"], story.v))
    total = left >= 2 and rng.random() < 0.7
    for _ in range(40):
        if len(story.people) > left - total or len(story.people) > 6:
            break
        if story.tell(rng, pick(rng, story.scene.lines["steps"])):
            taken = {name for name, _ in story.people}
            free = [name for name in (pick(rng, names.SHE), pick(rng, names.HE)) if name not in taken]
            if not free:
                return None
            story.people.append((free[0], story.v))
    if len(story.people) - 1 + total != left:
        return None
    if total:
        story.v = sum(value for _, value in story.people)
        story.lines.append(Line(" + ".join(plain(value) for _, value in story.people), story.v))
        return pick(rng, story.scene.lines["sum"]).wording
    story.values["B"] = story.people[-1][0]
    return pick(rng, story.scene.lines["ask"]).wording


def _compose(rng: random.Random, story: _Story, ask: Wording, wish: Wish, known: bool) -> Problem:
    blank = _blank(rng, story) if wish.missing else (-1, "")
    sentences = []
    for place, (telling, given, _) in enumerate(story.told):
        sentences.append(
            _sentence(rng, story, place, telling, given, wish.symbol, blank[1] if place == blank[0] else "")
        )
    words = sum(sentence.count(" ") + 1 for sentence in sentences)
    room = not wish.max_words or words + 25 < wish.max_words
    if room and story.scene.lines["noise"] and rng.random() < 0.12:
        noise = pick(rng, story.scene.lines["noise"]).wording
        place = 1 + int(rng.random() * (len(sentences) - 1))
        sentences.insert(place, noise.fill({**story.values, "S": story.values["N"], "k": 3 + int(rng.random() * 20)}))
    opening = _opening(wish, known)
    if room and rng.random() < (0.2 if len(story.told) > 2 else 0.6):
        opening.append(pick(rng, CONTEXT))
    values = {
        **story.values,
        "day": pick(rng, names.DAYS),
        "city": pick(rng, names.CITIES),
        "surname": pick(rng, names.SURNAMES),
    }
    question = ask.fill(story.values)
    words = sum(sentence.count(" ") + 1 for sentence in (*sentences, question))
    while words + sum(text.count(" ") + 1 for text in opening) < wish.min_words and len(opening) < len(CONTEXT):
        opening.append(pick(rng, [text for text in CONTEXT if text not in opening]))
    text = " ".join((*(text.format_map(values) for text in opening), *sentences, question))
    unit = "" if story.told[-1][0].question else wish.symbol if story.money else story.values["o"]
    return Problem(text, story.v, tuple(story.lines), unit, story.values["N"], wish.missing)


def _opening(wish: Wish, known: bool) -> list[str]:
    """Sentences that take up a setting, and a topic that no scene is about."""
    found = []
    if wish.setting:
        place = wish.setting.replace("{", "").replace("}", "").strip()
        first = place.split(" ", 1)[0].lower()
        if place[:1].isupper() and first not in ("a", "an", "the", "at", "in", "on"):
            place = f"in {place}"
        elif first not in ("at", "in", "on"):
            place = f"at {place}" if first in ("a", "an", "the", "my", "our") else f"at the {place}"
        found.append(f"It is a busy day {place[0].lower()}{place[1:]}.")
    if wish.topic and not known:
        found.append("{N} belongs to a club for " + wish.topic.replace("{", "").replace("}", "").strip() + ".")
    return found


def _blank(rng: random.Random, story: _Story) -> tuple[int, str]:
    """Which number of which sentence is left out."""
    places = [(i, slot) for i, (_, given, _) in enumerate(story.told) for slot in given if slot in "nmkp"]
    return pick(rng, places) if places else (0, "n")


def _sentence(
    rng: random.Random, story: _Story, place: int, telling: Telling, given: dict[str, Value], symbol: str, blank: str
) -> str:
    values = dict(story.values)
    for slot, value in given.items():
        if slot in "nmk":
            values[slot] = (
                WORDS[int(value)] if value <= 12 and value == int(value) and rng.random() < 0.3 else grouped(value)
            )
        elif slot in "pq":
            values[slot] = money(value, symbol)
        elif slot == "t":
            values["t"] = WORDS[int(value)]
        elif slot == "c":
            values["c"] = str(value)
    if "a" in given:
        values["f"] = FRACTION_NAMES[int(given["a"]), int(given["b"])]
    if blank:
        values[blank] = pick(rng, VAGUE_AMOUNTS if blank == "p" else VAGUE_COUNTS)
    named = place == 0 or rng.random() < 0.2
    values["S"] = values["N"] if named else values["s"].capitalize()
    if story.people and place:
        values["A"], values["B"] = story.people[place][0], story.people[place - 1][0]
        return telling.wording.fill(values)
    text = telling.wording.fill(values)
    if place == 0 or rng.random() > 0.4:
        return text
    first = text.split(" ", 1)[0]
    if first in FRONTED:
        return text
    connector = pick(rng, CONNECTORS) if rng.random() < 0.7 else f"On {pick(rng, names.DAYS)}, "
    return connector + (text if first == values["N"] else text[0].lower() + text[1:])


def read(question: str) -> Program | None:
    """The calculations that the text tells. None when it is not one of ours, or a number in it stays unexplained."""
    steps: list[Step] = []
    missing = total = False
    for sentence in _SPLIT.split(question.strip()):
        if sentence.endswith("?"):
            if not any(asked.read(sentence) is not None for asked in questions()):
                return None
            total = total or any(asked.read(sentence) is not None for asked in sum_questions())
            continue
        sentence = _CONNECTED.sub("", sentence)
        step = _recognise(sentence[:1].upper() + sentence[1:])
        if step is None:
            if _NUMERIC.search(sentence):
                return None
        elif step.formulas == "":
            missing = True
        elif step.formulas != "-":
            steps.append(step)
    if not steps and not missing:
        return None
    if any("v" not in step.formulas.removeprefix("push ").split() for step in steps[1:]):
        return None  # two quantities to begin with: somebody else's problem
    return Program(tuple(steps), total, None if missing else _result(steps, total))


def _recognise(sentence: str) -> Step | None:
    """The step that a sentence tells; without formulas when a number in it is missing."""
    for wording in statements() if len(sentence) <= LONGEST else ():
        found = wording.read(sentence)
        if found is None:
            continue
        given: dict[str, Value] = {}
        for slot, text in found.items():
            if slot == "f":
                a, b = FRACTIONS[text]
                given |= {"a": a, "b": b}
            elif slot in "nmkpqtc":
                value = read_number(text)
                if value is None:
                    return Step("", {})
                given[slot] = value
        return Step(wording.op, given)
    return None


def _result(steps: list[Step], total: bool) -> Value | None:
    v: Value | None = None
    named: list[Value] = []
    for step in steps:
        if v is None and "v" in step.formulas.removeprefix("push ").split():
            return None
        try:
            v = work_out(step.formulas, v or 0, step.given)[1]
        except (ZeroDivisionError, OverflowError):
            return None
        named = [*named, v] if step.formulas.startswith("push ") else [v]
    return sum(named) if total else v
