"""Word problems as records: attributes and constraints become a wish, the answer takes the form of the base."""

from __future__ import annotations

import random
import re
from functools import lru_cache
from typing import Any

from datagen_cli.llm.simulation import word_problems
from datagen_cli.llm.simulation.arithmetic import Line, Value
from datagen_cli.llm.simulation.draft import Draft
from datagen_cli.llm.simulation.prompt import Asked, FieldAsked, Frame, Wanted, label_text
from datagen_cli.llm.simulation.slots import Slots, pick
from datagen_cli.llm.simulation.solutions import final_line, solution_text
from datagen_cli.llm.simulation.stories import scenes_for
from datagen_cli.llm.simulation.tasks import Task
from datagen_cli.llm.simulation.word_problems import Problem, Wish
from datagen_cli.llm.simulation.wording import SYMBOLS, WORDS, plain

CONTEXTS = (
    "{name} likes to keep track of such things.",
    "The weather in {city} is pleasant.",
    "{name} lives in {city}.",
    "It is a calm {day}.",
    "Nobody in {city} is in a hurry.",
    "{name} tells this story to a friend from {city}.",
    "It all happens in {month}.",
    "{name} {surname} writes everything down.",
    "The streets of {city} are quiet.",
)
CURRENCIES = {
    "usd": r"usd|dollar|\$",
    "eur": r"eur\b|euros?\b|€",
    "gbp": r"gbp|pound|sterling|£",
    "inr": r"inr|rupee|₹",
    "jpy": r"jpy|yen|¥",
}
_TOPIC = re.compile(r"topic|subject|theme|domain|category|area|field|context$|scenario", re.IGNORECASE)
_PLACE = re.compile(r"setting|place|location|where|scene", re.IGNORECASE)
_STEPS = re.compile(r"step|operation|depth|hops", re.IGNORECASE)
_LEVELS = {
    "easy": 2,
    "simple": 1,
    "medium": 3,
    "moderate": 3,
    "hard": 5,
    "difficult": 5,
    "challenging": 6,
    "advanced": 6,
}


def context(rng: random.Random) -> str:
    """A sentence that adds nothing to count."""
    return Slots(rng).fill(pick(rng, CONTEXTS))


def fill(rng: random.Random, asked: Asked, task: Task, wanted: Wanted, draft: Draft, faults: frozenset[str]) -> None:
    """Writes the question, its answer and, where asked for, the steps; notes a wrong answer and a missing number."""
    question, answer, steps = task.name("question"), task.name("answer"), task.name("steps")
    spec = asked.frame.field(answer) or FieldAsked(answer)
    shown = [row[answer] for row in asked.examples if row.get(answer) is not None]
    _choose_labels(rng, asked.frame, task, draft)
    wish = wish_of(asked.frame, task, wanted, draft.fields, faults=faults, shown=shown)
    fixed = _fixed(wanted.given.get(answer))
    problem = _with_answer(rng, fixed) if fixed is not None else word_problems.write(rng, wish)
    value = problem.answer
    if "unsolvable" in faults and problem.missing:
        draft.plants.append(("unsolvable", question, None))
    elif "wrong_label" in faults:
        value = slip(rng, problem, wish)
        draft.plants.append(("wrong_label", answer, problem.answer))
    draft.fields[question] = problem.question
    texts = [text for text in shown if isinstance(text, str)]
    if steps:
        reasons = [row[steps] for row in asked.examples if isinstance(row.get(steps), str)]
        draft.fields[steps] = solution_text(rng, problem, value, reasons)
    if answer in wanted.given:
        return
    if task.form == "solution":
        draft.fields[answer] = (
            solution_text(rng, problem, value, texts) if texts or not steps else final_line(rng, value, texts)
        )
    else:
        draft.fields[answer] = plain(value) if spec.type == "text" or texts else value


def wish_of(
    frame: Frame, task: Task, wanted: Wanted, given: dict[str, Any], *, faults: frozenset[str], shown: list[Any]
) -> Wish:
    """What attributes, labels and constraints ask of the problem; room is left for a sentence that a fault puts in."""
    topic = setting = currency = ""
    steps = 0
    for name, text in wanted.attributes.items():
        text = str(text)
        found = currency_of(text) if re.search(r"currenc|money", name, re.IGNORECASE) else ""
        if found:
            currency = found
        elif _STEPS.search(name):
            steps = _count(text)
        elif _PLACE.search(name):
            setting = bare(text)
        elif _TOPIC.search(name):
            topic = bare(text)
        elif text.lower() in _LEVELS:
            steps = steps or _LEVELS[text.lower()]
    for one in frame.fields:
        if one.type == "label" and one.name in given and one.name != task.name("answer") and not topic:
            value = label_text(given[one.name])
            topic = bare(value) if scenes_for(value, False)[1] else f"{value} {frame.labels.get(value, '')}".strip()
    limits = _limits(frame, task.name("question"), task.name("answer"))
    room = 15 if faults & {"contradicted", "injected"} else 0
    whole = limits[4] or bool(shown and not isinstance(shown[0], float) and task.form != "solution" and _whole(shown))
    return Wish(
        steps=min(steps, 8),
        topic=topic,
        currency=currency,
        setting=setting,
        low=limits[2],
        high=limits[3],
        whole=whole,
        min_words=limits[0],
        max_words=max(8, limits[1] - room) if limits[1] else 0,
        missing="unsolvable" in faults,
        symbol=SYMBOLS.get(currency, "$"),
    )


