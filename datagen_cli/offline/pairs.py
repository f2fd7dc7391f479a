"""Instructions with responses, questions with answers, and small programming tasks with their code."""

from __future__ import annotations

import random
from dataclasses import dataclass

from datagen_cli.offline.corpus import Slots, corpus, pick, sentence
from datagen_cli.offline.quiz import write_quiz


@dataclass(frozen=True, slots=True)
class Pair:
    """An instruction, the input it works on (may be empty), a right response and a wrong one."""

    instruction: str
    input: str
    right: str
    wrong: str


def write_pair(rng: random.Random, *, code: bool, question: bool, with_input: bool) -> Pair:
    """A pair; `code` asks for a program, `question` for a question with a short answer."""
    if code:
        return _code(rng)
    if question:
        return _question(rng)
    pair = pick(rng, (_tips, _explain, _note, _question, _order))(rng)
    if pair.input and not with_input:
        return Pair(f"{pair.instruction} {pair.input}", "", pair.right, pair.wrong)
    return pair


def _asked(rng: random.Random, part: str, slots: Slots | None = None) -> str:
    """One of the lines of a part, with its slots filled."""
    return (slots or Slots(rng)).say(corpus("advice")["asked"][part])


def _tips(rng: random.Random) -> Pair:
    goals = {key: section["tip"] for key, section in corpus("advice").items() if section["tip"]}
    goal, count = pick(rng, tuple(goals)), 2 + int(rng.random() * 3)
    other = goals[pick(rng, [name for name in goals if name != goal])]
    slots = Slots(rng, goal=goal, k=str(count), who=_asked(rng, "audience"))
    right, wrong = (
        "\n".join(f"{place}. {tip.capitalize()}." for place, tip in enumerate(rng.sample(tips, count), 1))
        for tips in (goals[goal], other)
    )
    return Pair(_asked(rng, "tips", slots), "", right, wrong)


def _explain(rng: random.Random) -> Pair:
    concepts = {line[0]: line[1] for line in corpus("advice")["concepts"].pairs()}
    name = pick(rng, tuple(concepts))
    wrong = concepts[pick(rng, [other for other in concepts if other != name])]
    slots = Slots(rng, what=name, who=_asked(rng, "audience"))
    example = _asked(rng, "example", Slots(rng))
    return Pair(
        _asked(rng, "explain", slots), "", f"{sentence(concepts[name])} {example}", f"{sentence(wrong)} {example}"
    )


def _note(rng: random.Random) -> Pair:
    slots = Slots(rng)
    to, thing, city, day, sender = map(
        slots.fill, ("{name}", "{adjective} {thing}", "{city}", "{day}", "{name} {surname}")
    )
    kind, body = _asked(rng, "note"), _asked(rng, "please")
    wrong = slots.fill(f"Dear {to}, I sold the {{thing2}} in {{city}} in {{month}}. Goodbye, {sender}")
    right = f"Dear {to}, {body} the {thing} to {city} on {day}. Many thanks, {sender}"
    return Pair(f"Write a {kind} to {to} that asks to bring the {thing} to {city} on {day}.", "", right, wrong)


def _order(rng: random.Random) -> Pair:
    kinds = ("{thing}", "{thing}", "{city}", "{thing}", "{name}", "{color}", "{item}", "{surname}")
    words = list(dict.fromkeys(map(Slots(rng).fill, kinds)))
    asked, given = _asked(rng, "list"), ", ".join(words)
    ordered = sorted(words, key=str.lower) if asked.startswith("Sort") else words[::-1]
    return Pair(asked, given, ", ".join(ordered), given)


def _question(rng: random.Random) -> Pair:
    quiz = write_quiz(rng)
    while "Which of these" in quiz.question or "Which one of" in quiz.question:
        quiz = write_quiz(rng)
    return Pair(quiz.question, "", quiz.right, quiz.wrong[0])


def _code(rng: random.Random) -> Pair:
    n, m = 2 + int(rng.random() * 998), 2 + int(rng.random() * 29)
    code = corpus("advice")["code"]
    word = pick(rng, code.listed("noun"))
    name = f"{pick(rng, code.listed('verb'))}_{word}"
    asked, body = pick(rng, code.pairs(mark=" => "))
    lead = f"Write a Python function {name}({word}) that {asked.format(n=n, m=m, both=n + m)}."
    right, wrong = (f"def {name}({word}):\n    " + body.format(w=word, n=value, m=m) for value in (n, n + 1))
    return Pair(lead, "", right, wrong)
