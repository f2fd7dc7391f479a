"""Word problems read back from their text alone, and Python programs that work them out.

Recognises the sentences of `data/problems.txt`, whatever else stands between them; no problems of others.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import lru_cache

from datagen_cli.offline.corpus import corpus, pick
from datagen_cli.offline.problems.arithmetic import parse, work_out
from datagen_cli.offline.problems.scenes import questions, statements
from datagen_cli.offline.problems.wording import FRACTIONS, WORDS, Value, plain, read_number

UNSOLVABLE = "UNSOLVABLE"
LONGEST = 240  # characters of a sentence that is looked at; ours are shorter
_SPLIT = re.compile(r"(?<=[.?!])\s+")
_NUMERIC = re.compile(
    rf"\d|\b(?:{'|'.join(WORDS[2:])}|twice|thrice|half|double[sd]?|triple[sd]?|dozen|thirds?|quarters?|fifths?|each|every)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One recognised sentence: its formulas and the numbers in them."""

    formulas: str
    given: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Program:
    """A problem as read back. `answer` is None when a number that it needs is missing."""

    steps: tuple[Step, ...]
    answer: Value | None


@lru_cache(maxsize=1)
def _connected() -> re.Pattern[str]:
    joined = "|".join(map(re.escape, corpus("problems")["all"]["connector"]))
    return re.compile(rf"^(?:{joined}|On [A-Z][a-z]+day,) ")


def read(question: str) -> Program | None:
    """The calculations that the text tells. None when it is not one of ours, or a number in it stays unexplained."""
    steps: list[Step] = []
    missing = False
    for sentence in _SPLIT.split(question.strip()):
        if sentence.endswith("?"):
            if not any(asked.read(sentence) is not None for asked in questions()):
                return None
            continue
        bare = _connected().sub("", sentence)
        step = _recognise(bare[:1].upper() + bare[1:])
        if step is None:
            if _NUMERIC.search(sentence):
                return None
        elif step.formulas == "":
            missing = True
        elif step.formulas != "-":
            steps.append(step)
    if not (steps or missing) or any("v" not in step.formulas for step in steps[1:]):
        return None  # nothing to count, or two quantities to begin with: somebody else's problem
    return Program(tuple(steps), None if missing else _result(steps))


def _recognise(sentence: str) -> Step | None:
    """The step that a sentence tells; without formulas when a number in it is missing."""
    for wording in statements() if len(sentence) <= LONGEST else ():
        found = wording.read(sentence)
        if found is None:
            continue
        given: dict[str, Value] = {}
        for slot, text in found.items():
            if slot == "f":
                given["a"], given["b"] = FRACTIONS[text]
            elif slot in "nmkptc":
                value = read_number(text)
                if value is None:
                    return Step("", {})
                given[slot] = value
        return Step(wording.formulas, given)
    return None


def _result(steps: list[Step]) -> Value | None:
    v: Value | None = None
    for step in steps:
        if v is None and "v" in step.formulas:
            return None
        try:
            v = work_out(step.formulas, v or 0, step.given)[1]
        except (ZeroDivisionError, OverflowError):
            return None
    return v


def program_for(rng: random.Random, question: str) -> str:
    """A program that prints the answer, or UNSOLVABLE when the question lacks something or is not understood."""
    program = read(question)
    if program is None or program.answer is None:
        return f'print("{UNSOLVABLE}")'
    name = pick(rng, ("total", "amount", "result", "current", "count", "value"))
    lines = [line for step in program.steps for line in _lines(step, name)]
    shown = "print(int({0}) if {0} == int({0}) else round({0}, 2))"
    if rng.random() < 0.4:
        body = "\n".join(f"    {line}" for line in [*lines, f"return {name}"])
        return f"def solve():\n{body}\n\n\nanswer = solve()\n{shown.format('answer')}"
    return "\n".join([*(["# one line a step"] if rng.random() < 0.5 else []), *lines, shown.format(name)])


def _lines(step: Step, name: str) -> list[str]:
    """A line a formula; results between are called `part`."""
    formulas = parse(step.formulas)
    known = {"v": name, "x": "part", **{slot: plain(value) for slot, value in step.given.items()}}
    return [
        f"{name if place == len(formulas) - 1 else 'part'} = {' '.join(known.get(token, token) for token in tokens)}"
        for place, tokens in enumerate(formulas)
    ]


def spoiled(rng: random.Random, program: str) -> str:
    """The program with a mistake: another number or sign, or a name that does not exist."""
    if UNSOLVABLE in program:
        return f"print({2 + int(rng.random() * 500)})"
    sign = re.search(r" ([+*]) ", program)
    number = re.search(r"(?<== )\d+\b|\b\d+$", program, re.MULTILINE)
    kind = int(rng.random() * 4)
    if kind == 0:
        return program.replace("print(", "print(missing + ", 1)
    if kind == 1 and sign:
        return program[: sign.start()] + (" - " if sign[1] == "+" else " + ") + program[sign.end() :]
    if number:
        return program[: number.start()] + str(int(number[0]) + 1 + int(rng.random() * 9)) + program[number.end() :]
    return program.rsplit("print(", 1)[0] + f"print({2 + int(rng.random() * 500)})"
