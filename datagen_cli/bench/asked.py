"""In-context students examined: a chat model answers test rows after demonstrations of each candidate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from datagen_cli.bench.exams import Exam, Taught, hits_of, weighed
from datagen_cli.core.chat import Draw, Reply
from datagen_cli.core.errors import DatagenError
from datagen_cli.core.fields import About
from datagen_cli.evaluation.student import Labelled, draw
from datagen_cli.pipeline.questions import Desk, Question, ask_all
from datagen_cli.students.in_context import demonstrations, label_prompt, read_label


def ask_students(
    rows: Mapping[str, Sequence[Labelled]],
    exam: Exam,
    desk: Desk,
    about: About,
    k: int,
    examined: int,
    note: Callable[[str], None],
) -> tuple[Taught, DatagenError | None]:
    """In-context students with k demonstrations of every candidate and seed, of real rows (the reference) and none (the
    base), all on the same `examined` test rows. Returns what ended it, too: then nothing is taught.

    Raises `ProviderError` where the model answers nothing. A reply without a label, and a call without a reply, is no
    hit.
    """
    test = draw(exam.test, examined, 0)
    seeds = max(len(sets) for sets in rows.values())
    labels = exam.labels
    shown: list[tuple[str, list[tuple[str, str]]]] = [("", [])]
    for name, sets in rows.items():
        shown += [(name, demonstrations(one.texts, one.labels, k, seed)) for seed, one in enumerate(sets)]
    real = exam.train
    shown += [("reference", demonstrations(real.texts, real.labels, k, seed)) for seed in range(seeds)]
    asked = [
        Question(label_prompt(text, some, labels, about), Draw(place, 1, "label"))
        for _, some in shown
        for place, text in enumerate(test.texts)
    ]
    answers = ask_all(desk, asked, note)
    hits: list[list[float]] = []
    for place in range(len(shown)):
        replies = answers.replies[place * len(test) : (place + 1) * len(test)]
        said = [read_label(one.text, labels) if isinstance(one, Reply) else None for one in replies]
        hits.append(hits_of(said, test))
    found, start = {}, 1
    for name, sets in rows.items():
        found[name] = weighed(hits[start : start + len(sets)], test)
        start += len(sets)
    base, reference = weighed([hits[0]] * seeds, test), weighed(hits[start:], test)
    signature = f"{desk.model.name}|k={k}|test={len(test)}"
    return Taught(found, base, reference, k, k, signature), answers.stopped
