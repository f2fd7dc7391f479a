"""Word problems as records: attributes and constraints become a wish, the answer takes the form of the base."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

from datagen_cli.constraints.length import Length
from datagen_cli.constraints.range import Range
from datagen_cli.offline.corpus import Slots, corpus, pick
from datagen_cli.offline.dataset import DatasetView, label_text
from datagen_cli.offline.problems.arithmetic import Line
from datagen_cli.offline.problems.reading import read
from datagen_cli.offline.problems.scenes import scenes_for
from datagen_cli.offline.problems.tell import Wish, WordProblem, with_answer, write
from datagen_cli.offline.problems.wording import SYMBOLS, WORDS, Value, money, plain, tidy
from datagen_cli.offline.shape import RecordShape
from datagen_cli.offline.written import Job

ROOM = 15  # words of a sentence that a fault puts in
_WORDS_A = {"words": 1.0, "characters": 1 / 5.6, "tokens": 1 / 1.4}
_NUMBER = (r"####\s*\$?(-?[\d,]*\.?\d+)", r"\\boxed\{\s*(-?[\d,]*\.?\d+)", r"(-?\d[\d,]*(?:\.\d+)?)(?!.*\d)")


def fill_problem(job: Job) -> None:
    """Writes the question, its answer and, where asked for, the steps; notes a wrong answer and a missing number."""
    rng, shape = job.rng, job.shape
    shown = job.shown("answer")
    texts = [text for text in shown if isinstance(text, str)]
    for spec in job.data.specs:  # labels that the plan leaves open, so that the problem is about them
        if spec.type == "label" and spec.values and spec.name != shape.name("answer"):
            job.draft.fields.setdefault(spec.name, pick(rng, spec.values))
    wish = wish_of(job, shown)
    problem = _problem(rng, job.get("question"), job.get("answer"), wish)
    value = problem.answer
    if "unsolvable" in job.faults and problem.missing:
        job.plant("unsolvable", "question", None)
    elif "wrong_label" in job.faults:
        value = slip(rng, problem, wish)
        job.plant("wrong_label", "answer", problem.answer)
    job.put("question", problem.question)
    steps = shape.name("steps")
    if steps:
        job.put(
            "steps", solution_text(rng, problem, value, [text for text in job.shown("steps") if isinstance(text, str)])
        )
    if shape.form == "solution":
        solved = solution_text(rng, problem, value, texts) if texts or not steps else final_line(rng, value, texts)
        job.put("answer", solved)
    else:
        as_text = job.data.spec(shape.name("answer")).type == "text" or texts
        job.put("answer", plain(value) if as_text else value)


def _problem(rng: random.Random, question: Any, answer: Any, wish: Wish) -> WordProblem:
    """The problem of a given question, for a given answer, or a new one."""
    if isinstance(question, str):
        known = read(question)
        solved = known.answer if known is not None and known.answer is not None else 2 + int(rng.random() * 90)
        return WordProblem(question, solved, (), "", "The story")
    try:
        fixed = None if answer is None or isinstance(answer, bool) else tidy(float(str(answer).replace(",", "")))
    except ValueError:
        fixed = None
    return write(rng, wish) if fixed is None else with_answer(rng, fixed)


def wish_of(job: Job, shown: Sequence[Any]) -> Wish:
    """What attributes, labels and constraints ask of the problem; room is left for a sentence that a fault puts in."""
    data, answer = job.data, job.shape.name("answer")
    told = {"currency": "", "setting": "", "topic": ""}
    steps = 0
    for name, text in job.wanted.attributes.items():
        bare = text.partition(" (")[0].strip()
        coin = next((code for code, pattern in _wishes("currency") if re.search(pattern, text.lower())), "")
        parts = (part for part, pattern in _wishes("attribute") if re.search(pattern, name.lower()))
        part = next((part for part in parts if coin or part != "currency"), "")
        if part == "steps":
            steps = _count(text)
        elif part:
            told[part] = coin if part == "currency" else bare
        else:
            steps = steps or _level(bare)
    for spec in data.specs:
        if spec.type == "label" and spec.name in job.draft.fields and spec.name != answer and not told["topic"]:
            value = label_text(job.draft.fields[spec.name])
            known = scenes_for(value, needs_money=False)[1]
            told["topic"] = value if known else f"{value} {data.meanings.get(value, '')}".strip()
    low, high, least, most = _limits(data, job.shape)
    whole = any(not rule.holds(answer, 2.5) for rule in data.rules.get(answer, ()))
    counted = bool(shown) and job.shape.form != "solution" and all("." not in str(value) for value in shown)
    room = ROOM if job.faults & {"contradicted", "injected"} else 0
    return Wish(
        min(steps, 8), **told, low=low, high=high, whole=whole or counted, min_words=least,
        max_words=max(8, most - room) if most else 0, missing="unsolvable" in job.faults,
        symbol=SYMBOLS.get(told["currency"], "$"),
    )  # fmt: skip


def _wishes(part: str) -> tuple[tuple[str, ...], ...]:
    return corpus("words")["wishes"].pairs(part)


def _level(text: str) -> int:
    """How many steps a word for difficulty stands for; 0 for none."""
    return next((int(steps) for word, steps in _wishes("level") if word == text.lower()), 0)


def _limits(data: DatasetView, shape: RecordShape) -> tuple[float | None, float | None, int, int]:
    """Bounds of the answer, and least and most words of the question."""
    ranges = [rule for rule in data.rules.get(shape.name("answer"), ()) if isinstance(rule, Range)]
    lengths = [rule for rule in data.rules.get(shape.name("question"), ()) if isinstance(rule, Length)]
    bounds = [(low, high, _WORDS_A[unit]) for rule in lengths for unit, low, high in rule.bounds]
    least = max((int(low * words) + (words < 1) for low, _, words in bounds if low is not None), default=0)
    most = min((max(8, int(high * words)) for _, high, words in bounds if high is not None), default=0)
    low = max((rule.low for rule in ranges if rule.low is not None), default=None)
    return low, min((rule.high for rule in ranges if rule.high is not None), default=None), least, most


def _count(text: str) -> int:
    found = re.search(r"\d+", text)
    if found:
        return int(found[0])
    return next((WORDS.index(word) for word in text.lower().split() if word in WORDS), _level(text))


def slip(rng: random.Random, problem: WordProblem, wish: Wish) -> Value:
    """A wrong answer such as a slip of the pen or of a step gives; kept in the bounds of the wish where it can."""
    right = problem.answer
    near = [line.result for line in problem.lines[:-1][-2:]]
    options: list[Value] = [right + 1, right - 1, right + 10, right * 2, right + 2, right - 2, right + 5, *near]
    rng.shuffle(options)
    for value in options:
        if value != right and value > 0 and wish.allows(value) and (not wish.whole or value % 1 == 0):
            return tidy(value)
    return right + 1


def context(rng: random.Random) -> str:
    """A sentence that adds nothing to count."""
    return Slots(rng).say(corpus("problems")["all"]["aside"])


def solution_text(rng: random.Random, problem: WordProblem, answer: Value, examples: Sequence[str]) -> str:
    """The calculations, a line each, and the answer last; a wrong `answer` is led to by a slip in the last line."""
    annotated = any("<<" in shown for shown in examples)
    lines = list(problem.lines)
    if answer != problem.answer and lines:
        lines[-1] = Line(lines[-1].calculation, answer)
    text = [
        _line(rng, line, problem.unit if place == len(lines) - 1 else "", annotated) for place, line in enumerate(lines)
    ]
    return "\n".join([*(text or [f"{problem.name} comes to {plain(answer)}."]), final_line(rng, answer, examples)])


def final_line(rng: random.Random, answer: Value, examples: Sequence[str]) -> str:
    """How a solution ends: `#### 42`, a boxed number, or a sentence."""
    if any("####" in shown for shown in examples):
        return f"#### {plain(answer)}"
    if any("\\boxed" in shown for shown in examples):
        return f"The answer is $\\boxed{{{plain(answer)}}}$."
    return f"{pick(rng, ('The', 'So the'))} answer is {plain(answer)}."


def _line(rng: random.Random, line: Line, unit: str, annotated: bool) -> str:
    result = plain(line.result)
    if annotated:
        result = f"<<{line.calculation.replace(' ', '')}={result}>>{result}"
    priced = unit in SYMBOLS.values()
    shown = f"{result} {unit}".rstrip() if not priced else result if annotated else money(line.result, unit)
    text = pick(rng, corpus("problems")["all"]["solution"]).format(calc=line.calculation, shown=shown)
    return text[0].upper() + text[1:]


def last_number(text: str) -> str | None:
    """The final answer of a solution text as written: after `####`, in a box, or its last number."""
    found = next((found for pattern in _NUMBER if (found := re.search(pattern, text, re.DOTALL))), None)
    return found[1].replace(",", "") if found else None
