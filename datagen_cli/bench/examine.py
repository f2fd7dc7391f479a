"""The students of a setting put to work, and their scores put into the rows of the leaderboard.

An in-context student is a chat model that answers test rows after demonstrations of each candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from datagen_cli.bench.exams import (
    Exam,
    Taught,
    hits_of,
    labels_kept,
    linear,
    teach,
    training_rows,
    transformer,
    weighed,
)
from datagen_cli.bench.gap import GapTooSmall, mean_hits
from datagen_cli.bench.grid import Point, grid
from datagen_cli.bench.leaderboard import LeaderboardRow
from datagen_cli.bench.measured import Measured, estimate_of
from datagen_cli.bench.plan import Bench, about_of, like_of, limits_of
from datagen_cli.bench.settings import Setting
from datagen_cli.core.chat import Draw, Reply
from datagen_cli.core.errors import CapReached, DatagenError, ProviderError
from datagen_cli.core.fields import About
from datagen_cli.evaluation.student import Labelled, draw
from datagen_cli.metrics.intervals import share_interval
from datagen_cli.metrics.measure import Measure
from datagen_cli.pipeline.questions import Desk, Question, ask_all
from datagen_cli.runs.ledger import spent_usd
from datagen_cli.students.in_context import END, demonstrations, label_prompt, read_label
from datagen_cli.students.linear import Linear
from datagen_cli.students.transformer import Transformer

KINDS = {"linear": "tstr", "in_context": "icl", "transformer": "sft"}
HINT = "raise --max-cost and run the same command again"
Stop = Callable[[str, DatagenError], None]


def allowance(bench: Bench, folder: Path) -> float | None:
    """The cap of one folder: what it has spent, and what is left of the cap for all; None without a cap. At 0 or below
    nothing is left."""
    total = bench.way.limits.get("max_cost")
    if total is None:
        return None
    desks = [desk.folder for desk in (bench.judge, bench.student) if desk is not None]
    spent = {place: spent_usd(place) for place in {*(cell.folder for cell in bench.cells), *desks}}
    left = total - sum(spent.values())
    return spent.get(folder, 0.0) + left if left > 0 else left


def within(bench: Bench, desk: Desk) -> Desk | None:
    """The desk with what the cap leaves for it; None where that is nothing."""
    cap = allowance(bench, desk.folder)
    return None if cap is not None and cap <= 0 else replace(desk, limits=limits_of(bench.way, cap))


def examine(
    bench: Bench, setting: Setting, whole: Mapping[str, LeaderboardRow], note: Callable[[str], None], stop: Stop
) -> tuple[list[str], list[Point]]:
    """Trains, or asks, the students of a setting and puts their scores into the rows.

    Returns remarks, and the points of the grid of sizes where one is asked for.
    """
    exam, with_seed = bench.exams[setting.name], bench.options.include_seed
    rows: dict[str, Sequence[Labelled]] = {}
    written: dict[str, Sequence[Labelled]] = {}
    for candidate in bench.candidates:
        if candidate.name in whole:
            cells = bench.of(setting, candidate)
            own = [training_rows(bench.read(cell).dataset, exam) for cell in cells]
            written[candidate.name] = own
            rows[candidate.name] = [one.plus(seed_rows(setting, exam)) for one in own] if with_seed else own
    generated = any(not one.dataset for one in bench.candidates)
    remarks = []
    for student in bench.options.students or ["linear"]:
        if student == "in_context":
            found = _asked(bench, setting, rows, note, stop)
            if found is None:
                continue
            taught, base = found, "no demonstrations"
        elif student == "transformer":
            name = bench.options.tuned
            taught = teach(
                rows, exam, transformer(name), Transformer(name).signature, whole=generated, where=bench.way.where
            )
            base = "the most frequent label"
        else:
            taught = teach(rows, exam, linear, Linear().signature, whole=generated, where=bench.way.where)
            base = "the most frequent label"
        remarks += _score(setting, whole, KINDS[student], taught, base, exam.source)
    remarks.append(_keep(setting, whole, written, exam))
    sizes = bench.options.sizes
    points, more = grid(setting.name, whole, rows, exam, sizes, ready=generated) if sizes else ([], [])
    return [*remarks, *more], points


def seed_rows(setting: Setting, exam: Exam) -> Labelled:
    """The rows that generators were shown as demonstrations, in the form of training rows, without what is tested."""
    built = setting.built
    if built is None:
        return Labelled([], [], [])
    like = like_of(built)
    shown = built.example_rows if built.recipe.examples is not None else ()
    dataset = replace(like, rows=[dict(row) for _, row in shown], ids=tuple(name for name, _ in shown), groups=None)
    return training_rows(dataset, exam)


def _keep(
    setting: Setting, whole: Mapping[str, LeaderboardRow], rows: Mapping[str, Sequence[Labelled]], exam: Exam
) -> str:
    """Puts into the rows how many records a student of real rows sees as of their label. Returns a remark."""
    found, own = labels_kept(rows, exam)
    for name, row in whole.items():
        hits = [hit for one in found[name] for hit in one.tolist()]
        signature = f"{Linear().signature} of {len(exam.train)} real rows, right on {own:.2f}|N={len(hits)}"
        share = sum(hits) / len(hits)
        measure = Measure(share, "higher", signature, share_interval(int(sum(hits)), len(hits)))
        row.measured["label_kept"] = Measured(measure, estimate_of([one.tolist() for one in found[name]]))
    return (
        f"{setting.name}: label_kept: as a student of {len(exam.train):,} real rows sees it, right itself on {own:.2f}"
    )


def _asked(
    bench: Bench, setting: Setting, rows: Mapping[str, Sequence[Labelled]], note: Callable[[str], None], stop: Stop
) -> Taught | None:
    """The in-context students; None where the cap does not reach, or the model does not answer."""
    assert bench.student is not None
    desk = within(bench, bench.student)
    about = about_of(setting.built) if setting.built else About()
    if desk is None:
        stop("students", CapReached("max_cost leaves nothing for the students", hint=HINT))
        return None
    options = bench.options
    exam = bench.exams[setting.name]
    taught: Taught | None
    ended: DatagenError | None
    try:
        taught, ended = ask_students(rows, exam, desk, about, options.demonstrations, options.examined, note)
    except ProviderError as error:
        taught, ended = None, error
    if ended:
        stop("students", ended)
        return None
    return taught


def _score(
    setting: Setting, whole: Mapping[str, LeaderboardRow], kind: str, taught: Taught, base: str, source: str
) -> list[str]:
    """PGR, or without a gap the raw difference to the base (`gain`), and the score itself."""
    below, above = mean_hits(taught.base), mean_hits(taught.reference)
    signature = f"balanced accuracy|{taught.signature}|n={taught.n}|seeds={len(taught.reference)}"
    remarks = [
        f"{setting.name}: pgr[{kind}]: students of {taught.n:,} rows ({taught.signature}) on"
        f" {taught.base.shape[1]:,} test rows; base {below.value:.3f} ({base}), reference {above.value:.3f}"
        f" ({taught.n_reference:,} real rows of {source})"
    ]
    for name, row in whole.items():
        score = taught.score(name)
        try:
            found = taught.recovered(name)
            row.measured[f"pgr[{kind}]"] = Measured(Measure(found.value, "higher", signature, found.interval), found)
        except GapTooSmall as error:
            gain = mean_hits(taught.hits[name] - taught.base)
            row.measured[f"gain[{kind}]"] = Measured(Measure(gain.value, "higher", signature, gain.interval), gain)
            remark = f"{setting.name}: no pgr[{kind}]: {error}; gain[{kind}] is the raw difference to the base"
            remarks += [remark] if remark not in remarks else []
        row.measured[f"accuracy[{kind}]"] = Measured(Measure(score.value, "higher", signature, score.interval), score)
    return remarks


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
        Question(label_prompt(text, some, labels, about), Draw(place, 1, "label"), end=END)
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
