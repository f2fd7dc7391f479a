"""Questions with one right answer: sums, units, programs, elementary facts, invented facts to be read off a passage;
and everyday scenes with ways to go on.

Every kind can be answered again from the text of its question, which is what a solver does.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from datagen_cli.offline.corpus import Slots, corpus, lowered, pick, subjects
from datagen_cli.offline.problems.arithmetic import Value, plain, read_number, work_out
from datagen_cli.offline.problems.reading import read
from datagen_cli.offline.problems.scenes import Wording
from datagen_cli.offline.problems.tell import write

FACTS = ("capital", "symbol", "opposite")
_CALCULATED = ("sum", "program", "unit")


@dataclass(frozen=True, slots=True)
class Quiz:
    """A question with a right answer and wrong ones; `also` is another right one, `input` a text that it works on."""

    question: str
    right: str
    wrong: tuple[str, ...]
    also: str = ""
    input: str = ""


@lru_cache(maxsize=16)
def facts(kind: str) -> dict[str, tuple[str, ...]]:
    """A table of `data/facts.txt`: what stands first in a line, and the rest of it."""
    return {line[0]: line[1:] for line in corpus("facts")[kind].pairs()}


@lru_cache(maxsize=16)
def _wordings(kind: str) -> tuple[tuple[Wording, str], ...]:
    """How a kind asks, with what tells the answer."""
    lines = corpus("facts")["question"].pairs(kind)
    return tuple((Wording(line[0]), line[-1]) for line in lines or corpus("facts")[kind].pairs())


def write_quiz(rng: random.Random, subject: str = "", *, wrong: int = 3) -> Quiz:
    """A question that suits a subject, with `wrong` wrong answers; an aside makes a common one new."""
    lines = corpus("facts")["subject"].pairs("fit")
    kinds = next(kinds for pattern, kinds in lines if pattern == "." or re.search(pattern, subject.lower()))
    kind = pick(rng, kinds.split(", "))
    quiz = _write(rng, kind)
    while len(quiz.wrong) < wrong:
        kind = "passage" if wrong < 7 else "sum"
        quiz = _write(rng, kind)
    aside = "" if kind in ("problem", "passage") else f"{Slots(rng).say(corpus('facts')['aside']['say'])} "
    return Quiz(aside + quiz.question, quiz.right, tuple(rng.sample(quiz.wrong, wrong)))


def _write(rng: random.Random, kind: str) -> Quiz:
    if kind == "problem":
        problem = write(rng)
        return Quiz(problem.question, plain(problem.answer), _near(problem.answer))
    if kind == "passage":
        return _passage(rng)
    wording, formula = pick(rng, _wordings(kind))
    if kind in _CALCULATED:
        given = {"n": 64 + int(rng.random() * 430), "m": 3 + int(rng.random() * 60)}
        result = work_out(formula, 0, given)[1]
        return Quiz(wording.fill(given), plain(result), _near(result))
    key = pick(rng, tuple(facts(kind)))
    value = facts(kind)[key][0]
    others = [found[0] for name, found in facts(kind).items() if name != key]
    return Quiz(wording.fill({"key": key}), value, tuple(one for one in rng.sample(others, 9) if one != value))


def _near(value: Value) -> tuple[str, ...]:
    """Wrong numbers close to the right one."""
    steps = (1, -1, 2, -2, 10, -10, 5, -5, 3, 20)
    return tuple(dict.fromkeys(plain(value + step) for step in steps if value + step > 0))


def _passage(rng: random.Random) -> Quiz:
    told = Slots(rng, kept=True)
    text = told.say(corpus("facts")["passage"]["say"])
    wording, asked = pick(rng, _wordings("passage"))
    wrong = {Slots(rng)[asked]: None for _ in range(12)}
    wrong.pop(told[asked], None)
    return Quiz(f"{text} {wording.text}", told[asked], tuple(wrong))


def misconception(rng: random.Random) -> Quiz:
    """A question that is often answered wrongly."""
    asked = pick(rng, tuple(facts("misconception")))
    right, also, wrong = facts("misconception")[asked]
    aside = Slots(rng).say(corpus("facts")["aside"]["wonder"])
    return Quiz(f"{aside} {asked}?", right, tuple(wrong.split(" | ")), also)


def answer_of(question: str) -> str | None:
    """The answer to a question of ours from its text; None for one that is not."""
    problem = read(question)
    if problem is not None and problem.answer is not None:
        return plain(problem.answer)
    bare = question.rpartition(": ")[2]
    return next((found for text in (question, bare) if (found := _fact(text)) is not None), _read_passage(question))


def _fact(question: str) -> str | None:
    for kind in (*_CALCULATED, *FACTS):
        for wording, formula in _wordings(kind):
            found = wording.read(question)
            if found and kind in FACTS:
                return facts(kind).get(found["key"], (None,))[0]
            numbers = {slot: read_number(text) for slot, text in (found or {}).items()}
            known = {slot: number for slot, number in numbers.items() if number is not None}
            if found and len(known) == len(found):
                return plain(work_out(formula, 0, known)[1])
    asked = {known.lower(): found[0] for known, found in facts("misconception").items()}
    return asked.get(question[:-1].lower())


def _read_passage(question: str) -> str | None:
    slot = next((slot for wording, slot in _wordings("passage") if question.endswith(wording.text)), None)
    passages = (Wording(text).regex for text in corpus("facts")["passage"]["say"])
    found = next((found for passage in passages if slot and (found := passage.search(question))), None)
    return found[slot] if found and slot else None


def write_ending(rng: random.Random, *, wrong: int = 3) -> tuple[Quiz, str]:
    """A beginning with the ending that fits and `wrong` that do not; and the name of the activity."""
    activities, shared, slots = subjects("endings"), corpus("endings")["all"], Slots(rng)
    name = pick(rng, tuple(activities))
    person, place = slots.say(shared["person"]), slots.say(shared["where"])
    aside = f"{slots.say(shared['aside'])} " if rng.random() < 0.75 else ""
    begin = f"{person} {slots.say(activities[name]['begin'])} {place}. {aside}Then {lowered(person)}"
    others = [line for other, section in activities.items() if other != name for line in section["next"]]
    return Quiz(begin, pick(rng, activities[name]["next"]), tuple(rng.sample(others, min(wrong, len(others))))), name


def ending_of(context: str, endings: Sequence[str]) -> int | None:
    """Which ending continues the context, told from the activity both belong to; None when no activity fits."""
    for section in subjects("endings").values():
        for begin in section["begin"]:
            head, tail = begin.split("{")[0].strip(), begin.split("}")[-1].strip()
            if head in context and tail in context:
                return next((at for at, ending in enumerate(endings) if ending in section["next"]), None)
    return None


def right_choice(question: str, choices: Sequence[str]) -> int | None:
    """Which choice answers the question, 0 for the first; None when this cannot be told."""
    answer = answer_of(question)
    found = (at for at, choice in enumerate(choices) if choice == answer)
    return next(found, ending_of(question, choices))
