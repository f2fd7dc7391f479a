"""Records with a label: classified texts, multiple choice, and questions with right and wrong answers."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.llm.simulation.activities import write_ending
from datagen_cli.llm.simulation.draft import Draft
from datagen_cli.llm.simulation.prompt import Asked, FieldAsked, Frame, Wanted, label_text
from datagen_cli.llm.simulation.prose import class_text
from datagen_cli.llm.simulation.quiz import Quiz, misconception, write_quiz
from datagen_cli.llm.simulation.registers import Subject, aspect_of, content_words, register_of, subjects_of
from datagen_cli.llm.simulation.slots import pick
from datagen_cli.llm.simulation.tasks import Task

LETTERS = "ABCDEFGHIJ"
MOODS = {
    r"angry|furious|upset|annoyed": "I am really annoyed by now.",
    r"polite|friendly|kind": "Thank you very much for your help.",
    r"urgent|high|critical": "It is urgent for me.",
    r"casual|informal|relaxed": "No rush, by the way.",
    r"formal": "I look forward to your reply.",
    r"confused|unsure|beginner": "I am not sure I understand how this works.",
    r"hurried|in a hurry|rushed": "I am in a hurry.",
    r"second contact|repeated contact|follow-up": "This is my second message about the same matter.",
    r"low|minor": "It is a small matter.",
}


def values_of(asked: Asked, name: str) -> list[Any]:
    """The label's values: those of the field, of the labels fence, of the examples; empty when nothing says them."""
    spec = asked.frame.field(name) or FieldAsked(name)
    if spec.values:
        return list(spec.values)
    if spec.type == "boolean":
        return [True, False]
    if asked.frame.labels:
        return list(asked.frame.labels)
    found = [row[name] for row in asked.examples if isinstance(row.get(name), str | int | float | bool)]
    return list(dict.fromkeys(found))


def subjects_for(asked: Asked, name: str, values: Sequence[Any]) -> tuple[str, str, dict[str, Subject]]:
    """The register, what is reviewed, and a subject for every value (as text)."""
    spec = asked.frame.field(name) or FieldAsked(name)
    pairs = tuple((label_text(value), asked.frame.labels.get(label_text(value), "")) for value in values)
    about = " ".join(
        [asked.frame.description, *(f"{one.name} {one.description}" for one in asked.frame.fields), spec.name]
    )
    register = register_of(about, pairs)
    return register, aspect_of(about), subjects_of(pairs, register)


def fill_class(
    rng: random.Random, asked: Asked, task: Task, wanted: Wanted, draft: Draft, faults: frozenset[str]
) -> None:
    """A text for its label; with `wrong_label`, a text about another label than the one it gets."""
    name, text_name = task.name("label"), task.name("text")
    values = values_of(asked, name)
    label = wanted.given.get(name)
    if label is None:
        label = pick(rng, values) if values else pick(rng, ("general", "technical", "personal", "business"))
    if all(label_text(value) != label_text(label) for value in values):
        values = [*values, label]
    register, aspect, subjects = subjects_for(asked, name, values)
    about = label
    others = [value for value in values if label_text(value) != label_text(label)]
    if "wrong_label" in faults and others:
        about = pick(rng, others)
        draft.plants.append(("wrong_label", name, about))
    subject = subjects[label_text(about)]
    if subject.bank == "words":
        subject = _with_examples(subject, asked, name, text_name, about)
    draft.fields[name] = label
    draft.fields[text_name] = class_text(rng, register, subject, aspect, _mood(wanted.attributes))
    for one in asked.frame.fields:
        if (
            one.type == "text"
            and re.search(r"title|headline|subject|summary", one.name.lower())
            and one.name not in draft.fields
        ):
            draft.fields[one.name] = class_text(rng, "headline", subject, aspect)


def _with_examples(subject: Subject, asked: Asked, name: str, text_name: str, label: Any) -> Subject:
    """A label no bank knows, with the telling words of its own examples."""
    shown = [str(row.get(text_name, "")) for row in asked.examples if label_text(row.get(name)) == label_text(label)]
    words = [word for text in shown for word in content_words(text, 8)]
    own = () if subject.keywords == (label_text(label),) and words else subject.keywords
    return Subject("words", "", (*own, *dict.fromkeys(word for word in words if len(word) > 4)))


def _mood(attributes: Mapping[str, str]) -> str:
    """A sentence for an attribute such as a tone; empty when none asks for one."""
    for value in attributes.values():
        for pattern, sentence in MOODS.items():
            if re.search(rf"\b(?:{pattern})\b", str(value).lower()):
                return sentence
    return ""


