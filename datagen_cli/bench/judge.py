"""Judged quality and difficulty: a judge's marks of a sample of each cell's records.

The judge is another model than every generator. Where it belongs to the family of one, that is said: judges favour
their kin. Marks are kept in the bench's folder and are not paid for twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datagen_cli.config.models import SharedModel
from datagen_cli.core.chat import Draw, Reply
from datagen_cli.core.errors import ProviderError, UsageError
from datagen_cli.core.fields import About
from datagen_cli.llm.identity import model_identity
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.intervals import mean_interval
from datagen_cli.metrics.measure import Measure
from datagen_cli.metrics.remote_clique import sample_rows
from datagen_cli.pipeline.questions import Answers, Desk, Question, ask_all
from datagen_cli.pipeline.trial import is_cut
from datagen_cli.prompts.ends import OF_VERDICT
from datagen_cli.prompts.marking import ASPECTS, FORM, mark_prompt, read_mark

ROLE = "judge"
NAMES = {"quality": "judged_quality", "difficulty": "judged_difficulty"}
TRIES = 2
Key = tuple[str, str, int]
"""Setting, candidate and seed of a cell."""


def refuse_own_judge(judge: SharedModel, generators: Mapping[str, Sequence[SharedModel]]) -> None:
    """Raises `UsageError` where the judge is one of the generators: nobody marks their own work.

    Two simulated models of different faults are two models.
    """
    own = _identity(judge)
    for name, models in generators.items():
        if any(_identity(model) == own for model in models):
            raise UsageError(f"--judge {judge.name}: it is the generator {name} itself", hint="name another judge")


def _identity(model: SharedModel) -> Any:
    return {**model_identity(model, ROLE), "temperature": None, "params": None}


def family(name: str) -> str:
    """Whose model a name seems to be: its first word of letters after the vendor, such as `gpt`, `llama`, `qwen`."""
    found = re.match(r"[a-z]+", name.rpartition("/")[2].lower())
    return found[0] if found else name.lower()


def kin(judge: str, generators: Sequence[str]) -> list[str]:
    """The generators of the judge's family."""
    return [name for name in generators if family(name) == family(judge)]


def mark_cells(
    desk: Desk,
    cells: Mapping[Key, tuple[Dataset, About]],
    each: int,
    note: Callable[[str], None],
    step: Callable[[int], None],
) -> tuple[dict[Key, dict[str, list[int]]], Answers]:
    """Marks of `each` records of every cell by aspect: the same slots of all cells, in the same draws.

    A reply that is no mark is asked for once more; what is none then is left out. Raises `ProviderError` where the
    judge answers nothing, and `GotNowhere` where none of its first replies can be read.
    """
    asked = []
    for name, (data, about) in cells.items():
        for row in sample_rows(len(data), each, "judge").tolist() if len(data) > each else range(len(data)):
            asked += [(name, aspect, row, data.rows[row], about) for aspect in ASPECTS]
    found: dict[Key, dict[str, list[int]]] = {name: {aspect: [] for aspect in ASPECTS} for name in cells}
    answers = Answers([])
    waiting = asked
    for attempt in range(1, TRIES + 1):
        questions = [
            Question(
                mark_prompt(about, _fields(row, about), aspect, again=attempt > 1),
                Draw(place, attempt, aspect),
                FORM,
                OF_VERDICT,
            )
            for _, aspect, place, row, about in waiting
        ]
        try:
            replied = ask_all(desk, questions, note, step, useless=_unread if attempt == 1 else lambda *_: "")
        except ProviderError as error:
            if attempt == 1:
                raise
            answers.stopped = error
            break
        answers = Answers([], answers.calls + replied.calls, replied.stopped)
        left = []
        for item, reply in zip(waiting, replied.replies, strict=True):
            mark = read_mark(reply.text) if isinstance(reply, Reply) else None
            if mark is not None:
                found[item[0]][item[1]].append(mark)
            else:
                left.append(item)
        waiting = left
        if not waiting or replied.stopped:
            break
    return found, answers


def _unread(number: int, reply: Reply) -> str:
    """Why a mark is of no use: it was cut off before it came, or is none."""
    return "" if read_mark(reply.text) is not None else is_cut(number, reply) or "malformed"


def _fields(row: Mapping[str, Any], about: About) -> dict[str, Any]:
    return {spec.name: row.get(spec.name) for spec in about.specs}


def judged(marks: Sequence[int], signature: str) -> Measure:
    """The mean of a candidate's marks with its interval."""
    if not marks:
        return Measure.missing("the judge gave no mark that can be read", "higher")
    return Measure(sum(marks) / len(marks), "higher", f"{signature}|N={len(marks)}", mean_interval(marks))
