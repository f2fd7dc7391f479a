"""Math word problems of one to eight calculations, with their answers.

A problem is told by one scene: a first quantity, steps that change it, and a question.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from datagen_cli.offline.corpus import Slots, corpus, listed, lowered, pick, plural
from datagen_cli.offline.problems.arithmetic import Line, Scale, draw, work_out
from datagen_cli.offline.problems.scenes import MAKES, Scene, Telling, money_phase, scenes_for
from datagen_cli.offline.problems.wording import (
    FRACTIONS,
    VAGUE_AMOUNTS,
    VAGUE_COUNTS,
    WORDS,
    Value,
    Wording,
    money,
    plain,
    tidy,
)

TRIES = 60
_NAMES = {pair: name for name, pair in FRACTIONS.items()}


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

    def allows(self, value: Value) -> bool:
        """Whether an answer lies in the bounds."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True)
class WordProblem:
    """A problem, its right answer and the calculations that lead there. `missing` says that a number was left out."""

    question: str
    answer: Value
    lines: tuple[Line, ...]
    unit: str
    name: str
    missing: bool = False


@dataclass(slots=True)
class _Story:
    """A problem while it is told."""

    scene: Scene
    values: dict[str, str]
    scale: Scale
    money: bool
    v: Value = 0
    told: list[tuple[Telling, dict[str, Value]]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def tell(self, rng: random.Random, telling: Telling) -> bool:
        """Adds the line with drawn numbers; False when none fit."""
        formulas = telling.wording.formulas
        scale = self.scale
        if not scale.whole and not self.money:
            scale = Scale(scale.low, scale.high, scale.price, scale.cents, whole=True)
        given = draw(rng, formulas, self.v, scale)
        if given is None:
            return False
        lines, self.v = work_out(formulas, self.v, given)
        self.told.append((telling, given))
        self.lines += lines
        return True


def write(rng: random.Random, wish: Wish | None = None) -> WordProblem:
    """A new problem. What a wish asks for comes as near as a few tries allow."""
    wish = wish or Wish()
    best: WordProblem | None = None
    for turn in range(TRIES):
        problem = _try(rng, wish, turn)
        if problem is None:
            continue
        best = problem
        words = problem.question.count(" ") + 1
        if wish.min_words <= words <= (wish.max_words or words) and wish.allows(problem.answer):
            break
    return best or write(rng, Wish(missing=wish.missing))


def _try(rng: random.Random, wish: Wish, turn: int) -> WordProblem | None:
    fitting, known = scenes_for(wish.topic, needs_money=bool(wish.currency))
    target = wish.steps or pick(rng, (2, 2, 3, 3, 3, 4, 4, 5))
    if wish.max_words and not wish.steps and turn > 3:
        target = max(1, min(target, wish.max_words // 14))
    story = _begin(rng, pick(rng, fitting), wish, small=wish.high is not None and turn > 1)
    ask = _plot(rng, story, target, bool(wish.currency))
    return _compose(rng, story, ask, wish, known) if ask else None


def _begin(rng: random.Random, scene: Scene, wish: Wish, *, small: bool) -> _Story:
    female = rng.random() < 0.5
    one, many = pick(rng, scene.things)
    his = "her" if female else "his"
    values = {
        "N": pick(rng, listed("she" if female else "he")), "s": "she" if female else "he", "h": his, "o": many,
        "o1": one, "b": pick(rng, scene.holders), "w": f"{his} {pick(rng, listed('relative'))}",
        "g": plural(pick(rng, listed("goods"))), "l": pick(rng, listed("large")), "gift": pick(rng, listed("gift")),
    }  # fmt: skip
    price = {"₹": 10, "¥": 100}.get(wish.symbol, 1)
    shrink = 6 if small else 1
    low, high = max(2, scene.low // shrink), max(8, scene.high // shrink)
    scale = Scale(low, high, price, cents=not wish.whole and price == 1, whole=wish.whole)
    return _Story(scene, values, scale, scene.money)


def _plot(rng: random.Random, story: _Story, target: int, needs_money: bool) -> Wording | None:
    """Tells exactly `target` calculations; the question, or None when the numbers did not work out."""
    lines = story.scene.lines
    starts = [telling for telling in lines["start"] if telling.cost <= target]
    if not starts or not story.tell(rng, pick(rng, starts)):
        return None
    left = target - len(story.lines)
    sale = pick(rng, lines["money"]) if lines["money"] and left and (needs_money or rng.random() < 0.3) else None
    ends = [telling for telling in lines["end"] if telling.cost <= left] if sale is None and rng.random() < 0.4 else []
    end = pick(rng, ends) if ends else None
    after = int(rng.random() * min(3, left)) if sale else 0
    before = left - after - (sale.cost if sale else 0) - (end.cost if end else 0)
    if not _fill(rng, story, lines["steps"], before) or (needs_money and not (sale or story.money)):
        return None
    if sale:
        story.money = True
        phase = money_phase().lines
        if not story.tell(rng, sale) or not _fill(rng, story, phase["steps"], after):
            return None
        return _question(rng, story, phase["ask"]) if after else MAKES
    if end:
        return end.question if story.tell(rng, end) else None
    return _question(rng, story, lines["ask"])


def _question(rng: random.Random, story: _Story, asks: tuple[Telling, ...]) -> Wording:
    """A question; none that asks what is left where nothing was taken away."""
    taken = any("- " in telling.wording.formulas for telling, _ in story.told)
    marks = ("left", "leave", "remain", "still")
    fitting = [ask for ask in asks if taken or not any(mark in ask.wording.text for mark in marks)]
    return pick(rng, fitting or asks).wording


def _fill(rng: random.Random, story: _Story, steps: tuple[Telling, ...], cost: int) -> bool:
    """Tells steps that take exactly `cost` calculations, none of them twice."""
    used = {id(telling) for telling, _ in story.told}
    for _ in range(14):
        if cost == 0:
            return True
        telling = pick(rng, steps)
        if telling.cost <= cost and id(telling) not in used and story.tell(rng, telling):
            used.add(id(telling))
            cost -= telling.cost
    return cost == 0


def _compose(rng: random.Random, story: _Story, ask: Wording, wish: Wish, known: bool) -> WordProblem:
    places = [(at, slot) for at, (_, given) in enumerate(story.told) for slot in given if slot in "nmkp"]
    blank = pick(rng, places) if wish.missing and places else (-1, "")
    sentences = [
        _sentence(rng, story, at, wish.symbol, blank[1] if at == blank[0] else "") for at in range(len(story.told))
    ]
    question = ask.fill(story.values)
    words = sum(text.count(" ") + 1 for text in (*sentences, question))
    room = not wish.max_words or words + 25 < wish.max_words
    context = corpus("problems")["all"]["context"]
    opening = _opening(wish, known)
    if room and rng.random() < (0.2 if len(story.told) > 2 else 0.6):
        opening.append(pick(rng, context))
    while words + sum(text.count(" ") + 1 for text in opening) < wish.min_words and len(opening) < len(context):
        opening.append(pick(rng, [text for text in context if text not in opening]))
    values = Slots(rng, **story.values)
    text = " ".join((*map(values.fill, opening), *sentences, question))
    unit = "" if story.told[-1][0].question else wish.symbol if story.money else story.values["o"]
    return WordProblem(text, story.v, tuple(story.lines), unit, story.values["N"], blank[1] != "")


def _opening(wish: Wish, known: bool) -> list[str]:
    """Sentences that take up a setting, and a topic that no scene is about."""
    found = []
    place, topic = (text.replace("{", "").replace("}", "").strip() for text in (wish.setting, wish.topic))
    if place:
        first = place.split(" ", 1)[0].lower()
        if first not in ("at", "in", "on"):
            named = place[0].isupper() and first not in ("a", "an", "the")
            place = f"in {place}" if named else f"at {'' if first in ('a', 'an', 'the', 'my') else 'the '}{place}"
        found.append(f"It is a busy day {lowered(place)}.")
    if topic and not known:
        found.append("{N} belongs to a club for " + topic + ".")
    return found


def _sentence(rng: random.Random, story: _Story, place: int, symbol: str, blank: str) -> str:
    telling, given = story.told[place]
    values = {**story.values, **{slot: _shown(rng, slot, value, symbol) for slot, value in given.items()}}
    if "a" in given:
        values["f"] = _NAMES[int(given["a"]), int(given["b"])]
    if blank:
        values[blank] = pick(rng, VAGUE_AMOUNTS if blank == "p" else VAGUE_COUNTS)
    values["S"] = values["N"] if place == 0 or rng.random() < 0.2 else values["s"].capitalize()
    text = telling.wording.fill(values)
    first = text.split(" ", 1)[0]
    joined = corpus("problems")["all"]
    if place == 0 or rng.random() > 0.4 or first in joined["fronted"][0].split():
        return text
    connector = pick(rng, joined["connector"]) if rng.random() < 0.7 else f"On {pick(rng, listed('day'))},"
    return f"{connector} {text if first == values['N'] else lowered(text)}"


def _shown(rng: random.Random, slot: str, value: Value, symbol: str) -> str:
    """A number as the sentence writes it."""
    if slot == "p":
        return money(value, symbol)
    if slot == "t" or (slot in "nmk" and value in range(len(WORDS)) and rng.random() < 0.3):
        return WORDS[int(value)]
    value = tidy(value)
    return f"{value:,}" if slot in "nmk" and isinstance(value, int) else plain(value)


def with_answer(rng: random.Random, answer: Value) -> WordProblem:
    """A problem whose answer is given."""
    slots = Slots(rng)
    name, thing = slots.fill("{name}"), f"{slots.fill('{thing}')} stickers"
    n = 2 + int(rng.random() * 60)
    asked = f"How many {thing} does {name} have now?"
    if isinstance(answer, int) and answer > 2 and rng.random() < 0.5:
        n = 1 + int(rng.random() * (answer - 1))
        text = f"{name} has {n} {thing}. {name} buys {answer - n} more {thing}. {asked}"
        return WordProblem(text, answer, (Line(f"{n} + {answer - n}", answer),), thing, name)
    text = f"{name} has {plain(answer + n)} {thing}. {name} gives {n} of them to a friend. {asked}"
    return WordProblem(text, answer, (Line(f"{plain(answer + n)} - {n}", answer),), thing, name)
