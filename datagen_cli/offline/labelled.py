"""Records with a label: classified texts, multiple choice, and questions with right and wrong answers.

What is given (a planned label, a text or question of the base) stays; the rest is written for it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.constraints.length import Length
from datagen_cli.core.whole_number import whole_number
from datagen_cli.offline.corpus import corpus, pick, telling_words
from datagen_cli.offline.dataset import DatasetView, label_text
from datagen_cli.offline.quiz import Quiz, answer_of, misconception, right_choice, write_ending, write_quiz
from datagen_cli.offline.shape import RecordShape
from datagen_cli.offline.texts import write_text
from datagen_cli.offline.topics import Topic, topic_of
from datagen_cli.offline.written import Job

LETTERS = "ABCDEFGHIJ"


def fill_class(job: Job) -> None:
    """A text for its label; with `wrong_label`, a text about another label than the one it gets: with `next_label` the
    one before it, in the order of the values."""
    rng, data, fields, name = job.rng, job.data, job.draft.fields, job.shape.name("label")
    values = data.values(name, job.rows)
    text, label = job.get("text"), job.get("label")
    if label is None and text is not None and values:
        label = guess_value(rng, data, name, str(text), values)
    if label is None:
        label = pick(rng, values or ("general", "technical", "personal", "business"))
    if all(label_text(value) != label_text(label) for value in values):
        values = [*values, label]
    others = [value for value in values if label_text(value) != label_text(label)]
    fields[name] = about = label
    if "wrong_label" in job.faults and others:
        about = pick(rng, others)
        if "next_label" in job.faults:
            at = [label_text(value) for value in values].index(label_text(label))
            about = values[at - 1] if text is None else values[(at + 1) % len(values)]
        job.plant("wrong_label", "label", label if text is not None else about)
        if text is not None:
            fields[name] = about
            return
    genre, kind, topics = data.topics(name, values)
    topic = topics[label_text(about)]
    if not topic.file:
        topic = _with_examples(job, topic, label_text(about))
    if text is None:
        fields[job.shape.name("text")] = write_text(rng, genre, topic, kind, _mood(job.wanted.attributes))
    for spec in data.specs:
        heads = spec.type == "text" and re.search(r"title|headline|subject|summary", spec.name.lower())
        if heads and spec.name not in fields:
            fields[spec.name] = write_text(rng, "headline", topic, kind)


def _with_examples(job: Job, topic: Topic, label: str) -> Topic:
    """A label no section knows, with the telling words of its own examples."""
    name, text = job.shape.name("label"), job.shape.name("text")
    shown = [str(row.get(text, "")) for row in job.rows if label_text(row.get(name)) == label]
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


def fill_choice(job: Job) -> None:
    """A question, its choices and the label that points at the right one; wrong_label points at another."""
    rng, form = job.rng, job.shape.form
    given, texts = job.get("label"), job.get("choices")
    start = first_index(job.data, job.shape, job.rows)
    wrong = "wrong_label" in job.faults
    if isinstance(texts, list) and texts:
        count = len(texts)
        found = right_choice(str(job.get("question")), texts)
        right = at = found if found is not None else int(rng.random() * count)
        if wrong and count > 1:
            at = pick(rng, [place for place in range(count) if place != right])
    else:
        count = _choice_count(job)
        place = _position(given, form, start, count)
        right = at = int(rng.random() * count) if place is None else place
        if wrong and count > 1:
            right = pick(rng, [place for place in range(count) if place != at])
        quiz = _quiz(job, count)
        said = str(given) if "text" in form and given is not None else quiz.right
        texts = [text for text in quiz.wrong[: count - 1] if text != said]
        texts.insert(right, said)
        job.put("question", quiz.question)
        job.draft.fields[job.shape.name("choices")] = texts
    shown = _written_as(job)
    if right != at:
        job.plant("wrong_label", "label", label_at(right, texts, form, start, shown))
    if given is None:
        job.put("label", label_at(at, texts, form, start, shown))
    job.put("steps", f"The answer is {texts[at]}.")


def _quiz(job: Job, count: int) -> Quiz:
    if "ending" not in job.shape.form:
        return write_quiz(job.rng, _subject(job), wrong=count - 1)
    quiz, activity = write_ending(job.rng, wrong=count - 1)
    for spec in job.data.specs:
        if "activity" in spec.name.lower():
            job.draft.fields.setdefault(spec.name, activity)
    return quiz


def _subject(job: Job) -> str:
    """What the question is about: another label, a field or attribute that says so, else nothing in particular."""
    pattern = r"subject|topic|category|domain|field"
    for spec in job.data.specs:
        shown = list(spec.values) if spec.type == "label" else []
        if spec.type == "text" and re.fullmatch(pattern, spec.name.lower()):
            shown = [row[spec.name] for row in job.rows if isinstance(row.get(spec.name), str)]
        if shown and spec.name != job.shape.name("label"):
            return label_text(job.draft.fields.setdefault(spec.name, pick(job.rng, shown)))
    return next((value for key, value in job.wanted.attributes.items() if re.search(pattern, key.lower())), "")


def _choice_count(job: Job) -> int:
    sizes = [len(choices) for choices in job.shown("choices") if isinstance(choices, list)]
    if sizes:
        return max(2, min(10, max(sizes)))
    values = job.data.spec(job.shape.name("label")).values
    lengthy = any(isinstance(rule, Length) for rule in job.data.rules.get(job.shape.name("choices"), ()))
    return min(10, len(values)) if len(values) > 1 and not lengthy else 4


def first_index(data: DatasetView, shape: RecordShape, rows: Sequence[Mapping[str, Any]]) -> int:
    """0 or 1: where the base starts to count."""
    label, choices = shape.name("label"), shape.name("choices")
    numbers = (whole_number(label_text(value)) for value in data.spec(label).values)
    values = [number for number in numbers if number is not None]
    if values:
        return min(1, min(values))
    counted = ((label_text(row.get(label)), row.get(choices)) for row in rows)
    return int(any(isinstance(c, list) and whole_number(text) == len(c) for text, c in counted))


def _position(given: Any, form: str, start: int, count: int) -> int | None:
    """The place the planned label points at; None when it is open or says something else."""
    text = label_text(given).strip("() .") if given is not None else ""
    if "letter" in form and len(text) == 1 and text.upper() in LETTERS[:count]:
        return LETTERS.index(text.upper())
    number = whole_number(text) if "index" in form else None
    return number - start if number is not None and 0 <= number - start < count else None


def _written_as(job: Job) -> Any:
    """A value of the label that shows how it is written."""
    spec = job.data.spec(job.shape.name("label"))
    return next(iter([*spec.values, *job.shown("label")]), "" if spec.type in ("text", "label") else 0)


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


def fill_truth(job: Job) -> None:
    """A question that invites a wrong answer, with its best, right and wrong answers."""
    rng, asked = job.rng, job.get("question")
    quiz = misconception(rng) if rng.random() < 0.6 else write_quiz(rng)
    best = (answer_of(asked) if isinstance(asked, str) else None) or quiz.right
    right, wrong = [best, quiz.also or f"It is {best}"], [text for text in quiz.wrong if text != best]
    parts = {"question": quiz.question, "answer": best, "right": right, "wrong": wrong}
    if "wrong_label" in job.faults and job.shape.name("answer"):
        parts["answer"] = pick(rng, wrong)
        job.plant("wrong_label", "answer", best)
    for role, value in parts.items():
        joined = isinstance(value, list) and job.data.spec(job.shape.name(role)).type != "list"
        job.put(role, "; ".join(value) if joined else value)
