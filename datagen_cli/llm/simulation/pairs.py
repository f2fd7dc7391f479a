"""Instructions with responses, questions with answers, and small programming tasks with their code."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from datagen_cli.llm.simulation.quiz import write_quiz
from datagen_cli.llm.simulation.slots import Slots, pick, sentence


@dataclass(frozen=True, slots=True)
class Pair:
    """An instruction, the input it works on (may be empty), a right response and a wrong one."""

    instruction: str
    input: str
    right: str
    wrong: str


GOALS = (
    (
        "sleep better",
        (
            "go to bed at the same time",
            "keep the room dark and cool",
            "put the phone away an hour before",
            "avoid coffee after lunch",
            "take a short walk in the evening",
        ),
    ),
    (
        "save money on groceries",
        (
            "write a list before you leave",
            "compare prices by weight",
            "cook larger portions and freeze some",
            "buy fruit in season",
            "never shop when hungry",
        ),
    ),
    (
        "learn a language",
        (
            "practice a little every day",
            "listen to songs and repeat the words",
            "keep a small notebook of phrases",
            "talk to people who speak it",
            "label things at home",
        ),
    ),
    (
        "keep house plants healthy",
        (
            "check the soil before you water",
            "turn the pots every week",
            "wipe dust off the leaves",
            "use pots with holes",
            "cut off dry leaves early",
        ),
    ),
    (
        "prepare for an interview",
        (
            "read about the company",
            "practice short answers aloud",
            "think of two questions to ask",
            "choose your clothes the day before",
            "leave early enough",
        ),
    ),
    (
        "run a first race",
        (
            "start with short distances",
            "rest every other day",
            "wear shoes that fit",
            "drink enough water",
            "run with a friend",
        ),
    ),
    (
        "write clearer emails",
        (
            "put the request first",
            "keep sentences short",
            "use one subject per message",
            "say by when you need an answer",
            "read it once before sending",
        ),
    ),
)
CONCEPTS = (
    ("photosynthesis", "plants use sunlight to turn water and carbon dioxide into sugar and oxygen"),
    ("inflation", "prices rise over time, so the same money buys less than before"),
    ("gravity", "things with mass pull on one another, which keeps us on the ground"),
    ("evaporation", "a liquid slowly turns into a gas, faster when it is warm"),
    ("a budget", "it is a plan of what comes in and what may be spent"),
    ("an algorithm", "it is a list of exact steps that solves a kind of problem"),
    ("recycling", "used material is collected and made into new things"),
    ("a vaccine", "it shows the body a harmless part of a germ so that it can prepare"),
    ("the water cycle", "water evaporates, forms clouds, falls as rain and flows back to the sea"),
    ("compound interest", "interest is paid on earlier interest as well, so savings grow faster and faster"),
)
AUDIENCES = (
    "a child",
    "a new colleague",
    "a group of visitors",
    "a grandparent",
    "a class",
    "a friend",
    "a busy manager",
)


def _tips(rng: random.Random) -> Pair:
    goal, tips = pick(rng, GOALS)
    count = 2 + int(rng.random() * 3)
    chosen = rng.sample(tips, count)
    slots = Slots(rng)
    lead = slots.fill(
        pick(
            rng,
            (
                "Give {name} {surname} {k} tips to {goal}.",
                "List {k} ways to {goal} for {who} in {city} called {name}.",
                "{name} {surname} wants to {goal} before {month}. Suggest {k} things to do.",
            ),
        )
        .replace("{k}", str(count))
        .replace("{goal}", goal)
        .replace("{who}", pick(rng, AUDIENCES))
    )
    other = pick(rng, [tips for name, tips in GOALS if name != goal])
    shown = [f"{place}. {tip.capitalize()}." for place, tip in enumerate(chosen, 1)]
    return Pair(
        lead,
        "",
        "\n".join(shown),
        "\n".join(f"{place}. {tip.capitalize()}." for place, tip in enumerate(other[:count], 1)),
    )


def _explain(rng: random.Random) -> Pair:
    name, text = pick(rng, CONCEPTS)
    audience = pick(rng, AUDIENCES)
    slots = Slots(rng)
    lead = slots.fill(
        f"Explain {name} to {audience}"
        + pick(rng, (" in {city} in one or two sentences.", " who has {n} minutes on {day}.", " named {name}, simply."))
    )
    example = slots.fill(
        pick(
            rng,
            (
                "In {city} one can see it in {month}.",
                "{name} noticed it when {name2} talked about a {thing}.",
                "Think of a {adjective} {thing} in {city}.",
                "It helps to draw it on paper in {n} strokes.",
            ),
        )
    )
    wrong = pick(rng, [other for concept, other in CONCEPTS if concept != name])
    return Pair(lead, "", f"{sentence(text)} {example}", f"{sentence(wrong)} {example}")


def _note(rng: random.Random) -> Pair:
    slots = Slots(rng)
    to, thing, city, day, sender = (
        slots.fill(slot) for slot in ("{name}", "{adjective} {thing}", "{city}", "{day}", "{name} {surname}")
    )
    kind = pick(rng, ("short email", "text message", "polite note", "postcard"))
    lead = f"Write a {kind} to {to} that asks to bring the {thing} to {city} on {day}."
    body = pick(
        rng, ("could you please bring", "I would be glad if you brought", "it would help a lot if you could bring")
    )
    return Pair(
        lead,
        "",
        f"Dear {to}, {body} the {thing} to {city} on {day}. Many thanks, {sender}",
        slots.fill(f"Dear {to}, I sold the {{thing2}} in {{city}} in {{month}}. Goodbye, {sender}"),
    )


def _reorder(rng: random.Random) -> Pair:
    slots = Slots(rng)
    words = list(
        dict.fromkeys(
            slots.fill(slot)
            for slot in ("{thing}", "{thing}", "{city}", "{thing}", "{name}", "{color}", "{item}", "{surname}")
        )
    )
    given = ", ".join(words)
    kind = int(rng.random() * 3)
    if kind == 0:
        return Pair("Sort these words alphabetically.", given, ", ".join(sorted(words, key=str.lower)), given)
    if kind == 1:
        longest = max(words, key=len)
        return Pair(
            "Which of these words is the longest? Name the first one if there are several.",
            given,
            longest,
            min(words, key=len),
        )
    return Pair("Put this list into the opposite order.", given, ", ".join(reversed(words)), given)


def _question(rng: random.Random) -> Pair:
    quiz = write_quiz(rng)
    while (
        quiz.question.endswith(("following is a metal?",))
        or "Which of these" in quiz.question
        or "Which one of" in quiz.question
    ):
        quiz = write_quiz(rng)
    return Pair(quiz.question, "", quiz.right, quiz.wrong[0])


def _code(rng: random.Random) -> Pair:
    n, m = 2 + int(rng.random() * 998), 2 + int(rng.random() * 29)
    word = pick(
        rng,
        (
            "numbers",
            "values",
            "scores",
            "prices",
            "lengths",
            "ages",
            "weights",
            "heights",
            "counts",
            "times",
            "costs",
            "sizes",
        ),
    )
    name = f"{pick(rng, ('select', 'find', 'collect', 'filter', 'keep', 'pick', 'scan', 'handle'))}_{word}"
    asked, body = pick(rng, CODE)
    lead = f"Write a Python function {name}({word}) that {asked.format(n=n, m=m, both=n + m)}."
    right = f"def {name}({word}):\n    " + body.format(w=word, n=n, m=m)
    return Pair(lead, "", right, right.replace(f"{n}", f"{n + 1}", 1) if f"{n}" in right else right + " or None")


CODE = (
    (
        "returns those of a list that are greater than {n} and divisible by {m}",
        "return [x for x in {w} if x > {n} and x % {m} == 0]",
    ),
    (
        "returns the sum of all list items below {n}, each multiplied by {m}",
        "return sum(x * {m} for x in {w} if x < {n})",
    ),
    (
        "counts how many items lie between {m} and {both}, both included",
        "return sum(1 for x in {w} if {m} <= x <= {n} + {m})",
    ),
    (
        "returns every {m}-th item of a list, after adding {n} to it",
        "return [x + {n} for x in {w}[{m} - 1 :: {m}]]",
    ),
)
WRITERS: tuple[Callable[[random.Random], Pair], ...] = (_tips, _explain, _note, _question, _reorder)


def write_pair(rng: random.Random, *, code: bool, question: bool, with_input: bool) -> Pair:
    """A pair; `code` asks for a program, `question` for a question with a short answer."""
    if code:
        return _code(rng)
    if question:
        return _question(rng)
    pair = pick(rng, WRITERS)(rng)
    if pair.input and not with_input:
        return Pair(f"{pair.instruction} {pair.input}", "", pair.right, pair.wrong)
    return pair
