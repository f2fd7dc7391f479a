"""Solution texts of word problems, in the form that the examples of the base have."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from datagen_cli.llm.simulation.arithmetic import Line, Value
from datagen_cli.llm.simulation.slots import pick
from datagen_cli.llm.simulation.word_problems import Problem
from datagen_cli.llm.simulation.wording import money, plain

STEPS = (
    "{calc} = {shown}.",
    "That makes {calc} = {shown}.",
    "So there are {calc} = {shown}.",
    "Next, {calc} = {shown}.",
    "This gives {calc} = {shown}.",
    "Altogether, {calc} = {shown}.",
    "We work out {calc} = {shown}.",
)
ENDINGS = ("The answer is {answer}.", "So the answer is {answer}.")


def solution_text(rng: random.Random, problem: Problem, answer: Value, examples: Sequence[str]) -> str:
    """The calculations, a line each, and the answer last; a wrong `answer` is led to by a slip in the last line."""
    annotated = any("<<" in shown for shown in examples)
    lines = list(problem.lines)
    if answer != problem.answer and lines:
        lines[-1] = Line(lines[-1].calculation, answer)
    text = [_line(rng, line, problem, annotated, last=place == len(lines) - 1) for place, line in enumerate(lines)]
    if not text:
        text = [f"{problem.name} has {plain(answer)}."]
    return "\n".join([*text, final_line(rng, answer, examples)])


def final_line(rng: random.Random, answer: Value, examples: Sequence[str]) -> str:
    """How a solution ends: `#### 42`, a boxed number, or a sentence."""
    if any("####" in shown for shown in examples):
        return f"#### {plain(answer)}"
    if any("\\boxed" in shown for shown in examples):
        return f"The answer is $\\boxed{{{plain(answer)}}}$."
    return pick(rng, ENDINGS).format(answer=plain(answer))


def _line(rng: random.Random, line: Line, problem: Problem, annotated: bool, *, last: bool) -> str:
    calculation = line.calculation
    if annotated:
        squeezed = calculation.replace(" ", "")
        calculation, result = calculation, f"<<{squeezed}={plain(line.result)}>>{plain(line.result)}"
    else:
        result = plain(line.result)
    unit = problem.unit if last else ""
    if unit in ("$", "€", "£", "₹", "¥"):
        shown = result if annotated else money(line.result, unit)
    else:
        shown = f"{result} {unit}".rstrip()
    text = pick(rng, STEPS).format(calc=calculation, shown=shown, name=problem.name)
    return text[0].upper() + text[1:]


def last_number(text: str) -> str | None:
    """The final answer of a solution text as written: after `####`, in a box, or its last number."""
    for pattern in (r"####\s*\$?(-?[\d,]*\.?\d+)", r"\\boxed\{\s*(-?[\d,]*\.?\d+)", r"(-?\d[\d,]*(?:\.\d+)?)(?!.*\d)"):
        found = re.search(pattern, text, re.DOTALL)
        if found:
            return found[1].replace(",", "")
    return None
