"""Questions with one right answer: sums, units, programs, elementary facts, invented facts to be read off a passage.

Every kind writes a question and can find the answer again from the text of a question, which is what a solver does.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from datagen_cli.llm.simulation import word_problems
from datagen_cli.llm.simulation.facts import CAPITALS, KINDS, MISCONCEPTIONS, OPPOSITES, SYMBOLS, UNITS
from datagen_cli.llm.simulation.slots import Slots, pick
from datagen_cli.llm.simulation.wording import Wording, plain, read_number

ASIDES = (
    "{name} from {city} asks {name2}:",
    "A quiz by {name} {surname} has this question:",
    "Question {n} of the test by {name} in {city}:",
    "{name} {surname} from {city} wants to know:",
    "From the {month} quiz by {name} {surname}:",
    "{name} read this in {city} in {year}:",
)


@dataclass(frozen=True, slots=True)
class Quiz:
    """A question, its right answer and at least three wrong ones."""

    question: str
    right: str
    wrong: tuple[str, ...]


def _near(rng: random.Random, value: float | int) -> tuple[str, ...]:
    """Wrong numbers close to the right one."""
    found: dict[str, None] = {}
    for step in (1, -1, 2, -2, 10, -10, 5, -5, 3, 20):
        if value + step > 0:
            found[plain(value + step)] = None
    names = [name for name in found if name != plain(value)]
    rng.shuffle(names)
    return tuple(names)


SUMS: tuple[tuple[str, Callable[[int, int], int]], ...] = (
    ("What is {n} plus {m}?", lambda n, m: n + m),
    ("What is the sum of {n} and {m}?", lambda n, m: n + m),
    ("What is {n} times {m}?", lambda n, m: n * m),
    ("What is the product of {n} and {m}?", lambda n, m: n * m),
    ("What is the difference between {n} and {m}?", lambda n, m: abs(n - m)),
    ("What is the remainder when {n} is divided by {m}?", lambda n, m: n % m),
    ("How many times does {m} go into {n} without going over?", lambda n, m: n // m),
    ("A rectangle is {n} meters long and {m} meters wide. What is its area in square meters?", lambda n, m: n * m),
    ("A rectangle is {n} meters long and {m} meters wide. What is its perimeter in meters?", lambda n, m: 2 * (n + m)),
    (
        "Which number comes next if one starts at {n} and keeps adding {m}, after three additions?",
        lambda n, m: n + 4 * m,
    ),
)
PROGRAMS: tuple[tuple[str, Callable[[int, int], int]], ...] = (
    ("In Python 3, what is the value of {n} % {m}?", lambda n, m: n % m),
    ("In Python 3, what is the value of {n} // {m}?", lambda n, m: n // m),
    ("What does the Python 3 program print(len(range({n}, {m}))) print?", lambda n, m: max(0, m - n)),
    ("What does the Python 3 expression max({n}, {m}) return?", lambda n, m: max(n, m)),
    ("In Python 3, what is the value of {n} ^ {m}?", lambda n, m: n ^ m),
    ("In Python 3, what is the value of {n} & {m}?", lambda n, m: n & m),
    (
        "A loop runs {n} times and its inner loop {m} times each. How often is the inner body executed?",
        lambda n, m: n * m,
    ),
)
_UNIT = Wording("How many {small} are there in {n} {large}?")
_CAPITAL = (Wording("What is the capital of {country}?"), Wording("Which city is the capital of {country}?"))
_COUNTRY = Wording("Of which country is {city} the capital?")
_SYMBOL = Wording("What is the chemical symbol of {element}?")
_KIND = (Wording("Which of these is a {kind}?"), Wording("Which one of the following is a {kind}?"))
_OPPOSITE = (Wording("Which word is the opposite of {word}?"), Wording("What is the antonym of {word}?"))
_PASSAGES = (
    "In {year}, {person} opened a small museum in {city}. It shows {n} pieces of furniture and a {adjective} {thing}.",
    "The {adjective} {thing} of {city} was built in {year} by {person}. It took {n} workers to put it in its place.",
    "{person} moved to {city} in {year} and founded a club for owners of a {adjective} {thing}. It had {n} members.",
)
_ASKED = {
    "who": "According to the text, who is the person it is about?",
    "where": "According to the text, in which city did this happen?",
    "when": "According to the text, in which year did this happen?",
    "how many": "According to the text, what is the number of people or pieces mentioned?",
}


def _sum(rng: random.Random, table: tuple[tuple[str, Callable[[int, int], int]], ...] = SUMS) -> Quiz:
    text, compute = pick(rng, table)
    n, m = 12 + int(rng.random() * 480), 3 + int(rng.random() * 60)
    if "range" in text:
        m += n
    right = compute(n, m)
    return Quiz(text.format(n=n, m=m), plain(right), _near(rng, right))


def _program(rng: random.Random) -> Quiz:
    return _sum(rng, PROGRAMS)


def _unit(rng: random.Random) -> Quiz:
    large, size, small = pick(rng, UNITS)
    n = 2 + int(rng.random() * 90)
    wrong = dict.fromkeys(
        plain(value)
        for value in (n * size + size, n * size * 10, n * (size + 10), n * size - size, n + size, n * 2 * size)
    )
    wrong.pop(plain(n * size), None)
    return Quiz(_UNIT.fill({"small": small, "large": large, "n": n}), plain(n * size), tuple(wrong))


def _pair(rng: random.Random, table: dict[str, str], wordings: tuple[Wording, ...]) -> Quiz:
    key = pick(rng, tuple(table))
    right = table[key]
    wrong = {pick(rng, tuple(table.values())) for _ in range(9)} - {right}
    wording = pick(rng, wordings)
    return Quiz(wording.fill({wording.slots[0]: key}), right, tuple(sorted(wrong)))


def _capital(rng: random.Random) -> Quiz:
    if rng.random() < 0.3:
        return _pair(rng, {city: country for country, city in CAPITALS.items()}, (_COUNTRY,))
    return _pair(rng, CAPITALS, _CAPITAL)


def _symbol(rng: random.Random) -> Quiz:
    return _pair(rng, SYMBOLS, (_SYMBOL,))


def _opposite(rng: random.Random) -> Quiz:
    return _pair(rng, OPPOSITES, _OPPOSITE)


def _kind(rng: random.Random) -> Quiz:
    kind = pick(rng, tuple(KINDS))
    others = [name for name in KINDS if name != kind]
    wrong = {pick(rng, KINDS[pick(rng, others)]) for _ in range(9)} - set(KINDS[kind])
    return Quiz(pick(rng, _KIND).fill({"kind": kind}), pick(rng, KINDS[kind]), tuple(sorted(wrong)))


def _passage(rng: random.Random) -> Quiz:
    slots = Slots(rng)
    facts = {
        "who": slots.fill("{name} {surname}"),
        "where": slots.fill("{city}"),
        "when": slots.fill("{year}"),
        "how many": slots.fill("{n}"),
    }
    given = Slots(rng, person=facts["who"], city=facts["where"], year=facts["when"], n=facts["how many"])
    text = given.fill(pick(rng, _PASSAGES))
    asked = pick(rng, tuple(_ASKED))
    fresh = {"who": "{name} {surname}", "where": "{city}", "when": "{year}", "how many": "{n}"}[asked]
    wrong = dict.fromkeys(slots.fill(fresh) for _ in range(9))
    wrong.pop(facts[asked], None)
    return Quiz(f"{text} {_ASKED[asked]}", facts[asked], tuple(wrong))


def _problem(rng: random.Random) -> Quiz:
    problem = word_problems.write(rng)
    return Quiz(problem.question, plain(problem.answer), _near(rng, problem.answer))


WRITERS: dict[str, Callable[[random.Random], Quiz]] = {
    "sum": _sum,
    "problem": _problem,
    "unit": _unit,
    "program": _program,
    "capital": _capital,
    "symbol": _symbol,
    "opposite": _opposite,
    "kind": _kind,
    "passage": _passage,
}
_FIT = (
    (r"math|arithm|algebra|number|quantit", ("sum", "sum", "unit", "problem")),
    (r"comput|program|software|python|machine|code|security", ("program", "program", "passage")),
    (r"geograph|global|world|country|capital|histor|religion", ("capital", "passage", "passage", "passage")),
    (r"chem|physic|biolog|science|nature|medic", ("symbol", "kind", "unit", "passage")),
    (r"vocab|language|english|word", ("opposite", "kind", "passage")),
)


@lru_cache(maxsize=256)
def _fitting(subject: str) -> tuple[str, ...]:
    for pattern, names in _FIT:
        if re.search(pattern, subject.lower()):
            return names
    return (
        "sum",
        "unit",
        "capital",
        "symbol",
        "kind",
        "opposite",
        "program",
        "passage",
        "passage",
        "passage",
        "problem",
    )


def write_quiz(rng: random.Random, subject: str = "", *, wrong: int = 3) -> Quiz:
    """A question that suits a subject, with `wrong` wrong answers; an aside makes a common one new."""
    name = pick(rng, _fitting(subject))
    quiz = WRITERS[name](rng)
    while len(quiz.wrong) < wrong:
        quiz = WRITERS["passage" if wrong < 7 else "sum"](rng)
    others = list(quiz.wrong)
    rng.shuffle(others)
    question = quiz.question
    if name not in ("problem", "passage"):
        question = f"{Slots(rng).fill(pick(rng, ASIDES))} {question}"
    return Quiz(question, quiz.right, tuple(others[:wrong]))


def misconception(rng: random.Random) -> tuple[str, str, str, tuple[str, ...]]:
    """A question that is often answered wrongly, the best answer, another right one, and wrong ones."""
    question, best, also, wrong = pick(rng, MISCONCEPTIONS)
    slots = Slots(rng)
    intro = slots.fill(
        pick(
            rng,
            (
                "At a dinner in {city}, somebody asked {name} {surname}: ",
                "{name} {surname} and a friend from {city} wonder: ",
                "In {month}, a reader from {city} named {name} {surname} wrote: ",
                "My {relative} {name} from {city} keeps asking {name2}: ",
                "On a {day} in {city}, {name} {surname} asked the class: ",
            ),
        )
    )
    return f"{intro}{question}?", best, also, wrong


def answer_of(question: str) -> str | None:
    """The answer to a question of ours from its text; None for one that is not, or that needs its choices."""
    problem = word_problems.read(question)
    if problem is not None and problem.answer is not None:
        return plain(problem.answer)
    for intro in (question, re.sub(r"^[^:]*: ", "", question, count=1)):
        found = _read_fact(intro)
        if found is not None:
            return found
    return _read_passage(question)


def is_kind(question: str, choice: str) -> bool:
    """Whether a question for a kind of thing ("which of these is a fish?") is answered by the choice."""
    for wording in _KIND:
        found = wording.read(re.sub(r"^[^:]*: ", "", question, count=1))
        if found:
            return choice in KINDS.get(found["kind"], ())
    return False


def _read_fact(question: str) -> str | None:
    for text, compute in (*SUMS, *PROGRAMS):
        found = _numbers_wording(text).read(question)
        if found:
            n, m = read_number(found["n"]), read_number(found["m"])
            return plain(compute(n, m)) if isinstance(n, int) and isinstance(m, int) else None
    found = _UNIT.read(question)
    if found:
        n = read_number(found["n"])
        size = next((size for large, size, small in UNITS if (large, small) == (found["large"], found["small"])), None)
        return plain(n * size) if n is not None and size else None
    for table, wordings in ((CAPITALS, _CAPITAL), (SYMBOLS, (_SYMBOL,)), (OPPOSITES, _OPPOSITE)):
        for wording in wordings:
            found = wording.read(question)
            if found:
                return table.get(found[wording.slots[0]])
    found = _COUNTRY.read(question)
    if found:
        return next((country for country, city in CAPITALS.items() if city == found["city"]), None)
    lowered = question[:-1].lower()
    return next((best for asked, best, _, _ in MISCONCEPTIONS if asked.lower() == lowered), None)


@lru_cache(maxsize=64)
def _numbers_wording(text: str) -> Wording:
    return Wording(text)


@lru_cache(maxsize=1)
def _passage_patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(_passage_regex(text)) for text in _PASSAGES)


def _passage_regex(text: str) -> str:
    shown = re.escape(text)
    for slot in ("year", "person", "city", "n"):
        shown = shown.replace(rf"\{{{slot}\}}", f"(?P<{slot}>[^.]+?)", 1)
    return re.sub(r"\\\{\w+\\\}", "[^.]+?", shown)


def _read_passage(question: str) -> str | None:
    asked = next((name for name, text in _ASKED.items() if question.endswith(text)), None)
    if asked is None:
        return None
    slot = {"who": "person", "where": "city", "when": "year", "how many": "n"}[asked]
    for pattern in _passage_patterns():
        found = pattern.search(question)
        if found:
            return found[slot]
    return None
