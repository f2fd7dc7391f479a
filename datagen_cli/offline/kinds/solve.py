"""`solve`: the answer to a question, one of the choices, or the label value that a text is of.

Takes `question`, and in `more`: `choices` (texts, as shown), else `values` (label values); neither for a short answer.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from datagen_cli.core.task import Task
from datagen_cli.offline.corpus import Slots, pick
from datagen_cli.offline.dataset import dataset_of
from datagen_cli.offline.labelled import guess_value
from datagen_cli.offline.problems.wording import plain, read_number
from datagen_cli.offline.quiz import answer_of, right_choice
from datagen_cli.offline.written import Plant, Written, json_reply


def answer(task: Task, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """`{"answer": …}`: the choice's own text, the value, or a short answer (null when it is not known)."""
    choices, values = list(task.more.get("choices") or ()), list(task.more.get("values") or ())
    found = _found(task, rng, choices, values)
    if rng.random() < rates["wrong_answer"]:
        others = [one for one in choices or values if one != found] or [_other(rng, found)]
        return json_reply({"answer": pick(rng, others)}, Plant("wrong_answer", truth=found))
    return json_reply({"answer": found})


def _found(task: Task, rng: random.Random, choices: list[Any], values: list[Any]) -> Any:
    if choices:
        place = right_choice(task.question, [str(choice) for choice in choices])
        return pick(rng, choices) if place is None else choices[place]
    if values:
        return guess_value(rng, dataset_of(task), task.about.label_field, task.question, values)
    return answer_of(task.question)


def _other(rng: random.Random, found: Any) -> str:
    number = read_number(found) if isinstance(found, str) else None
    return Slots(rng).fill("{name} {surname}") if number is None else plain(number + 1 + int(rng.random() * 9))
