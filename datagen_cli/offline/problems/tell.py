"""Math word problems of one to eight calculations, with their answers.

A problem is told by one scene: a first quantity, steps that change it, and a question.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from datagen_cli.offline.corpus import Slots, corpus, listed, lowered, pick, plural
from datagen_cli.offline.problems import arithmetic
from datagen_cli.offline.problems.arithmetic import FRACTION_NAMES, VAGUE, Line, Scale, Value, cost, plain, shown
from datagen_cli.offline.problems.scenes import MAKES, Scene, Wording, money_phase, scenes_for

TRIES = 60
_REMAINS = ("left", "leave", "remain", "still")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a problem should be like: `steps` 0 leaves their number open, `currency` is a sign, `missing` leaves one
    number out, and `fits` says whether a question and its answer will do."""

    steps: int = 0
    topic: str = ""
    currency: str = ""
    setting: str = ""
    whole: bool = False
    missing: bool = False
    fits: Callable[[str, Value], bool] = lambda question, answer: True


@dataclass(frozen=True, slots=True)
class WordProblem:
    """A problem, its right answer and the calculations that lead there. `missing` says that a number was left out."""

    question: str
    answer: Value
    lines: tuple[Line, ...] = ()
    unit: str = ""
    name: str = "The story"
    missing: bool = False


def write(rng: random.Random, wish: Wish | None = None) -> WordProblem:
    """A new problem. What a wish asks for comes as near as a few tries allow."""
    wish = wish or Wish()
    best: WordProblem | None = None
    for turn in range(TRIES):
        fitting, known = scenes_for(wish.topic, needs_money=bool(wish.currency))
        target = wish.steps or pick(rng, (2, 2, 3, 3, 3, 4, 4, 5) if turn < 4 else (1, 2, 3))
        story = _Story(rng, wish, pick(rng, fitting), small=turn % 3 == 2)
        ask = story.plot(target)
        if ask is not None:
            often = 0.2 if len(story.told) > 2 else 0.6
            best = story.composed(ask, known, int(rng.random() < often) if turn < 4 else int(rng.random() * 6))
            if wish.fits(best.question, best.answer):
                break
    return best or write(rng, Wish(missing=wish.missing))


