"""Records with a label: classified texts, multiple choice, and questions with right and wrong answers.

What is given (a planned label, a text or question of the base) stays; the rest is written for it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.constraints.length import Length
from datagen_cli.core.task import Wanted
from datagen_cli.offline.corpus import corpus, pick, telling_words
from datagen_cli.offline.dataset import Dataset, label_text
from datagen_cli.offline.quiz import Quiz, answer_of, misconception, right_choice, write_ending, write_quiz
from datagen_cli.offline.shape import Shape
from datagen_cli.offline.texts import write_text
from datagen_cli.offline.topics import Topic, topic_of
from datagen_cli.offline.written import Draft

LETTERS = "ABCDEFGHIJ"
Rows = Sequence[Mapping[str, Any]]


def fill_class(
    rng: random.Random, data: Dataset, shape: Shape, rows: Rows, wanted: Wanted, draft: Draft, faults: frozenset[str]
) -> None:
    """A text for its label; with `wrong_label`, a text about another label than the one it gets: with `next_label` the
    one before it, in the order of the values."""
    name, text_name = shape.name("label"), shape.name("text")
    values = data.values(name, rows)
    text, label = draft.fields.get(text_name), draft.fields.get(name)
    if label is None:
        label = guess_value(rng, data, name, str(text), values) if text is not None and values else None
    if label is None:
        label = pick(rng, values) if values else pick(rng, ("general", "technical", "personal", "business"))
    if all(label_text(value) != label_text(label) for value in values):
        values = [*values, label]
    others = [value for value in values if label_text(value) != label_text(label)]
    about = label
    draft.fields[name] = label
    if "wrong_label" in faults and others:
        about = pick(rng, others)
        if "next_label" in faults:
            at = [label_text(value) for value in values].index(label_text(label))
            about = values[at - 1] if text is None else values[(at + 1) % len(values)]
        draft.plants.append(("wrong_label", name, label if text is not None else about))
        if text is not None:
            draft.fields[name] = about
            return
    genre, kind, topics = data.topics(name, values)
    topic = topics[label_text(about)]
    if not topic.file:
        topic = _with_examples(topic, rows, name, text_name, about)
    if text is None:
        draft.fields[text_name] = write_text(rng, genre, topic, kind, _mood(wanted.attributes))
    for spec in data.specs:
        heads = spec.type == "text" and re.search(r"title|headline|subject|summary", spec.name.lower())
        if heads and spec.name not in draft.fields:
            draft.fields[spec.name] = write_text(rng, "headline", topic, kind)


def _with_examples(topic: Topic, rows: Rows, name: str, text_name: str, label: Any) -> Topic:
    """A label no section knows, with the telling words of its own examples."""
    shown = [str(row.get(text_name, "")) for row in rows if label_text(row.get(name)) == label_text(label)]
    words = [word for text in shown for word in telling_words((text,), 8) if len(word) > 4]
    own = () if topic.keywords == (label_text(label),) and words else topic.keywords
    return Topic("", "", (*own, *dict.fromkeys(words)))


def _mood(attributes: Mapping[str, str]) -> str:
    """A sentence for an attribute such as a tone; empty when none asks for one."""
    moods = corpus("sentences")["mood"].pairs("say", mark=" => ")
    values = [value.lower() for value in attributes.values()]
    found = (said for value in values for pattern, said in moods if re.search(rf"\b(?:{pattern})\b", value))
    return next(found, "")


def guess_value(rng: random.Random, data: Dataset, name: str, text: str, values: Sequence[Any]) -> Any:
    """The value of a label that a text is about; a guess when none leads."""
    found = topic_of(text, data.topics(name, values)[2])
    fitting = [value for value in values if label_text(value) == found]
    return fitting[0] if fitting else pick(rng, list(values))


def fill_choice(
    rng: random.Random, data: Dataset, shape: Shape, rows: Rows, wanted: Wanted, draft: Draft, faults: frozenset[str]
) -> None:
    """A question, its choices and the label that points at the right one; wrong_label points at another."""
    name, choices, question = shape.name("label"), shape.name("choices"), shape.name("question")
    given, texts = draft.fields.get(name), draft.fields.get(choices)
    start, form = first_index(data, shape, rows), _written_as(data, name, rows)
    count = len(texts) if isinstance(texts, list) and texts else _choice_count(data, choices, name, rows)
    if isinstance(texts, list) and texts:
        found = right_choice(str(draft.fields.get(question)), texts)
        right = at = found if found is not None else int(rng.random() * count)
        if "wrong_label" in faults and count > 1:
            at = pick(rng, [place for place in range(count) if place != right])
    else:
        place = _position(given, shape.form, start, count)
        right = at = int(rng.random() * count) if place is None else place
        if "wrong_label" in faults and count > 1:
            right = pick(rng, [place for place in range(count) if place != at])
        quiz = _quiz(rng, data, shape, rows, wanted, draft, count)
        said = str(given) if "text" in shape.form and given is not None else quiz.right
        texts = [text for text in quiz.wrong[: count - 1] if text != said]
        texts.insert(right, said)
        draft.fields.setdefault(question, quiz.question)
        draft.fields[choices] = texts
    if right != at:
        draft.plants.append(("wrong_label", name, label_at(right, texts, shape.form, start, form)))
    if name and given is None:
        draft.fields[name] = label_at(at, texts, shape.form, start, form)
    if shape.name("steps"):
        draft.fields.setdefault(shape.name("steps"), f"The answer is {texts[at]}.")


def _quiz(
    rng: random.Random, data: Dataset, shape: Shape, rows: Rows, wanted: Wanted, draft: Draft, count: int
) -> Quiz:
    if "ending" not in shape.form:
        return write_quiz(rng, _subject(rng, data, shape, rows, wanted, draft), wrong=count - 1)
    quiz, activity = write_ending(rng, wrong=count - 1)
    for spec in data.specs:
        if "activity" in spec.name.lower():
            draft.fields.setdefault(spec.name, activity)
    return quiz


def _subject(rng: random.Random, data: Dataset, shape: Shape, rows: Rows, wanted: Wanted, draft: Draft) -> str:
    """What the question is about: another label, a field or attribute that says so, else nothing in particular."""
    pattern = r"subject|topic|category|domain|field"
    for spec in data.specs:
        shown = list(spec.values) if spec.type == "label" else []
        if spec.type == "text" and re.fullmatch(pattern, spec.name.lower()):
            shown = [row[spec.name] for row in rows if isinstance(row.get(spec.name), str)]
        if shown and spec.name != shape.name("label"):
            return label_text(draft.fields.setdefault(spec.name, pick(rng, shown)))
    return next((value for key, value in wanted.attributes.items() if re.search(pattern, key.lower())), "")


def _choice_count(data: Dataset, choices: str, label: str, rows: Rows) -> int:
    sizes = [len(row[choices]) for row in rows if isinstance(row.get(choices), list)]
    if sizes:
        return max(2, min(10, max(sizes)))
    values = data.spec(label).values
    lengthy = any(isinstance(rule, Length) for rule in data.rules.get(choices, ()))
    return min(10, len(values)) if len(values) > 1 and not lengthy else 4


def first_index(data: Dataset, shape: Shape, rows: Rows) -> int:
    """0 or 1: where the base starts to count."""
    label, choices = shape.name("label"), shape.name("choices")
    values = [int(label_text(value)) for value in data.spec(label).values if label_text(value).isdigit()]
    if values:
        return min(1, min(values))
    counted = ((label_text(row.get(label)), row.get(choices)) for row in rows)
    return int(any(text.isdigit() and isinstance(c, list) and int(text) == len(c) for text, c in counted))


def _position(given: Any, form: str, start: int, count: int) -> int | None:
    """The place the planned label points at; None when it is open or says something else."""
    text = label_text(given).strip("() .") if given is not None else ""
    if "letter" in form and len(text) == 1 and text.upper() in LETTERS[:count]:
        return LETTERS.index(text.upper())
    return int(text) - start if "index" in form and text.isdigit() and 0 <= int(text) - start < count else None


def _written_as(data: Dataset, name: str, rows: Rows) -> Any:
    """A value of the label that shows how it is written."""
    spec = data.spec(name)
    shown = [*spec.values, *(row[name] for row in rows if row.get(name) is not None)]
    return shown[0] if shown else "" if spec.type in ("text", "label") else 0


def label_at(place: int, texts: Sequence[str], form: str, start: int, shown: Any) -> Any:
    """The label that points at a place, written as `shown`: a letter, an index, or the choice itself."""
    if "letter" in form:
        letter = LETTERS[place]
        if not isinstance(shown, str) or not re.search(r"[A-Ja-j]", shown):
            return letter
        return re.sub(r"[A-Ja-j]", letter.lower() if shown.strip("() ").islower() else letter, shown, count=1)
    if "index" in form:
        return str(place + start) if isinstance(shown, str) and shown else place + start
    return texts[place]


def fill_truth(
    rng: random.Random, data: Dataset, shape: Shape, rows: Rows, wanted: Wanted, draft: Draft, faults: frozenset[str]
) -> None:
    """A question that invites a wrong answer, with its best, right and wrong answers."""
    quiz = misconception(rng) if rng.random() < 0.6 else write_quiz(rng)
    asked = draft.fields.get(shape.name("question"))
    best = (answer_of(asked) if isinstance(asked, str) else None) or quiz.right
    right, wrong = [best, quiz.also or f"It is {best}"], [text for text in quiz.wrong if text != best]
    parts = {"question": quiz.question, "answer": best, "right": right, "wrong": wrong}
    if "wrong_label" in faults and shape.name("answer"):
        parts["answer"] = pick(rng, wrong)
        draft.plants.append(("wrong_label", shape.name("answer"), best))
    for role, value in parts.items():
        name = shape.name(role)
        if name:
            joined = isinstance(value, list) and data.spec(name).type != "list"
            draft.fields.setdefault(name, "; ".join(value) if joined else value)
