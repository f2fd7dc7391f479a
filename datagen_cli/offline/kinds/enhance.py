"""`enhance`: a record made harder without another answer.

Takes the record, and in `more` the `operator`: `add_context`, `paraphrase`, `paraphrase_choices`, `add_choice` or
`more_steps`. Where the operator cannot be had, a sentence that adds nothing is put in front.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from datagen_cli.core.task import Task, Wanted
from datagen_cli.offline.author import Author
from datagen_cli.offline.corpus import Slots, corpus, lowered, pick
from datagen_cli.offline.kinds.generate import asked_for
from datagen_cli.offline.labelled import LETTERS
from datagen_cli.offline.problems.reading import read
from datagen_cli.offline.problems.record import context
from datagen_cli.offline.problems.wording import Wording
from datagen_cli.offline.written import Draft, Written, records_reply

_LEADS = ("Here is the matter", "Consider this", "{name} puts it this way", "{name} from {city} asks this")


def answer(task: Task, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """One record."""
    author = Author(task)
    record = author.complete(rng, dict(task.record or {}), Wanted())
    name, operator = author.main_text, str(task.more.get("operator", ""))
    choices = author.shape.name("choices")
    if operator == "more_steps" and author.shape.kind == "problem":
        _longer(rng, author, record)
    elif operator in ("add_choice", "paraphrase_choices") and isinstance(record.get(choices), list):
        _other_choices(rng, author, record, operator)
    elif operator == "paraphrase" and isinstance(record.get(name), str):
        mark = "." if author.shape.kind == "problem" else ":"
        record[name] = f"{Slots(rng).say(_LEADS)}{mark} {record[name]}"
    elif isinstance(record.get(name), str):
        record[name] = f"{context(rng)} {record[name]}"
    return records_reply(rng, [(Draft(record), rng.random() < rates["malformed"])], asked_for(task), task.form)


def _longer(rng: random.Random, author: Author, record: dict[str, Any]) -> None:
    """One more step before the question of a word problem whose answer is a number."""
    question, name = author.shape.name("question"), author.shape.name("answer")
    told, mark, asked = str(record.get(question)).rpartition(". ")
    more = 2 + int(rng.random() * 30)
    step = Wording(corpus("problems")["all"]["more"][0].partition(" | ")[2]).fill({"n": more})
    longer = f"{told}{mark}{step} {asked}"
    program = read(longer)
    if program is not None and program.answer is not None and isinstance(record.get(name), int | float):
        record.update({question: longer, name: record[name] + more})


def _other_choices(rng: random.Random, author: Author, record: dict[str, Any], operator: str) -> None:
    name, label = author.shape.name("choices"), author.shape.name("label")
    texts = [str(text) for text in record[name]]
    if operator == "add_choice" and len(texts) < len(LETTERS):
        record[name] = [*texts, pick(rng, [f"none that {Slots(rng).fill('{name}')} knows", "something else entirely"])]
    elif "text" not in author.shape.form or not label:
        record[name] = [text if text[:1].isdigit() else f"it is {lowered(text)}" for text in texts]