def fill_choice(
    rng: random.Random, asked: Asked, task: Task, wanted: Wanted, draft: Draft, faults: frozenset[str]
) -> None:
    """A question, its choices and the label that points at the right one; wrong_label points at another."""
    frame, name, choices = asked.frame, task.name("label"), task.name("choices")
    given = wanted.given.get(name)
    count = _choice_count(asked, choices, name)
    start = first_index(asked, name, choices)
    at = _position(given, task.form, start, count)
    at = int(rng.random() * count) if at is None else at
    subject = _subject(rng, asked, wanted, draft, but=(name,))
    quiz = _quiz(rng, frame, task, subject, count, draft)
    texts = list(quiz.wrong[: count - 1])
    if "text" in task.form and given is not None:
        texts = [text for text in texts if text != given]
    right = at
    if "wrong_label" in faults and count > 1:
        right = pick(rng, [place for place in range(count) if place != at])
    texts.insert(right, str(given) if "text" in task.form and given is not None else quiz.right)
    form = _form(asked, name)
    if right != at:
        draft.plants.append(("wrong_label", name, _label_at(right, texts, task.form, start, form)))
    draft.fields[task.name("question")] = quiz.question
    draft.fields[choices] = texts
    if name:
        draft.fields[name] = given if given is not None else _label_at(at, texts, task.form, start, form)
    if task.name("steps"):
        draft.fields[task.name("steps")] = f"The answer is {texts[at]}."


def _quiz(rng: random.Random, frame: Frame, task: Task, subject: str, count: int, draft: Draft) -> Quiz:
    if "ending" not in task.form:
        return write_quiz(rng, subject, wrong=count - 1)
    quiz, activity = write_ending(rng, wrong=count - 1)
    for one in frame.fields:
        if "activity" in one.name.lower() and one.name not in draft.fields:
            draft.fields[one.name] = activity
    return quiz


def _choice_count(asked: Asked, choices: str, label: str) -> int:
    sizes = [len(row[choices]) for row in asked.examples if isinstance(row.get(choices), list)]
    values = (asked.frame.field(label) or FieldAsked(label)).values
    if sizes:
        return max(2, min(10, max(sizes)))
    lengthy = [rule for rule in asked.frame.rules.get(choices, ()) if rule.kind == "length"]
    return max(2, min(10, len(values))) if len(values) > 1 and not lengthy else 4


def first_index(asked: Asked, label: str, choices: str) -> int:
    """0 or 1: where the base starts to count."""
    values = [value for value in (asked.frame.field(label) or FieldAsked(label)).values if label_text(value).isdigit()]
    if values:
        return min(1, min(int(value) for value in values))
    for row in asked.examples:
        if (
            label_text(row.get(label)).isdigit()
            and isinstance(row.get(choices), list)
            and int(row[label]) == len(row[choices])
        ):
            return 1
    return 0


def _position(given: Any, form: str, start: int, count: int) -> int | None:
    """The place the planned label points at; None when it is open or says something else."""
    if given is None:
        return None
    text = label_text(given).strip("() .")
    if "letter" in form and len(text) == 1 and text.upper() in LETTERS[:count]:
        return LETTERS.index(text.upper())
    return int(text) - start if "index" in form and text.isdigit() and 0 <= int(text) - start < count else None


def _form(asked: Asked, name: str) -> Any:
    """A value of the label that shows how it is written."""
    spec = asked.frame.field(name) or FieldAsked(name)
    shown = [row.get(name) for row in asked.examples if row.get(name) is not None]
    return spec.values[0] if spec.values else shown[0] if shown else "" if spec.type in ("text", "label") else 0


def _label_at(place: int, texts: Sequence[str], form: str, start: int, shown: Any) -> Any:
    if "letter" in form:
        letter = (
            LETTERS[place] if not isinstance(shown, str) or not shown.strip("() ").islower() else LETTERS[place].lower()
        )
        return (
            re.sub(r"[A-Ja-j]", letter, shown, count=1)
            if isinstance(shown, str) and re.search(r"[A-Ja-j]", shown)
            else letter
        )
    if "index" in form:
        return str(place + start) if isinstance(shown, str) and shown else place + start
    return texts[place]


def _subject(rng: random.Random, asked: Asked, wanted: Wanted, draft: Draft, *, but: Sequence[str]) -> str:
    """What the question is about: another label, an attribute, else the description."""
    for one in asked.frame.fields:
        if one.type == "label" and one.name not in but:
            if one.name not in draft.fields and one.values:
                draft.fields[one.name] = pick(rng, one.values)
            if one.name in draft.fields:
                return label_text(draft.fields[one.name])
        shown = [row[one.name] for row in asked.examples if isinstance(row.get(one.name), str)]
        if one.type == "text" and shown and re.fullmatch(r"subject|topic|category|domain|field", one.name.lower()):
            draft.fields.setdefault(one.name, pick(rng, shown))
            return str(draft.fields[one.name])
    for key, value in wanted.attributes.items():
        if re.search(r"subject|topic|domain|category|field", key.lower()):
            return str(value)
    return ""


def fill_truth(rng: random.Random, asked: Asked, task: Task, draft: Draft, faults: frozenset[str]) -> None:
    """A question that invites a wrong answer, with its best, right and wrong answers."""
    if rng.random() < 0.6:
        question, best, also, wrong = misconception(rng)
    else:
        quiz = write_quiz(rng)
        question, best, also, wrong = quiz.question, quiz.right, f"It is {quiz.right}", quiz.wrong
    parts = {"question": question, "answer": best, "right": [best, also], "wrong": list(wrong)}
    if "wrong_label" in faults and task.name("answer"):
        parts["answer"] = pick(rng, wrong)
        draft.plants.append(("wrong_label", task.name("answer"), best))
    for role, value in parts.items():
        name = task.name(role)
        if name and name not in draft.fields:
            spec = asked.frame.field(name) or FieldAsked(name)
            draft.fields[name] = "; ".join(value) if isinstance(value, list) and spec.type != "list" else value
