"""`datagen student`: trains students on a dataset and on real data, and scores them on real test rows."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

from datagen_cli.cli import complete, console
from datagen_cli.cli import options as given
from datagen_cli.cli.outputs import refuse_outputs, write_output
from datagen_cli.core.errors import UsageError
from datagen_cli.core.jsonl import dump
from datagen_cli.evaluation.document import cut
from datagen_cli.evaluation.embedding import open_for_eval
from datagen_cli.evaluation.learning_curve import learning_curve
from datagen_cli.evaluation.load import (
    Loaded,
    Wanted,
    base_of,
    load_dataset,
    load_reference,
    refuse_second_stdin,
    table_form,
)
from datagen_cli.evaluation.student import labelled
from datagen_cli.text.linear import require_sklearn

SHOWN = 20
EXAMPLES = (
    "datagen student runs/ag_news --test real.jsonl",
    "datagen student mine.jsonl --test real.csv --sizes 100,500 --label topic",
)


def command(
    dataset: given.DatasetArgument,
    test: Annotated[str, given.rows_option(None, "Real rows to score on; without --reference half of them train.")],
    reference: Annotated[str | None, given.rows_option(None, "Real rows to train on.")] = None,
    sizes: Annotated[
        str | None, given.option(None, "N,N", "Training rows: 100,500; a quarter, half and all without it.")
    ] = None,
    seeds: Annotated[int, given.option(None, "N", "Draws of the training rows.")] = 5,
    embedder: Annotated[
        str | None, given.option(None, "NAME", "Learn from embeddings instead of TF-IDF.", offers=complete.embedders)
    ] = None,
    text: given.Text = None,
    reference_text: given.ReferenceText = None,
    label: given.LabelField = None,
    csv: given.Table = None,
    detail: given.Detail = None,
    json_: given.Json = False,
) -> int:
    """Train a student on a dataset and score it on real data.

    Beside it, students of real rows and of both together, at several sizes.
    """
    require_sklearn()
    trained_on = _sizes(sizes)
    if seeds < 1:
        raise UsageError("--seeds must be at least 1")
    if detail == "-" and json_:
        raise UsageError("only one of --json and --detail - can go to standard output", hint="name a file")
    refuse_second_stdin([dataset, test, reference])
    refuse_outputs({"--detail": detail}, [dataset, test, reference])
    form = table_form(csv or [])
    ours = Wanted(tuple(text or ()), label, csv=form)
    loaded, tests, real = _load(dataset, test, reference, ours, Wanted(tuple(reference_text or ()), label, csv=form))
    opened = open_for_eval(embedder, console.say) if embedder else None
    try:
        found = learning_curve(
            loaded.dataset,
            tests.dataset,
            real.dataset if real else None,
            sizes=trained_on,
            seeds=seeds,
            embed=opened.encode if opened else None,
            say=console.say,
        )
    finally:
        if opened is not None:
            opened.close()
    head = {"dataset": dataset, "test": test, "simulated": loaded.dataset.simulated}
    if json_:
        console.emit_json(head | cut(found, SHOWN))
    elif detail != "-":
        _show(head | found)
    if detail is not None:  # last: where it cannot be written, what was found is seen
        write_output(detail, dump(head | found) + b"\n")
    console.next_step(f"datagen eval {shlex.quote(dataset)} --reference {shlex.quote(test)}")
    return 0


def _load(
    dataset: str, test: str, reference: str | None, ours: Wanted, theirs: Wanted
) -> tuple[Loaded, Loaded, Loaded | None]:
    """The set, the test rows, and the real rows where there are any: `reference`, else a run's own base."""
    loaded = load_dataset(dataset, ours)
    tests = load_reference(test, loaded.dataset, theirs)
    real = load_reference(reference, loaded.dataset, theirs) if reference else None
    if real is None and loaded.run is not None:
        real = base_of(loaded.run, loaded.dataset)
    for side in (loaded, tests, real):
        if side is not None:
            _remark(side)
    return loaded, tests, real


def _remark(side: Loaded) -> None:
    """What is to be known of one set before its scores: notes, rows that are not used, who wrote it."""
    data = side.dataset
    for note in side.notes:
        console.note(note)
    if data.label_field is not None and (unused := len(data) - len(labelled(data))):
        rows = "1 row has" if unused == 1 else f"{unused:,} rows have"
        console.note(f"{data.name}: {rows} no text or no {data.label_field} (the label): left out")
    if data.simulated:
        console.say(f"simulated: {data.name} was written by the offline model, for trying things out; not for training")


def _sizes(text: str | None) -> list[int]:
    if text is None:
        return []
    try:
        sizes = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        sizes = []
    if not sizes or min(sizes) < 2:
        raise UsageError(f"--sizes: {text!r} is no list of numbers from 2 on", hint="such as --sizes 100,500")
    return sizes


def _show(found: dict[str, Any]) -> None:
    console.paragraph(
        f"{found['dataset']} · {found['student']}, {found['seeds']} seeds"
        f" · {found['n_test']:,} test rows of {found['test']} · real rows from {found['real_from']}"
    )
    rows = [
        (
            row["train"], f"{row['n']:,}", f"{row['accuracy']['value']:.4f}",
            console.interval(row["accuracy"]["interval"]), f"{row['macro_f1']['value']:.4f}", _reading(row),
        )
        for row in found["rows"]
    ]  # fmt: skip
    console.table("", ("trained on", "rows", "accuracy", "95 %", "macro-F1", "reading"), rows)
    if regions := found["cartography"]:
        counts = ", ".join(f"{regions[name]:,} {name}" for name in ("easy", "ambiguous", "hard"))
        console.paragraph(f"\nrecords: {counts} (hard ones are often mislabelled; --detail FILE lists all)")


def _reading(row: dict[str, Any]) -> str:
    if "gap" not in row:
        return "–"
    gap = row["gap"]
    words = {"tie": "within chance of real alone", "better": "better than real alone", "worse": "worse than real alone"}
    return f"{words[gap['verdict']]} ({gap['value']:+.3f})"