class _Story:
    """A problem while it is told."""

    def __init__(self, rng: random.Random, wish: Wish, scene: Scene, *, small: bool) -> None:
        self.rng, self.wish, self.scene, self.money = rng, wish, scene, scene.money
        self.symbol = wish.currency or "$"
        female = rng.random() < 0.5
        one, many = pick(rng, scene.things)
        his = "her" if female else "his"
        self.values = {
            "N": pick(rng, listed("she" if female else "he")), "s": "she" if female else "he", "h": his, "o": many,
            "o1": one, "b": pick(rng, scene.holders), "w": f"{his} {pick(rng, listed('relative'))}",
            "g": plural(pick(rng, listed("goods"))), "l": pick(rng, listed("large")),
            "gift": pick(rng, listed("gift")),
        }  # fmt: skip
        shrink = 6 if small else 1
        self.low, self.high = max(2, scene.low // shrink), max(8, scene.high // shrink)
        self.v: Value = 0
        self.told: list[tuple[Wording, dict[str, Value]]] = []
        self.lines: list[Line] = []

    def plot(self, target: int) -> Wording | None:
        """Tells exactly `target` calculations; the question, or None when the numbers did not work out."""
        rng, lines, paid = self.rng, self.scene.lines, bool(self.wish.currency)
        starts = [start for start in lines["start"] if cost(start.formulas) <= target]
        if not starts or not self._tell(pick(rng, starts)):
            return None
        left = target - len(self.lines)
        sale = pick(rng, lines["money"]) if lines["money"] and left and (paid or rng.random() < 0.3) else None
        ends = [end for end in lines["end"] if cost(end.formulas) <= left]
        end = pick(rng, ends) if ends and sale is None and rng.random() < 0.4 else None
        after = int(rng.random() * min(3, left)) if sale else 0
        before = left - after - sum(cost(one.formulas) for one in (sale, end) if one)
        if not self._fill(lines["steps"], before) or (paid and not (sale or self.money)):
            return None
        if sale:
            self.money, phase = True, money_phase().lines
            told = self._tell(sale) and self._fill(phase["steps"], after)
            return None if not told else self._asked(phase["ask"]) if after else MAKES
        if end:
            return end.question if self._tell(end) else None
        return self._asked(lines["ask"])

    def _tell(self, wording: Wording) -> bool:
        """Adds the sentence with drawn numbers; False when none fit."""
        price = {"₹": 10, "¥": 100}.get(self.symbol, 1)
        scale = Scale(self.low, self.high, price, whole=self.wish.whole or price > 1 or not self.money)
        given = arithmetic.draw(self.rng, wording.formulas, self.v, scale)
        if given is not None:
            lines, self.v = arithmetic.work_out(wording.formulas, self.v, given)
            self.told.append((wording, given))
            self.lines += lines
        return given is not None

    def _fill(self, steps: Sequence[Wording], left: int) -> bool:
        """Tells steps that take exactly `left` calculations, none of them twice."""
        for _ in range(14):
            step = pick(self.rng, steps)
            new = all(step is not wording for wording, _ in self.told)
            if cost(step.formulas) <= left and new and self._tell(step):
                left -= cost(step.formulas)
        return left == 0

    def _asked(self, asks: Sequence[Wording]) -> Wording:
        """A question; none that asks what is left where nothing was taken away."""
        taken = any("- " in wording.formulas for wording, _ in self.told)
        return pick(self.rng, [ask for ask in asks if taken or not any(mark in ask.text for mark in _REMAINS)] or asks)

    def composed(self, ask: Wording, known: bool, more: int) -> WordProblem:
        """The sentences as one text, after `more` that say nothing, with a number left out where that is wished."""
        rng = self.rng
        places = [(at, slot) for at, (_, given) in enumerate(self.told) for slot in given if slot in "nmkp"]
        blank = pick(rng, places) if self.wish.missing and places else (-1, "")
        told = [self._sentence(at, blank[1] if at == blank[0] else "") for at in range(len(self.told))]
        opening = [*_opening(self.wish, known), *rng.sample(corpus("problems")["all"]["context"], more)]
        text = " ".join((*map(Slots(rng, self.values).fill, opening), *told, ask.fill(self.values)))
        unit = "" if self.told[-1][0].question else self.symbol if self.money else self.values["o"]
        return WordProblem(text, self.v, tuple(self.lines), unit, self.values["N"], blank[1] != "")

    def _sentence(self, place: int, blank: str) -> str:
        rng, (wording, given) = self.rng, self.told[place]
        values = {**self.values, **{slot: shown(rng, slot, value, self.symbol) for slot, value in given.items()}}
        if "a" in given:
            values["f"] = FRACTION_NAMES[int(given["a"]), int(given["b"])]
        if blank:
            values[blank] = pick(rng, VAGUE[blank])
        values["S"] = values["N"] if place == 0 or rng.random() < 0.2 else values["s"].capitalize()
        text, joined = wording.fill(values), corpus("problems")["all"]
        first = text.split(" ", 1)[0]
        if place == 0 or rng.random() > 0.4 or first in joined["fronted"][0].split():
            return text
        return f"{Slots(rng).say(joined['connector'])} {text if first == values['N'] else lowered(text)}"


def _opening(wish: Wish, known: bool) -> list[str]:
    """Sentences that take up a setting, and a topic that no scene is about."""
    found = []
    place, topic = (text.replace("{", "").replace("}", "").strip() for text in (wish.setting, wish.topic))
    if place:
        place = place if place.startswith(("at ", "in ", "on ")) else f"at {place}"
        found.append(f"It is a busy day {lowered(place)}.")
    if topic and not known:
        found.append("{N} belongs to a club for " + topic + ".")
    return found


def with_answer(rng: random.Random, answer: Value) -> WordProblem:
    """A problem whose answer is given."""
    name, thing = Slots(rng)["name"], Slots(rng).fill("{thing} stickers")
    n = 1 + int(rng.random() * (answer - 1 if answer > 2 else 60))
    first, step = answer + n, f"gives {n} of them to a friend"
    if isinstance(answer, int) and answer > 2:
        first, step = answer - n, f"buys {n} more {thing}"
    text = f"{name} has {plain(first)} {thing}. {name} {step}. How many {thing} does {name} have now?"
    line = Line(f"{plain(first)} {'+' if first < answer else '-'} {n}", answer)
    return WordProblem(text, answer, (line,), thing, name)
