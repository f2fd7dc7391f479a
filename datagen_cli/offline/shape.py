"""What kind of records a dataset holds, and the part each field plays: told from names, types, words and examples.

Kinds: problem (a word problem with a number), choice, truth (best, correct and incorrect answers), classes, pair (an
instruction or question with its response), plain.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen_cli.core.fields import FieldSpec
from datagen_cli.offline.corpus import corpus, words_of

_ENDS_IN_NUMBER = re.compile(
    r"(?:####\s*|\\boxed\{|answer is:?\s*|=\s*)\$?-?[\d,]+(?:\.\d+)?\}?\$?\.?\s*$", re.IGNORECASE
)
_NUMBER_TEXT = re.compile(r"\s*[$€£]?-?\d[\d,]*(?:\.\d+)?\s*+(?:%\s*+)?$")


@dataclass(frozen=True, slots=True)
class RecordShape:
    """A kind; `roles` says which field is question, answer, steps, choices, label, wrong, right, input or text; `form`
    how the answer or the label is written (number, solution; letter, index, text)."""

    kind: str
    roles: Mapping[str, str] = field(default_factory=dict)
    form: str = ""

    def name(self, role: str) -> str:
        """The field that plays a part, or an empty name."""
        return self.roles.get(role, "")


def looks_like(value: Any) -> str:
    """What a value of a base row is: number, numbertext, solution, letter, list, json, boolean, question or text."""
    if value is None or isinstance(value, bool):
        return "" if value is None else "boolean"
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


def shape_of(description: str, fields: Sequence[FieldSpec], looks_of: Sequence[str]) -> RecordShape:
    """The shape of a dataset, from a description, its fields, and what their values look like in one row."""
    looks = {spec.name: look for spec, look in zip(fields, looks_of, strict=True)}
    about = " ".join([description, *(spec.description for spec in fields)]).lower()
    found = (decide(fields, looks, about) for decide in (_truth, _choice, _problem, _classes, _pair))
    return next(filter(None, found), RecordShape("plain"))


def _shape(kind: str, form: str = "", **roles: str) -> RecordShape:
    return RecordShape(kind, {role: name for role, name in roles.items() if name}, form)


def _named(fields: Sequence[FieldSpec], parts: str, kinds: Collection[str], but: Collection[str] = ()) -> str:
    """Of the fields of some type the one with the likeliest name for `parts`, else one that begins or ends with it."""
    names = [name for part in parts.split() for name in corpus("words")["fields"].listed(part)]
    open_to = [spec.name for spec in fields if spec.type in kinds and spec.name not in but]
    own = {name: re.sub(r"[- ]", "_", name.lower()) for name in open_to}
    exact = (field for name in names for field, text in own.items() if text == name)
    ends = (field for name in names for field, text in own.items() if re.search(f"^{name}_|_{name}$", text))
    return next(exact, "") or next(ends, "")


def _truth(fields: Sequence[FieldSpec], looks: Mapping[str, str], about: str) -> RecordShape | None:
    answers = [spec.name for spec in fields if spec.type in ("list", "text")]
    wrong = [name for name in answers if re.search(r"incorrect|wrong|false|distractor", name.lower())]
    question = _named(fields, "question", ("text",))
    if not wrong or not question:
        return None
    right = [name for name in answers if name not in wrong and re.search(r"correct|right|true", name.lower())]
    answer = _named(fields, "best answer", ("text", "label"), [question, *right, *wrong])
    return _shape("truth", question=question, wrong=wrong[0], right=right[0] if right else "", answer=answer)


def _choice(fields: Sequence[FieldSpec], looks: Mapping[str, str], about: str) -> RecordShape | None:
    choices = _named(fields, "choices", ("list",))
    letters = [spec for spec in fields if spec.values and all(re.fullmatch(r"[A-J]|\d", str(v)) for v in spec.values)]
    if not choices and letters:
        lists = (spec for spec in fields if spec.type == "list" and spec.item_type in ("", "text"))
        choices = next((spec.name for spec in lists if looks[spec.name] in ("list", "")), "")
    if not choices:
        return None
    labels = [spec.name for spec in fields if spec.type == "label"]
    label = _named(fields, "labels", ("label", "number", "text"), [choices]) or next(iter(labels), "")
    texts = [spec.name for spec in fields if spec.type == "text" and spec.name != label]
    question = _named(fields, "question", ("text",), [choices, label]) or next(iter(texts), "")
    if not question:
        return None
    spec = next((spec for spec in fields if spec.name == label), FieldSpec(""))
    values = [str(value) for value in spec.values]
    numbers = looks.get(label) in ("number", "numbertext") or spec.type == "number"
    if looks.get(label) == "letter" or (values and all(re.fullmatch(r"[A-J]", value) for value in values)):
        form = "letter"
    elif numbers or (values and all(value.isdigit() for value in values)):
        form = "index"
    else:
        form = "text" if label and (looks.get(label) or spec.type == "text" or "letter" not in about) else "letter"
    ends = choices.lower() == "endings" or question.lower() in ("ctx", "context")
    if ends or re.search(r"\bending|continuation|happens next", about):
        form += " ending"
    steps = _named(fields, "steps", ("text",), [question, label])
    return _shape("choice", form, question=question, choices=choices, label=label, steps=steps)


def _problem(fields: Sequence[FieldSpec], looks: Mapping[str, str], about: str) -> RecordShape | None:
    question = _named(fields, "question", ("text",))
    if not question:
        return None
    numeric = [
        spec
        for spec in fields
        if spec.type == "number"
        or (spec.type == "label" and not spec.values and looks[spec.name] in ("number", "numbertext"))
    ]
    answer = _named(numeric, "answer labels", ("number", "label"))
    textual = _named(fields, "answer", ("text", "label"), [question])
    form = looks.get(textual, "")
    counted = form in ("solution", "numbertext")
    math = bool(set(corpus("words")["fields"].listed("math")) & set(words_of(about))) or "word problem" in about
    if not answer and not (textual and (counted or (math and not form))):
        return None
    asked = looks[question] == "question" and (answer or counted)
    if not math and not asked and not (answer and not looks[question]):
        return None
    numbers = bool(answer) or form == "numbertext"
    answer = answer or textual
    steps = _named(fields, "steps", ("text",), [question, answer])
    return _shape("problem", "number" if numbers else "solution", question=question, answer=answer, steps=steps)


def _classes(fields: Sequence[FieldSpec], looks: Mapping[str, str], about: str) -> RecordShape | None:
    labels = [spec.name for spec in fields if spec.type == "label"]
    labels += [spec.name for spec in fields if spec.type == "boolean" and len(fields) < 4]
    texts = [spec.name for spec in fields if spec.type == "text"]
    if not labels and len(texts) > 1:
        labels = [_named(fields, "classes", ("text", "number"))]
    label = next(iter(labels), "")
    texts = [name for name in texts if name != label]
    if not label or not texts:
        return None
    return _shape("classes", text=_named(fields, "texts", ("text",), [label]) or texts[0], label=label)


def _pair(fields: Sequence[FieldSpec], looks: Mapping[str, str], about: str) -> RecordShape | None:
    question = _named(fields, "asked", ("text",))
    answer = _named(fields, "answer reply", ("text",), [question])
    if not question or not answer:
        return None
    given = _named(fields, "given", ("text",), [question, answer])
    return _shape("pair", question=question, answer=answer, input=given)
