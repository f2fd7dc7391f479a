"""Marks from 1 to 5 for a record, by a judge: the quality of its answer, and how difficult its question is.

There is a rubric for each kind of dataset. The words are ours, and so are their limits: marks rank generators within
one setting, they are no measure across settings, and a judge favours what its own family writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from datagen_cli.core.chat import Prompt
from datagen_cli.core.fields import About
from datagen_cli.core.task import Task
from datagen_cli.core.whole_number import whole_number
from datagen_cli.prompts.checking import CheckPrompts, of_dataset, read_object
from datagen_cli.prompts.fences import fence
from datagen_cli.prompts.response_format import strict_format
from datagen_cli.prompts.wording import CHECKER

Domain = Literal["math", "code", "classes", "instruction"]
Aspect = Literal["quality", "difficulty"]
ASPECTS: tuple[Aspect, Aspect] = ("quality", "difficulty")
MARK = CheckPrompts(CHECKER, ("mark",))
QUESTIONS: dict[Aspect, dict[Domain, str]] = {
    "quality": {
        "math": "Is the answer right, and does the question have everything that it needs?",
        "code": "Does the code do what is asked, in every case that is asked for, and would it run?",
        "classes": "Is the text one that a person could have written, and does its label hold of it?",
        "instruction": "Does the response do what the instruction asks, fully and without mistakes?",
    },
    "difficulty": {
        "math": "How hard is the question for somebody who has finished school?",
        "code": "How hard is the task for somebody who programs for a living?",
        "classes": "How hard is it to tell the label from the text alone?",
        "instruction": "How much knowledge and thought does a good response take?",
    },
}
SCALES: dict[Aspect, tuple[str, ...]] = {
    "quality": (
        "1: wrong, broken or beside the point",
        "2: a serious mistake, or a large part is missing",
        "3: right in the main, with a flaw that a reader notices",
        "4: right and complete, with small flaws at most",
        "5: nothing to improve",
    ),
    "difficulty": (
        "1: seen at a glance",
        "2: one simple step",
        "3: some steps, each of them ordinary",
        "4: many steps, or one that few would find",
        "5: hard for an expert",
    ),
}
FORM = strict_format("mark", {"score": {"type": "integer", "enum": [1, 2, 3, 4, 5]}, "reason": {"type": "string"}})


def domain_of(about: About) -> Domain:
    """The kind of dataset, told by its fields: code to write, a number to find, a label of few values, else free."""
    names = {spec.name.lower() for spec in about.specs}
    if names & {"code", "program", "tests", "solution_code"}:
        return "code"
    if any(spec.type == "number" for spec in about.written) or about.label_field == "answer":
        return "math"
    return "classes" if about.label_field or any(spec.type == "label" for spec in about.specs) else "instruction"


def mark_prompt(about: About, record: Mapping[str, Any], aspect: Aspect, *, again: bool = False) -> Prompt:
    """Asks for a mark of one aspect of a record."""
    facts = of_dataset(about)
    messages = MARK.messages(
        "mark",
        description=facts["description"],
        about_fields=facts["about_fields"],
        meanings=facts["meanings"],
        question=QUESTIONS[aspect][domain_of(about)],
        scale=SCALES[aspect],
        record=fence("record", [dict(record)]),
        again=again,
    )
    return Prompt(messages, Task("score", about, record=record, statement=aspect))


def read_mark(text: str) -> int | None:
    """The mark of a reply; None where there is none from 1 to 5."""
    found = (read_object(text, "score") or {}).get("score")
    found = whole_number(found.strip()) if isinstance(found, str) else found
    whole = isinstance(found, int | float) and not isinstance(found, bool) and float(found).is_integer()
    return int(found) if whole and found is not None and 1 <= found <= 5 else None
