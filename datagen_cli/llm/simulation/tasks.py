"""Which kind of records a dataset holds, and the part each field plays, told from names, types, words and examples.

Kinds: word_problem, choice, truth (best, correct and incorrect answers), classes, pair (an instruction or question and
its response), plain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from datagen_cli.llm.simulation.names import words
from datagen_cli.llm.simulation.prompt import FieldAsked, Frame
from datagen_cli.llm.simulation.registers import words_of

MATH = frozenset(
    words("math maths mathematics mathematical arithmetic gsm8k gsm algebra calculation calculations sums")
)
QUESTION = (
    "question",
    "problem",
    "query",
    "prompt",
    "instruction",
    "task",
    "ctx",
    "context",
    "stem",
    "text",
    "input",
    "premise",
)
ANSWER = (
    "answer",
    "response",
    "output",
    "solution",
    "completion",
    "reply",
    "result",
    "target",
    "best_answer",
    "best answer",
)
CHOICES = ("choices", "options", "endings", "alternatives", "candidates", "answers", "choice_texts")
LABELS = (
    "label",
    "answer",
    "class",
    "category",
    "gold",
    "correct",
    "target",
    "sentiment",
    "topic",
    "intent",
    "answer_index",
)
STEPS = ("solution", "reasoning", "rationale", "explanation", "steps", "working", "chain_of_thought", "cot")
_ENDS_IN_NUMBER = re.compile(
    r"(?:####\s*|\\boxed\{|answer is:?\s*|=\s*)\$?-?[\d,]+(?:\.\d+)?\}?\$?\.?\s*$", re.IGNORECASE
)
_NUMBER_TEXT = re.compile(r"\s*[$€£]?-?\d[\d,]*(?:\.\d+)?\s*%?\s*$")


@dataclass(frozen=True, slots=True)
class Task:
    """A kind, and `roles`: which field is question, answer, steps, choices, label, wrong, right, input or text."""

    kind: str
    roles: Mapping[str, str] = field(default_factory=dict)
    form: str = ""

    def name(self, role: str) -> str:
        """The field that plays a part, or an empty name."""
        return self.roles.get(role, "")


def task_of(frame: Frame, examples: Sequence[Mapping[str, Any]]) -> Task:
    """The task of a request. Looks at the first two examples only."""
    key = frame.kept.get("fields")
    if key is None:
        key = tuple((one.name, one.type, one.description, one.values, one.items) for one in frame.fields)
        frame.kept["fields"] = key
    shapes = tuple(_shape([row.get(one.name) for row in examples[:2]]) for one in frame.fields)
    return _decide(frame.description, key, shapes)


def _shape(found: Sequence[Any]) -> str:
    """What an example's value looks like: number, numbertext, solution, letter, list, json, boolean, question, text."""
    value = found[0] if found else None
    if value is None:
        return ""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "list" if value and all(isinstance(item, str) for item in value) else "json"
    if not isinstance(value, str):
        return "json"
    if _NUMBER_TEXT.match(value):
        return "numbertext"
    if re.fullmatch(r"\(?[A-J]\)?", value.strip()):
        return "letter"
    if _ENDS_IN_NUMBER.search(value[-60:]):
        return "solution"
    return "question" if value.rstrip().endswith("?") else "text"


@lru_cache(maxsize=256)
def _decide(description: str, key: tuple[Any, ...], shapes: tuple[str, ...]) -> Task:
    fields = [FieldAsked(name, kind, about, values, {}, items) for name, kind, about, values, items in key]
    looks = {one.name: shape for one, shape in zip(fields, shapes, strict=True)}
    about = " ".join([description, *(one.description for one in fields)])
    return (
        _truth(fields)
        or _choice(fields, looks, about)
        or _word_problem(fields, looks, about)
        or _classes(fields, looks)
        or _pair(fields)
        or Task("plain")
    )


def _named(fields: Sequence[FieldAsked], names: Sequence[str], *kinds: str, but: Sequence[str] = ()) -> str:
    """The field whose name is the first of `names`, else one that begins or ends with it, among those of some type."""
    own = {one.name: one.name.lower().replace("-", "_") for one in fields if one.type in kinds and one.name not in but}
    exact = [field for name in names for field, text in own.items() if text == name]
    if exact:
        return exact[0]
    parts = [
        field
        for name in names
        for field, text in own.items()
        if text.startswith(f"{name}_") or text.endswith(f"_{name}")
    ]
    return parts[0] if parts else ""


