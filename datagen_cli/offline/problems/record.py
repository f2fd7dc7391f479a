"""Word problems as records: attributes and constraints become a wish, the answer takes the form of the base."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.constraints.length import Length
from datagen_cli.constraints.range import Range
from datagen_cli.core.task import Wanted
from datagen_cli.offline.corpus import Slots, corpus, pick
from datagen_cli.offline.dataset import Dataset, label_text
from datagen_cli.offline.problems.arithmetic import Line
from datagen_cli.offline.problems.reading import read
from datagen_cli.offline.problems.scenes import scenes_for
from datagen_cli.offline.problems.tell import Problem, Wish, with_answer, write
from datagen_cli.offline.problems.wording import SYMBOLS, WORDS, Value, money, plain, tidy
from datagen_cli.offline.shape import Shape
from datagen_cli.offline.written import Draft

CURRENCIES = {
    "usd": r"usd|dollar|\$", "eur": r"eur\b|euros?\b|€", "gbp": r"gbp|pound|sterling|£", "inr": r"inr|rupee|₹",
    "jpy": r"jpy|yen|¥",
}  # fmt: skip
LEVELS = {
    "simple": 1,
    "easy": 2,
    "medium": 3,
    "moderate": 3,
    "hard": 5,
    "difficult": 5,
    "challenging": 6,
    "advanced": 6,
}
ROOM = 15  # words of a sentence that a fault puts in
_WORDS_A = {"words": 1.0, "characters": 1 / 5.6, "tokens": 1 / 1.4}
_NUMBER = (r"####\s*\$?(-?[\d,]*\.?\d+)", r"\\boxed\{\s*(-?[\d,]*\.?\d+)", r"(-?\d[\d,]*(?:\.\d+)?)(?!.*\d)")


def fill_problem(
    rng: random.Random,
    data: Dataset,
    shape: Shape,
    rows: Sequence[Mapping[str, Any]],
    wanted: Wanted,
    draft: Draft,
    faults: frozenset[str],
) -> None:
    """Writes the question, its answer and, where asked for, the steps; notes a wrong answer and a missing number."""
    question, answer, steps = shape.name("question"), shape.name("answer"), shape.name("steps")
    shown = [row[answer] for row in rows if row.get(answer) is not None]
    texts = [text for text in shown if isinstance(text, str)]
    for spec in data.specs:  # labels that the plan leaves open, so that the problem is about them
        if spec.type == "label" and spec.values and spec.name != answer:
            draft.fields.setdefault(spec.name, pick(rng, spec.values))
    wish = wish_of(data, shape, wanted, draft.fields, faults, shown)
    problem = _problem(rng, draft.fields.get(question), draft.fields.get(answer), wish)
    value = problem.answer
    if "unsolvable" in faults and problem.missing:
        draft.plants.append(("unsolvable", question, None))
    elif "wrong_label" in faults:
        value = slip(rng, problem, wish)
        draft.plants.append(("wrong_label", answer, problem.answer))
    draft.fields.setdefault(question, problem.question)
    if steps:
        reasons = [row[steps] for row in rows if isinstance(row.get(steps), str)]
        draft.fields.setdefault(steps, solution_text(rng, problem, value, reasons))
    if shape.form == "solution":
        solved = solution_text(rng, problem, value, texts) if texts or not steps else final_line(rng, value, texts)
        draft.fields.setdefault(answer, solved)
    else:
        draft.fields.setdefault(answer, plain(value) if data.spec(answer).type == "text" or texts else value)


def _problem(rng: random.Random, question: Any, answer: Any, wish: Wish) -> Problem:
    """The problem of a given question, for a given answer, or a new one."""
    if isinstance(question, str):
        known = read(question)
        solved = known.answer if known is not None and known.answer is not None else 2 + int(rng.random() * 90)
        return Problem(question, solved, (), "", "The story")
    try:
        fixed = None if answer is None or isinstance(answer, bool) else tidy(float(str(answer).replace(",", "")))
    except ValueError:
        fixed = None
    return write(rng, wish) if fixed is None else with_answer(rng, fixed)


def wish_of(
    data: Dataset, shape: Shape, wanted: Wanted, given: Mapping[str, Any], faults: frozenset[str], shown: Sequence[Any]
) -> Wish:
    """What attributes, labels and constraints ask of the problem; room is left for a sentence that a fault puts in."""
    topic = setting = currency = ""
    steps = 0
    for name, text in wanted.attributes.items():
        bare = text.partition(" (")[0].strip()
        coin = next((code for code, pattern in CURRENCIES.items() if re.search(pattern, text.lower())), "")
        if coin and re.search(r"currenc|money", name, re.IGNORECASE):
            currency = coin
        elif re.search(r"step|operation|depth|hops", name, re.IGNORECASE):
            steps = _count(text)
        elif re.search(r"setting|place|location|where|scene$", name, re.IGNORECASE):
            setting = bare
        elif re.search(r"topic|subject|theme|domain|category|area|field|context$|scenario", name, re.IGNORECASE):
            topic = bare
        else:
            steps = steps or LEVELS.get(bare.lower(), 0)
    for spec in data.specs:
        if spec.type == "label" and spec.name in given and spec.name != shape.name("answer") and not topic:
            value = label_text(given[spec.name])
            topic = value if scenes_for(value, False)[1] else f"{value} {data.meanings.get(value, '')}".strip()
    low, high, least, most = _limits(data, shape)
    whole = any(not rule.holds(shape.name("answer"), 2.5) for rule in data.rules.get(shape.name("answer"), ()))
    counted = bool(shown) and shape.form != "solution" and all("." not in str(value) for value in shown)
    room = ROOM if faults & {"contradicted", "injected"} else 0
    return Wish(
        min(steps, 8), topic, currency, setting, low, high, whole or counted, least,
        max(8, most - room) if most else 0, "unsolvable" in faults, SYMBOLS.get(currency, "$"),
    )  # fmt: skip


def _limits(data: Dataset, shape: Shape) -> tuple[float | None, float | None, int, int]:
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
    return next((WORDS.index(word) for word in text.lower().split() if word in WORDS), LEVELS.get(text.lower(), 0))


def slip(rng: random.Random, problem: Problem, wish: Wish) -> Value:
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


def solution_text(rng: random.Random, problem: Problem, answer: Value, examples: Sequence[str]) -> str:
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