def _limits(frame: Frame, question: str, answer: str) -> tuple[int, int, float | None, float | None, bool]:
    """Least and most words of the question, bounds of the answer, and whether it must be whole."""
    known: tuple[int, int, float | None, float | None, bool] | None = frame.kept.get("limits")
    if known is not None:
        return known
    least, most, low, high, whole = 0, 0, None, None, False
    for rule in frame.rules.get(question, ()):
        if rule.kind == "length":
            share = {"words": 1.0, "characters": 1 / 5.6, "tokens": 1 / 1.4}[rule.unit]
            least = max(least, int((rule.low or 0) * share) + (rule.low is not None and share < 1))
            if rule.high is not None:
                most = min(most or 10_000, max(8, int(rule.high * share)))
    for rule in frame.rules.get(answer, ()):
        if rule.kind == "range":
            low = rule.low if rule.low is not None else low
            high = rule.high if rule.high is not None else high
            whole = whole or rule.whole
        whole = whole or (rule.kind == "pattern" and not rule.holds("2.5"))
    found = (least, most, low, high, whole)
    frame.kept["limits"] = found
    return found


def _whole(shown: list[Any]) -> bool:
    return all("." not in str(value) for value in shown)


@lru_cache(maxsize=256)
def currency_of(text: str) -> str:
    """The code of the currency a text names, or an empty text."""
    return next((code for code, pattern in CURRENCIES.items() if re.search(pattern, text.lower())), "")


def bare(text: str) -> str:
    """An attribute's value without its description in brackets."""
    return text.partition(" (")[0].strip()


def _count(text: str) -> int:
    found = re.search(r"\d+", text)
    if found:
        return int(found[0])
    return next((WORDS.index(word) for word in text.lower().split() if word in WORDS), _LEVELS.get(text.lower(), 0))


def _choose_labels(rng: random.Random, frame: Frame, task: Task, draft: Draft) -> None:
    """Picks values for labels that the plan leaves open, so that the problem is about them."""
    for one in frame.fields:
        if one.type == "label" and one.values and one.name not in draft.fields and one.name != task.name("answer"):
            draft.fields[one.name] = pick(rng, one.values)


def slip(rng: random.Random, problem: Problem, wish: Wish) -> Value:
    """A wrong answer such as a slip of the pen or of a step gives; kept in the bounds of the wish where it can."""
    right = problem.answer
    near = [line.result for line in problem.lines[:-1][-2:]]
    options: list[Value] = [right + 1, right - 1, right + 10, right * 2, right + 2, right - 2, right + 5, *near]
    rng.shuffle(options)
    for value in options:
        inside = (wish.low is None or value >= wish.low) and (wish.high is None or value <= wish.high)
        if value != right and value > 0 and inside and (not wish.whole or value % 1 == 0):
            return int(value) if value == int(value) else value
    return right + 1


def _fixed(value: Any) -> Value | None:
    """The planned answer as a number, when it is one."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(str(value).replace(",", ""))
    except ValueError:
        return None
    return int(number) if number == int(number) else number


def _with_answer(rng: random.Random, answer: Value) -> Problem:
    """A problem whose answer is given."""
    slots = Slots(rng)
    name, thing = slots.fill("{name}"), f"{slots.fill('{thing}')} stickers"
    if isinstance(answer, int) and answer > 2 and rng.random() < 0.5:
        n = 1 + int(rng.random() * (answer - 1))
        text = f"{name} has {n} {thing}. {name} buys {answer - n} more {thing}. How many {thing} does {name} have now?"
        return Problem(text, answer, (Line(f"{n} + {answer - n}", answer),), thing, name)
    n = 2 + int(rng.random() * 60)
    text = (
        f"{name} has {plain(answer + n)} {thing}. {name} gives {n} of them to a friend. How many "
        f"{thing} does {name} have now?"
    )
    return Problem(text, answer, (Line(f"{plain(answer + n)} - {n}", answer),), thing, name)
