"""Word problems as records: attributes and constraints become a wish, the answer takes the form of the base."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

from datagen_cli.config.fields import label_text
from datagen_cli.offline.corpus import corpus, pick
from datagen_cli.offline.problems.arithmetic import SYMBOLS, WORDS, Value, money, plain, read_number, tidy
from datagen_cli.offline.problems.reading import read
from datagen_cli.offline.problems.scenes import scenes_for
from datagen_cli.offline.problems.tell import Wish, WordProblem, with_answer, write
from datagen_cli.offline.written import Draft

ROOM = "It is so. " * 5  # as long as a sentence that a fault puts in


def fill_problem(draft: Draft) -> None:
    """Writes the question, its answer and, where asked for, the steps; notes a wrong answer and a missing number."""
    rng, shape, data = draft.rng, draft.shape, draft.data
    for spec in data.specs:  # labels that the plan leaves open, so that the problem is about them
        if spec.type == "label" and spec.values and spec.name != shape.name("answer"):
            draft.fields.setdefault(spec.name, pick(rng, spec.values))
    wish = wish_of(draft)
    problem = _problem(rng, draft.get("question"), draft.get("answer"), wish)
    value = problem.answer
    if "unsolvable" in draft.faults and problem.missing:
        draft.plant("unsolvable", "question", None)
    elif "wrong_label" in draft.faults:
        value = slip(rng, problem, wish)
        draft.plant("wrong_label", "answer", problem.answer)
    draft.put("question", problem.question)
    steps, texts = ([text for text in draft.shown(role) if isinstance(text, str)] for role in ("steps", "answer"))
    draft.put("steps", solution_text(rng, problem, value, steps))
    if shape.form == "solution":
        solved = texts or not shape.name("steps")
        draft.put("answer", solution_text(rng, problem, value, texts) if solved else final_line(rng, value, texts))
    else:
        as_text = data.spec(shape.name("answer")).type == "text" or texts
        draft.put("answer", plain(value) if as_text else value)


def _problem(rng: random.Random, question: Any, answer: Any, wish: Wish) -> WordProblem:
    """The problem of a given question, for a given answer, or a new one."""
    if isinstance(question, str):
        known = read(question)
        solved = None if known is None else known.answer
        return WordProblem(question, 2 + int(rng.random() * 90) if solved is None else solved)
    fixed = read_number(str(answer))
    return write(rng, wish) if fixed is None else with_answer(rng, fixed)


def wish_of(draft: Draft) -> Wish:
    """What attributes, labels and constraints ask of the problem; room is left for a sentence that a fault puts in."""
    data, shown = draft.data, draft.shown("answer")
    question, answer = draft.shape.name("question"), draft.shape.name("answer")
    told = {"currency": "", "setting": "", "topic": ""}
    steps = 0
    for name, text in draft.wanted.attributes.items():
        bare = text.partition(" (")[0].strip()
        coin = next((code for code, pattern in _wishes("currency") if re.search(pattern, text.lower())), "")
        parts = (part for part, pattern in _wishes("attribute") if re.search(pattern, name.lower()))
        part = next((part for part in parts if coin or part != "currency"), "")
        if part in told:
            told[part] = coin if part == "currency" else bare
        else:
            steps = steps or _count(bare)
    for spec in data.specs:
        if spec.type == "label" and spec.name in draft.fields and spec.name != answer and not told["topic"]:
            value = label_text(draft.fields[spec.name])
            known = scenes_for(value, needs_money=False)[1]
            told["topic"] = value if known else f"{value} {data.meanings.get(value, '')}".strip()
    counted = bool(shown) and draft.shape.form != "solution" and all("." not in str(value) for value in shown)
    room = ROOM if draft.faults & {"contradicted", "injected"} else ""

    def fits(text: str, value: Value) -> bool:
        written = {answer: value} if draft.shape.form != "solution" else {}
        return data.holds({question: text, **written}) and data.holds({question: room + text})

    coin = SYMBOLS.get(told.pop("currency"), "")
    return Wish(min(steps, 8), currency=coin, whole=counted, missing="unsolvable" in draft.faults, fits=fits, **told)


def _wishes(part: str) -> tuple[tuple[str, ...], ...]:
    return corpus("words")["wishes"].pairs(part)


def _count(text: str) -> int:
    """How many steps a number or a word for difficulty stands for; 0 for none."""
    found = re.search(r"\d+", text)
    levels = {word: int(steps) for word, steps in _wishes("level")}
    counts = (WORDS.index(word) for word in text.lower().split() if word in WORDS)
    return int(found[0]) if found else next(counts, levels.get(text.lower(), 0))


def slip(rng: random.Random, problem: WordProblem, wish: Wish) -> Value:
    """A wrong answer such as a slip of the pen or of a step gives; kept in the bounds of the wish where it can."""
    right = problem.answer
    near = [line.result for line in problem.lines[:-1][-2:]]
    options: list[Value] = [right + 1, right - 1, right + 10, right * 2, right + 2, right - 2, right + 5, *near]
    rng.shuffle(options)
    for value in options:
        if value != right and value > 0 and wish.fits(problem.question, value) and (not wish.whole or value % 1 == 0):
            return tidy(value)
    return right + 1


def solution_text(rng: random.Random, problem: WordProblem, answer: Value, examples: Sequence[str]) -> str:
    """The calculations, a line each, and the answer last; a wrong `answer` is led to by a slip in the last line."""
    annotated = any("<<" in shown for shown in examples)
    text = []
    for place, line in enumerate(problem.lines, 1):
        last = place == len(problem.lines)
        result = plain(answer if last else line.result)
        shown = f"<<{line.calculation.replace(' ', '')}={result}>>{result}" if annotated else result
        if last and problem.unit in SYMBOLS.values():
            shown = shown if annotated else money(answer, problem.unit)
        elif last:
            shown = f"{shown} {problem.unit}".rstrip()
        said = pick(rng, corpus("problems")["all"]["solution"]).format(calc=line.calculation, shown=shown)
        text.append(said[0].upper() + said[1:])
    return "\n".join([*(text or [f"{problem.name} comes to {plain(answer)}."]), final_line(rng, answer, examples)])


def final_line(rng: random.Random, answer: Value, examples: Sequence[str]) -> str:
    """How a solution ends: `#### 42`, a boxed number, or a sentence."""
    if any("####" in shown for shown in examples):
        return f"#### {plain(answer)}"
    if any("\\boxed" in shown for shown in examples):
        return f"The answer is $\\boxed{{{plain(answer)}}}$."
    return f"{pick(rng, ('The', 'So the'))} answer is {plain(answer)}."
