"""Records with a label: classified texts, multiple choice, and questions with right and wrong answers.

What is given (a planned label, a text or question of the base) stays; the rest is written for it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.config.fields import label_text
from datagen_cli.constraints.length import Length
from datagen_cli.offline.corpus import corpus, pick, telling_words
from datagen_cli.offline.dataset import DatasetView
from datagen_cli.offline.quiz import Quiz, answer_of, misconception, right_choice, write_ending, write_quiz
from datagen_cli.offline.shape import RecordShape
from datagen_cli.offline.texts import Topic, topic_of, write_text
from datagen_cli.offline.written import Draft

LETTERS = "ABCDEFGHIJ"


def fill_class(draft: Draft) -> None:
    """A text for its label; with `wrong_label`, a text about another label than the one it gets: with `next_label` the
    one before it, in the order of the values."""
    rng, data, fields, name = draft.rng, draft.data, draft.fields, draft.shape.name("label")
    values = data.values(name, draft.rows)
    text, label = draft.get("text"), draft.get("label")
    if label is None and text is not None and values:
        label = guess_value(rng, data, name, str(text), values)
    if label is None:
        label = pick(rng, values or ("general", "technical", "personal", "business"))
    if all(label_text(value) != label_text(label) for value in values):
        values = [*values, label]
    others = [value for value in values if label_text(value) != label_text(label)]
    fields[name] = about = label
    if "wrong_label" in draft.faults and others:
        about = pick(rng, others)
        if "next_label" in draft.faults:
            at = [label_text(value) for value in values].index(label_text(label))
            about = values[at - 1] if text is None else values[(at + 1) % len(values)]
        draft.plant("wrong_label", "label", label if text is not None else about)
        if text is not None:
            fields[name] = about
            return
    genre, kind, topics = data.topics(name, values)
    topic = topics[label_text(about)]
    if not topic.file:
        topic = _with_examples(draft, topic, label_text(about))
    if text is None:
        fields[draft.shape.name("text")] = write_text(rng, genre, topic, kind, _mood(draft.wanted.attributes))
    for spec in data.specs:
        heads = spec.type == "text" and re.search(r"title|headline|subject|summary", spec.name.lower())
        if heads and spec.name not in fields:
            fields[spec.name] = write_text(rng, "headline", topic, kind)


def _with_examples(draft: Draft, topic: Topic, label: str) -> Topic:
    """A label no section knows, with the telling words of its own examples."""
    name, text = draft.shape.name("label"), draft.shape.name("text")
    shown = [str(row.get(text, "")) for row in draft.rows if label_text(row.get(name)) == label]
    words = [word for text in shown for word in telling_words((text,), 8) if len(word) > 4]
    own = () if topic.keywords == (label,) and words else topic.keywords
    return Topic("", "", (*own, *dict.fromkeys(words)))


def _mood(attributes: Mapping[str, str]) -> str:
    """A sentence for an attribute such as a tone; empty when none asks for one."""
    moods = corpus("sentences")["mood"].pairs("say", mark=" => ")
    values = [value.lower() for value in attributes.values()]
    found = (said for value in values for pattern, said in moods if re.search(rf"\b(?:{pattern})\b", value))
    return next(found, "")


def guess_value(rng: random.Random, data: DatasetView, name: str, text: str, values: Sequence[Any]) -> Any:
    """The value of a label that a text is about; a guess when none leads."""
    found = topic_of(text, data.topics(name, values)[2])
    fitting = [value for value in values if label_text(value) == found]
    return fitting[0] if fitting else pick(rng, list(values))


def fill_choice(draft: Draft) -> None:
    """A question, its choices and the label that points at the right one; wrong_label points at another."""
    rng, given, texts = draft.rng, draft.get("label"), draft.get("choices")
    wrong = "wrong_label" in draft.faults
    if isinstance(texts, list) and texts:
        marks, found = marks_of(draft.data, draft.shape, draft.rows), right_choice(str(draft.get("question")), texts)
        right = at = found if found is not None else int(rng.random() * len(texts))
        if wrong and len(texts) > 1:
            at = pick(rng, [place for place in range(len(texts)) if place != right])
    else:
        count = _choice_count(draft)
        marks = marks_of(draft.data, draft.shape, draft.rows)[:count]
        planned = [label_text(mark) for mark in marks]
        open_to = label_text(given) not in planned
        right = at = int(rng.random() * count) if open_to else planned.index(label_text(given))
        if wrong and count > 1:
            right = pick(rng, [place for place in range(count) if place != at])
        quiz = _quiz(draft, count)
        said = str(given) if not marks and given is not None else quiz.right
        texts = [text for text in quiz.wrong[: count - 1] if text != said]
        texts.insert(right, said)
        draft.put("question", quiz.question)
        draft.fields[draft.shape.name("choices")] = texts
    labels = marks if len(marks) >= len(texts) else texts
    if right != at:
        draft.plant("wrong_label", "label", labels[right])
    draft.put("label", labels[at])
    draft.put("steps", f"The answer is {texts[at]}.")


def marks_of(data: DatasetView, shape: RecordShape, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The labels that point at the first choice, the second and so on, written as those of the rows; none where a label
    is the choice itself."""
    label, choices = shape.name("label"), shape.name("choices")
    values = sorted(data.spec(label).values, key=lambda value: (len(str(value)), str(value)))
    shown = next((row[label] for row in rows if row.get(label) is not None), "" if values else 0)
    if "text" in shape.form:
        return []
    if values:
        return values
    if "letter" in shape.form:
        mark = shown if isinstance(shown, str) and re.search(r"[A-Ja-j]", shown) else "A"
        lower = mark.strip("() ").islower()
        return [re.sub(r"[A-Ja-j]", letter.lower() if lower else letter, mark, count=1) for letter in LETTERS]
    ends = (isinstance(row.get(choices), list) and label_text(row.get(label)) == str(len(row[choices])) for row in rows)
    first = int(any(ends))
    return [str(at) if isinstance(shown, str) else at for at in range(first, first + len(LETTERS))]


