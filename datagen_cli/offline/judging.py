"""What is wrong with a finished record, judged by the record alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from datagen_cli.config.fields import label_text
from datagen_cli.offline.corpus import corpus
from datagen_cli.offline.dataset import DatasetView
from datagen_cli.offline.labelled import marks_of
from datagen_cli.offline.problems.arithmetic import plain
from datagen_cli.offline.problems.reading import read
from datagen_cli.offline.quiz import answer_of, facts, right_choice
from datagen_cli.offline.shape import RecordShape
from datagen_cli.offline.texts import topic_of
from datagen_cli.text.answers import final_answer, same_number
from datagen_cli.text.normalise import fold

_CAPITAL = re.compile(r"The capital of ([A-Z]\w+) is ([A-Z][\w ]+?)(?:\.|$)")
_SOLVED = ("answer", "steps")
Found = tuple[str, dict[str, Any]]
"""What is wrong in a sentence (empty for nothing), and the fields that would put it right."""


def faults_of(data: DatasetView, record: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """What is wrong with a record, and what would mend it."""
    shape = data.shape([record])
    reasons: list[str] = []
    mended: dict[str, Any] = {}
    for name, text in record.items():
        if isinstance(text, str):
            for order in orders_in(text):
                reasons.append(f"{name}: holds an instruction that is no part of the record")
                mended[name] = " ".join(text.replace(order, " ").split())
            if corrected(text) != text:
                reasons.append(f"{name}: says something wrong about a capital")
                mended[name] = corrected(mended.get(name, text))
    for name, rules in data.rules.items():
        broken = [rule for rule in rules if not rule.holds(name, record.get(name))]
        reasons += [f"{name}: breaks a constraint ({type(rule).__name__.lower()})" for rule in broken]
    judges = {"problem": _problem, "choice": _choice, "truth": _truth, "classes": _class}
    more, fixed = judges[shape.kind](data, shape, record) if shape.kind in judges else ("", {})
    return [*reasons, *([more] if more else ())], {**mended, **fixed}


def orders_in(text: str) -> list[str]:
    """The planted instructions that a text holds."""
    return [order for order in corpus("sentences")["order"]["say"] if order in text]


def corrected(text: str) -> str:
    """The text with every false capital put right."""
    for country, city in _CAPITAL.findall(text):
        (known,) = facts("capital").get(country, (city,))
        text = text.replace(f"{country} is {city}", f"{country} is {known}")
    return text


def _problem(data: DatasetView, shape: RecordShape, record: Mapping[str, Any]) -> Found:
    program, name = read(str(record.get(shape.name("question"), ""))), shape.name("answer")
    if program is None or program.answer is None:
        return "" if program is None else "the question lacks a number that it needs", {}
    value, right = record.get(name), plain(program.answer)
    given = final_answer(value) if isinstance(value, str) else value
    if same_number(given, right):
        return "", {}
    fixed = right.join(value.rsplit(given, 1)) if isinstance(value, str) and given else program.answer
    return f"{name}: the answer is {right}, not {given}", {name: fixed}


def _choice(data: DatasetView, shape: RecordShape, record: Mapping[str, Any]) -> Found:
    choices, label = record.get(shape.name("choices")), label_text(record.get(shape.name("label")))
    texts = choices if isinstance(choices, list) and all(isinstance(one, str) for one in choices) else []
    right = right_choice(str(record.get(shape.name("question"), "")), texts)
    marks = marks_of(data, shape, [record])
    wrong = right is not None and label not in (texts[right], *map(label_text, marks[right : right + 1]))
    return f"the right choice is {texts[right]}" if wrong and right is not None else "", {}


def _truth(data: DatasetView, shape: RecordShape, record: Mapping[str, Any]) -> Found:
    """Objects to a best answer that is among the incorrect ones, or not among the correct ones."""
    name, of_right, of_wrong = shape.name("answer"), shape.name("right"), shape.name("wrong")
    best, right, wrong = record.get(name), answers_in(record.get(of_right)), answers_in(record.get(of_wrong))
    if not isinstance(best, str):
        return "", {}
    if fold(best) in map(fold, wrong):
        known = next((text for text in right if fold(text) not in map(fold, wrong)), None)
        known = known or answer_of(str(record.get(shape.name("question"), "")))
        return f"{name}: it is one of {of_wrong}", {name: known} if known and fold(known) != fold(best) else {}
    both = [best, *right]
    missing = of_right and fold(best) not in map(fold, right)
    mended = {of_right: both if isinstance(record.get(of_right), list) else "; ".join(both)}
    return (f"{of_right}: {name} is missing from it", mended) if missing else ("", {})


def answers_in(value: Any) -> list[str]:
    """The answers of a list, or of a text that joins them by a semicolon."""
    parts = value.split(";") if isinstance(value, str) else value if isinstance(value, list) else []
    return [part.strip() for part in parts if isinstance(part, str) and part.strip()]


def _class(data: DatasetView, shape: RecordShape, record: Mapping[str, Any]) -> Found:
    name = shape.name("label")
    values = data.values(name)
    text = str(record.get(shape.name("text"), ""))
    found = topic_of(text, data.topics(name, values)[2]) if len(values) > 1 else None
    return "" if found in (None, label_text(record.get(name))) else f"{name}: the text is about {found}", {}


def still_answered(shape: RecordShape, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a record has the answer it had, as far as its question, its choices or the answer itself were changed.

    An answer that cannot be told any more counts as lost; in a pair only where it could be told before.
    """
    if shape.kind == "problem" and any(before.get(shape.name(role)) != after.get(shape.name(role)) for role in _SOLVED):
        return False
    question, choices = shape.name("question"), shape.name("choices")
    if before.get(question) == after.get(question) and before.get(choices) == after.get(choices):
        return True
    asked = ((str(row.get(question, "")), row.get(choices)) for row in (before, after))
    was, now = (right_choice(text, listed) if listed else answer_of(text) for text, listed in asked)
    if shape.kind == "problem":
        return was is not None and was == now
    return was in (None, now) and (now is not None or shape.kind == "pair")