def _truth(fields: list[FieldAsked]) -> Task | None:
    wrong = [
        one
        for one in fields
        if re.search(r"incorrect|wrong|false|distractor", one.name.lower()) and one.type in ("list", "text")
    ]
    question = _named(fields, QUESTION, "text")
    if not wrong or not question:
        return None
    right = [
        one
        for one in fields
        if one not in wrong and re.search(r"correct|right|true", one.name.lower()) and one.type in ("list", "text")
    ]
    answer = _named(
        fields, ("best_answer", "best answer", *ANSWER), "text", "label", but=[question, *(one.name for one in right)]
    )
    roles = {"question": question, "wrong": wrong[0].name, "right": right[0].name if right else "", "answer": answer}
    return Task("truth", {role: name for role, name in roles.items() if name})


def _choice(fields: list[FieldAsked], looks: Mapping[str, str], about: str) -> Task | None:
    choices = _named(fields, CHOICES, "list")
    if not choices:
        lists = [
            one.name
            for one in fields
            if one.type == "list" and one.items in ("", "text") and looks[one.name] in ("list", "")
        ]
        letters = [
            one for one in fields if one.values and all(re.fullmatch(r"[A-J]|\d", str(value)) for value in one.values)
        ]
        choices = lists[0] if lists and letters else ""
    if not choices:
        return None
    label = _named(fields, LABELS, "label", "number", "text", but=[choices]) or next(
        (one.name for one in fields if one.type == "label"), ""
    )
    question = _named(fields, QUESTION, "text", but=[choices, label]) or next(
        (one.name for one in fields if one.type == "text" and one.name != label), ""
    )
    if not question:
        return None
    spec = next((one for one in fields if one.name == label), FieldAsked(""))
    values = [str(value) for value in spec.values]
    if looks.get(label) == "letter" or (values and all(re.fullmatch(r"[A-J]", value) for value in values)):
        form = "letter"
    elif (
        looks.get(label) in ("number", "numbertext")
        or spec.type == "number"
        or (values and all(value.isdigit() for value in values))
    ):
        form = "index"
    else:
        form = (
            "text" if label and (looks.get(label) or spec.type == "text" or "letter" not in about.lower()) else "letter"
        )
    roles = {
        "question": question,
        "choices": choices,
        "label": label,
        "steps": _named(fields, STEPS, "text", but=[question, label]),
    }
    ending = (
        choices.lower() == "endings"
        or question.lower() in ("ctx", "context")
        or re.search(r"\bending|continuation|happens next", about)
    )
    return Task("choice", {role: name for role, name in roles.items() if name}, f"{form}{' ending' if ending else ''}")


def _word_problem(fields: list[FieldAsked], looks: Mapping[str, str], about: str) -> Task | None:
    question = _named(fields, QUESTION, "text")
    if not question:
        return None
    numeric = [
        one.name
        for one in fields
        if one.name != question
        and (
            one.type == "number"
            or (one.type == "label" and not one.values and looks[one.name] in ("number", "numbertext"))
        )
    ]
    answer = _named([one for one in fields if one.name in numeric], (*ANSWER, *LABELS), "number", "label")
    math = bool(MATH & set(words_of(about))) or "word problem" in about.lower()
    textual = _named(fields, ANSWER, "text", "label", but=[question])
    form = looks.get(textual, "")
    if not answer and not (textual and form in ("solution", "numbertext")) and not (math and textual and not form):
        return None
    if (
        not math
        and not (looks[question] == "question" and (answer or form in ("solution", "numbertext")))
        and not (answer and not looks[question])
    ):
        return None
    answer = answer or textual
    steps = _named(fields, STEPS, "text", but=[question, answer])
    plain = answer in numeric or form == "numbertext"
    roles = {"question": question, "answer": answer, "steps": steps}
    return Task("word_problem", {role: name for role, name in roles.items() if name}, "number" if plain else "solution")


def _classes(fields: list[FieldAsked], looks: Mapping[str, str]) -> Task | None:
    texts = [one for one in fields if one.type == "text"]
    label = next((one for one in fields if one.type == "label"), None) or next(
        (one for one in fields if one.type == "boolean" and len(fields) < 4), None
    )
    if label is None and len(texts) > 1:
        name = _named(fields, [name for name in LABELS if name not in ANSWER], "text", "number")
        label = next((one for one in fields if one.name == name), None)
    texts = [one for one in texts if label is None or one.name != label.name]
    if label is None or not texts:
        return None
    text = (
        _named(texts, ("text", "message", "review", "body", "content", "headline_text", "sentence", *QUESTION), "text")
        or texts[0].name
    )
    return Task("classes", {"text": text, "label": label.name})


def _pair(fields: list[FieldAsked]) -> Task | None:
    question = _named(fields, ("instruction", "question", "prompt", "query", "problem", "task", "user", "text"), "text")
    answer = _named(fields, (*ANSWER, "code", "assistant", "summary"), "text", but=[question])
    if not question or not answer:
        return None
    roles = {
        "question": question,
        "answer": answer,
        "input": _named(fields, ("input", "context"), "text", but=[question, answer]),
    }
    return Task("pair", {role: name for role, name in roles.items() if name})
