"""What the simulation makes of a finished record: which class a text is about, which choice is right, what is wrong."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from datagen_cli.llm.simulation import word_problems
from datagen_cli.llm.simulation.activities import ending_of
from datagen_cli.llm.simulation.banks_news import NEWS
from datagen_cli.llm.simulation.banks_reviews import JOKES, SENTIMENTS, STATEMENTS
from datagen_cli.llm.simulation.banks_tickets import TICKETS
from datagen_cli.llm.simulation.facts import CAPITALS
from datagen_cli.llm.simulation.labelled import LETTERS, first_index, subjects_for, values_of
from datagen_cli.llm.simulation.prompt import Asked, label_text
from datagen_cli.llm.simulation.quiz import answer_of, is_kind
from datagen_cli.llm.simulation.records import ORDERS
from datagen_cli.llm.simulation.registers import Subject, content_words
from datagen_cli.llm.simulation.slots import pick
from datagen_cli.llm.simulation.solutions import last_number
from datagen_cli.llm.simulation.tasks import Task
from datagen_cli.llm.simulation.wording import plain
from datagen_cli.text.normalise import fold

_CAPITAL = re.compile(r"The capital of ([A-Z]\w+) is ([A-Z][\w ]+?)\.")


@lru_cache(maxsize=256)
def _vocabulary(bank: str, key: str, keywords: tuple[str, ...]) -> frozenset[str]:
    """The telling words of a subject."""
    texts: Sequence[str] = ()
    if bank == "tickets":
        texts = [TICKETS[key][0], *TICKETS[key][1], *TICKETS[key][2]]
    elif bank == "news":
        texts = [NEWS[key][0], *NEWS[key][1], *NEWS[key][2], *NEWS[key][3]]
    elif bank == "sentiment":
        texts = [*SENTIMENTS[key][1], *SENTIMENTS[key][2], *SENTIMENTS[key][3]]
    elif bank == "humor":
        texts = JOKES if key == "joke" else STATEMENTS
    found = {word for text in texts for word in content_words(re.sub(r"\{\w+\}", " ", text), 40)}
    return frozenset(found | {word.lower() for word in keywords})


def class_of(text: str, subjects: Mapping[str, Subject]) -> str | None:
    """The label whose words the text uses most; None when no label leads."""
    words = set(content_words(text, 400))
    vocabularies = {label: _vocabulary(one.bank, one.key, one.keywords) for label, one in subjects.items()}
    scores = {}
    for label, own in vocabularies.items():
        others = frozenset().union(*(other for name, other in vocabularies.items() if name != label))
        scores[label] = 3 * len(words & (own - others)) + len(words & own)
    ranked = sorted(scores, key=lambda label: -scores[label])
    if not ranked or scores[ranked[0]] == 0 or (len(ranked) > 1 and scores[ranked[0]] == scores[ranked[1]]):
        return None
    return ranked[0]


def choice_of(rng: random.Random, question: str, choices: Sequence[str]) -> int:
    """Which choice answers the question; a guess when the question is not understood."""
    answer = answer_of(question)
    for at, choice in enumerate(choices):
        if answer is not None and choice.strip().lower() == answer.lower():
            return at
    for at, choice in enumerate(choices):
        if is_kind(question, choice):
            return at
    ending = ending_of(question, list(choices))
    return ending if ending is not None else int(rng.random() * len(choices))


def right_choice(question: str, choices: Any) -> int | None:
    """Which choice answers the question, 0 for the first; None when this cannot be told."""
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        return None
    answer = answer_of(question)
    return next(
        (at for at, choice in enumerate(choices) if choice == answer or is_kind(question, choice)),
        ending_of(question, choices),
    )


def faults_of(asked: Asked, task: Task, record: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """What is wrong with a record, in sentences, and the fields that would put it right."""
    reasons: list[str] = []
    mended: dict[str, Any] = {}
    for name, text in record.items():
        if isinstance(text, str):
            _text_faults(name, text, reasons, mended)
    for name, rules in asked.frame.rules.items():
        reasons += [f"{name}: breaks a constraint ({rule.kind})" for rule in rules if not rule.holds(record.get(name))]
    if task.kind == "word_problem":
        _problem_faults(task, record, reasons, mended)
    elif task.kind == "choice":
        _choice_faults(asked, task, record, reasons)
    elif task.kind == "truth":
        _truth_faults(task, record, reasons, mended)
    elif task.kind == "classes":
        _class_faults(asked, task, record, reasons)
    return reasons, mended


def _text_faults(name: str, text: str, reasons: list[str], mended: dict[str, Any]) -> None:
    for order in ORDERS:
        if order in text:
            reasons.append(f"{name}: holds an instruction that is no part of the record")
            mended[name] = " ".join(text.replace(order, " ").split())
    for country, city in _CAPITAL.findall(text):
        if CAPITALS.get(country, city) != city:
            reasons.append(f"{name}: the capital of {country} is {CAPITALS[country]}, not {city}")
            mended[name] = text.replace(f"{country} is {city}", f"{country} is {CAPITALS[country]}")


def _problem_faults(task: Task, record: Mapping[str, Any], reasons: list[str], mended: dict[str, Any]) -> None:
    program = word_problems.read(str(record.get(task.name("question"), "")))
    if program is None:
        return
    name = task.name("answer")
    value = record.get(name)
    if program.answer is None:
        reasons.append("the question lacks a number that it needs")
        return
    right = plain(program.answer)
    given = last_number(value) if isinstance(value, str) else plain(value) if isinstance(value, int | float) else None
    if given is None or float(given) != float(right):
        reasons.append(f"{name}: the answer is {right}, not {given}")
        if isinstance(value, str) and given is not None:
            head, _, tail = value.replace(",", "").rpartition(given)
            mended[name] = f"{head}{right}{tail}"
        else:
            mended[name] = program.answer


def _choice_faults(asked: Asked, task: Task, record: Mapping[str, Any], reasons: list[str]) -> None:
    choices, label = record.get(task.name("choices")), label_text(record.get(task.name("label")))
    question = str(record.get(task.name("question"), ""))
    right = right_choice(question, choices)
    if right is None or not isinstance(choices, list):
        return
    start = first_index(asked, task.name("label"), task.name("choices"))
    named = {LETTERS[right], str(right + start), choices[right]}
    if label.strip("() ").upper() not in named and label not in named:
        reasons.append(f"the right choice is {choices[right]}")


def _truth_faults(task: Task, record: Mapping[str, Any], reasons: list[str], mended: dict[str, Any]) -> None:
    """Objects to a best answer that is among the incorrect ones, or not among the correct ones."""
    name, of_right, of_wrong = task.name("answer"), task.name("right"), task.name("wrong")
    best = record.get(name)
    right, wrong = listed(record.get(of_right)), listed(record.get(of_wrong))
    if not isinstance(best, str):
        return
    if fold(best) in map(fold, wrong):
        reasons.append(f"{name}: it is one of {of_wrong}")
        known = next((text for text in right if fold(text) not in map(fold, wrong)), None)
        known = known or answer_of(str(record.get(task.name("question"), "")))
        if known is not None and fold(known) != fold(best):
            mended[name] = known
    elif of_right and fold(best) not in map(fold, right):
        reasons.append(f"{of_right}: {name} is missing from it")
        mended[of_right] = [best, *right] if isinstance(record.get(of_right), list) else "; ".join([best, *right])


def listed(value: Any) -> list[str]:
    """The answers of a list, or of a text that joins them by a semicolon."""
    parts = value.split(";") if isinstance(value, str) else value if isinstance(value, list) else []
    return [part.strip() for part in parts if isinstance(part, str) and part.strip()]


def still_answered(task: Task, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a record has the answer it had, as far as its question, or the choices, were changed.

    An answer that cannot be told any more counts as lost; in a pair only where it could be told before.
    """
    question, choices = task.name("question"), task.name("choices")
    old, new = str(before.get(question, "")), str(after.get(question, ""))
    if old == new and before.get(choices) == after.get(choices):
        return True
    if task.kind == "word_problem":
        first, then = word_problems.read(old), word_problems.read(new)
        return first is not None and then is not None and first.answer is not None and first.answer == then.answer
    if task.kind == "choice":
        found = [right_choice(text, row.get(choices)) for text, row in ((old, before), (new, after))]
        return found[1] is not None and found[0] in (None, found[1])
    if task.kind == "truth":
        answer = answer_of(new)
        right = [str(after.get(task.name("answer"))), *listed(after.get(task.name("right")))]
        return answer == answer_of(old) if answer is not None else any(is_kind(new, text) for text in right)
    return task.kind != "pair" or answer_of(old) in (None, answer_of(new))


def _class_faults(asked: Asked, task: Task, record: Mapping[str, Any], reasons: list[str]) -> None:
    name = task.name("label")
    values = values_of(asked, name)
    if len(values) < 2:
        return
    found = class_of(str(record.get(task.name("text"), "")), subjects_for(asked, name, values)[2])
    if found is not None and found != label_text(record.get(name)):
        reasons.append(f"{name}: the text is about {found}")


def guess_class(rng: random.Random, asked: Asked, text: str, values: Sequence[Any]) -> Any:
    """The value that a text is about; a guess when none leads."""
    subjects = subjects_for(asked, "", values)[2]
    found = class_of(text, subjects)
    return next((value for value in values if label_text(value) == found), pick(rng, list(values)))
