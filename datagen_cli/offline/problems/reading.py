"""Word problems read back from their text alone, and Python programs that work them out.

Recognises the sentences of `data/problems.txt`, whatever stands between them, and no other problems.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from datagen_cli.offline.corpus import corpus, pick
from datagen_cli.offline.problems.arithmetic import FRACTIONS, WORDS, Line, Value, plain, read_number, work_out
from datagen_cli.offline.problems.scenes import questions, statements

UNSOLVABLE = "UNSOLVABLE"
LONGEST = 240  # characters of a sentence that is looked at; ours are shorter
_SPLIT = re.compile(r"(?<=[.?!])\s+")
_NUMERIC = re.compile(
    rf"\d|\b(?:{'|'.join(WORDS[2:])}|twice|thrice|half|double[sd]?|triple[sd]?|dozen|thirds?|quarters?|fifths?|each|every)\b",
    re.IGNORECASE,
)

Step = tuple[str, dict[str, Value | None]]
"""The formulas of a recognised sentence and the numbers in it; None for one that is missing."""


@dataclass(frozen=True, slots=True)
class Program:
    """A problem as read back: its calculations. `answer` is None when a number that it needs is missing."""

    lines: tuple[Line, ...] = ()
    answer: Value | None = None


@lru_cache(maxsize=1)
def _connected() -> re.Pattern[str]:
    joined = "|".join(line.replace("{day}", r"\w+day") for line in corpus("problems")["all"]["connector"])
    return re.compile(rf"^(?:{joined}) ")


def read(question: str) -> Program | None:
    """The calculations that the text tells. None when it is not one of ours, or a number in it stays unexplained."""
    steps: list[Step] = []
    for sentence in _SPLIT.split(question.strip()):
        bare = _connected().sub("", sentence)
        step = _recognise(bare[:1].upper() + bare[1:])
        if sentence.endswith("?"):
            if not any(asked.read(sentence) is not None for asked in questions()):
                return None
        elif step is None and _NUMERIC.search(sentence):
            return None
        elif step is not None and step[0] != "-":
            steps.append(step)
    if not steps or any("v" not in formulas for formulas, _ in steps[1:]):
        return None  # nothing to count, or two quantities to begin with: somebody else's problem
    return _worked_out(steps)


def _recognise(sentence: str) -> Step | None:
    """The step that a sentence tells."""
    for wording in statements() if len(sentence) <= LONGEST else ():
        found = wording.read(sentence)
        if found is not None:
            given: dict[str, Value | None] = {slot: read_number(found[slot]) for slot in "nmkptc" if slot in found}
            if "f" in found:
                given["a"], given["b"] = FRACTIONS[found["f"]]
            return wording.formulas, given
    return None


def _worked_out(steps: Sequence[Step]) -> Program:
    lines: list[Line] = []
    v: Value = 0
    for place, (formulas, given) in enumerate(steps):
        known = {slot: value for slot, value in given.items() if value is not None}
        if len(known) < len(given) or (not place and "v" in formulas):
            return Program()
        try:
            told, v = work_out(formulas, v, known)
        except (ZeroDivisionError, OverflowError):
            return Program()
        lines += told
    return Program(tuple(lines), v)


def program_for(rng: random.Random, question: str) -> str:
    """A program that prints the answer, or UNSOLVABLE when the question lacks something or is not understood."""
    program = read(question)
    if program is None or program.answer is None:
        return f'print("{UNSOLVABLE}")'
    name = pick(rng, ("total", "amount", "result", "current", "count", "value"))
    lines = [f"{name} = {line.calculation}" for line in program.lines] or [f"{name} = {plain(program.answer)}"]
    return "\n".join([*lines, f"print(int({name}) if {name} == int({name}) else round({name}, 2))"])


def spoiled(rng: random.Random, program: str) -> str:
    """The program with a mistake: a name that does not exist, another number in it, or another one printed."""
    numbers = list(re.finditer(r"(?<== )\d+\b|\b\d+$", program, re.MULTILINE))
    if UNSOLVABLE not in program and rng.random() < 0.25:
        return program.replace("print(", "print(missing, ", 1)
    if numbers:
        last = numbers[-1]  # a line says again what the lines before it came to
        return program[: last.start()] + str(int(last[0]) + 1 + int(rng.random() * 9)) + program[last.end() :]
    return program.rsplit("print(", 1)[0] + f"print({2 + int(rng.random() * 500)})"
