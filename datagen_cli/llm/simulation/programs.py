"""Python programs that work out a word problem, written from its question alone."""

from __future__ import annotations

import random
import re

from datagen_cli.llm.simulation import word_problems
from datagen_cli.llm.simulation.arithmetic import parse
from datagen_cli.llm.simulation.slots import pick
from datagen_cli.llm.simulation.word_problems import Step
from datagen_cli.llm.simulation.wording import plain

UNSOLVABLE = "UNSOLVABLE"
VARIABLES = ("total", "amount", "result", "current", "count", "value")


def program_for(rng: random.Random, question: str) -> str:
    """A program that prints the answer, or UNSOLVABLE when the question lacks something or cannot be understood."""
    program = word_problems.read(question)
    if program is None or program.answer is None:
        return f'print("{UNSOLVABLE}")'
    name = pick(rng, VARIABLES)
    lines = [line for step in program.steps for line in _lines(step, name, program.total)]
    if program.total:
        lines.append(f"{name} = sum(everyone)")
        lines.insert(0, "everyone = []")
    return _printed(rng, lines, name)


def _lines(step: Step, name: str, total: bool) -> list[str]:
    """A line a formula; results between are called `part`."""
    found = []
    formulas = parse(step.formulas)
    for place, tokens in enumerate(formulas):
        shown = " ".join(_token(token, step, name) for token in tokens)
        found.append(f"{name if place == len(formulas) - 1 else 'part'} = {shown}")
    if total:
        if not step.formulas.startswith("push "):
            found.append("everyone.clear()")
        found.append(f"everyone.append({name})")
    return found


def _token(token: str, step: Step, name: str) -> str:
    if token in ("v", "x"):
        return name if token == "v" else "part"
    return plain(step.given[token]) if token in step.given else token


def _printed(rng: random.Random, lines: list[str], name: str) -> str:
    shown = f"print(int({name}) if {name} == int({name}) else round({name}, 2))"
    if rng.random() < 0.4:
        body = "\n".join(f"    {line}" for line in [*lines, f"return {name}"])
        call = "solve()"
        return f"def solve():\n{body}\n\n\nanswer = {call}\n{shown.replace(name, 'answer')}"
    if rng.random() < 0.5:
        lines = ["# one line a step", *lines]
    return "\n".join([*lines, shown])


def spoiled(rng: random.Random, program: str) -> str:
    """The program with a mistake: another number or sign, a name that does not exist, or an early end."""
    if UNSOLVABLE in program:
        return f"print({2 + int(rng.random() * 500)})"
    kind = int(rng.random() * 4)
    numbers = list(re.finditer(r"(?<== )\d+\b|\b\d+$", program, re.MULTILINE))
    if kind == 0:
        return (
            program + "\nprint(undefined_result)\nraise SystemExit(1)"
            if rng.random() < 0.5
            else program.replace("print(", "print(missing + ", 1)
        )
    if kind == 1 and re.search(r" [+*] ", program):
        found = re.search(r" ([+*]) ", program)
        assert found is not None
        return program[: found.start()] + (" - " if found[1] == "+" else " + ") + program[found.end() :]
    if numbers:
        at = numbers[0]
        return program[: at.start()] + str(int(at[0]) + 1 + int(rng.random() * 9)) + program[at.end() :]
    return program.rsplit("print(", 1)[0] + f"print({2 + int(rng.random() * 500)})"