def _quiz(draft: Draft, count: int) -> Quiz:
    if "ending" not in draft.shape.form:
        return write_quiz(draft.rng, _subject(draft), wrong=count - 1)
    quiz, activity = write_ending(draft.rng, wrong=count - 1)
    for spec in draft.data.specs:
        if "activity" in spec.name.lower():
            draft.fields.setdefault(spec.name, activity)
    return quiz


def _subject(draft: Draft) -> str:
    """What the question is about: another label, a field or attribute that says so, else nothing in particular."""
    pattern = r"subject|topic|category|domain|field"
    for spec in draft.data.specs:
        shown = list(spec.values) if spec.type == "label" else []
        if spec.type == "text" and re.fullmatch(pattern, spec.name.lower()):
            shown = [row[spec.name] for row in draft.rows if isinstance(row.get(spec.name), str)]
        if shown and spec.name != draft.shape.name("label"):
            return label_text(draft.fields.setdefault(spec.name, pick(draft.rng, shown)))
    return next((value for key, value in draft.wanted.attributes.items() if re.search(pattern, key.lower())), "")


def _choice_count(draft: Draft) -> int:
    sizes = [len(choices) for choices in draft.shown("choices") if isinstance(choices, list)]
    values = draft.data.spec(draft.shape.name("label")).values
    bounded = any(isinstance(rule, Length) for rule in draft.data.rules.get(draft.shape.name("choices"), ()))
    count = max(sizes) if sizes else len(values) if len(values) > 1 and not bounded else 4
    return max(2, min(len(LETTERS), count))


def fill_truth(draft: Draft) -> None:
    """A question that invites a wrong answer, with its best, right and wrong answers."""
    rng, asked = draft.rng, draft.get("question")
    quiz = misconception(rng) if rng.random() < 0.6 else write_quiz(rng)
    best = (answer_of(asked) if isinstance(asked, str) else None) or quiz.right
    right, wrong = [best, quiz.also or f"It is {best}"], [text for text in quiz.wrong if text != best]
    parts = {"question": quiz.question, "answer": best, "right": right, "wrong": wrong}
    if "wrong_label" in draft.faults and draft.shape.name("answer"):
        parts["answer"] = pick(rng, wrong)
        draft.plant("wrong_label", "answer", best)
    for role, value in parts.items():
        joined = isinstance(value, list) and draft.data.spec(draft.shape.name(role)).type != "list"
        draft.put(role, "; ".join(value) if joined else value)
