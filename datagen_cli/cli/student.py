"""`datagen student`: trains students on a dataset and on real data, and scores them on real test rows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from datagen_cli.cli import console
from datagen_cli.cli.outputs import refuse_outputs, write_output
from datagen_cli.core.errors import UsageError
from datagen_cli.core.jsonl import dump
from datagen_cli.evaluation.document import cut
from datagen_cli.evaluation.embedding import open_for_eval
from datagen_cli.evaluation.learning_curve import learning_curve
from datagen_cli.evaluation.load import Loaded, Wanted, base_of, load_dataset, load_reference, refuse_second_stdin
from datagen_cli.evaluation.student import labelled
from datagen_cli.students.linear import require_sklearn

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Flags:
    """The options of the command line as given."""

    dataset: str
    test: str
    reference: str | None = None
    texts: Sequence[str] = ()
    reference_texts: Sequence[str] = ()
    label: str | None = None
    sizes: str | None = None
    seeds: int = 5
    embedder: str | None = None
    detail: str | None = None
    as_json: bool = False


def run(flags: Flags) -> int:
    """Runs the command. Returns the exit code."""
    require_sklearn()
    sizes = _sizes(flags.sizes)
    _refuse(flags)
    loaded = load_dataset(flags.dataset, Wanted(tuple(flags.texts), flags.label))
    columns = Wanted(tuple(flags.reference_texts), flags.label)
    test = load_reference(flags.test, loaded.dataset, columns)
    real = load_reference(flags.reference, loaded.dataset, columns) if flags.reference else None
    if real is None and loaded.run is not None:
        real = base_of(loaded.run, loaded.dataset)
    for side in (loaded, test, real):
        if side is not None:
            _remark(side)
    embedder = open_for_eval(flags.embedder, console.say) if flags.embedder else None
    try:
        found = learning_curve(
            loaded.dataset,
            test.dataset,
            real.dataset if real else None,
            sizes=sizes,
            seeds=flags.seeds,
            embed=embedder.encode if embedder else None,
            say=console.say,
        )
    finally:
        if embedder is not None:
            embedder.close()
    head = {"dataset": flags.dataset, "test": flags.test, "simulated": loaded.dataset.simulated}
    if flags.detail is not None:
        write_output(flags.detail, dump(head | found) + b"\n")
    if flags.as_json:
        console.emit_json(head | cut(found, SHOWN))
    elif flags.detail != "-":
        _show(flags, found)
    console.next_step(f"datagen eval {shlex.quote(flags.dataset)} --reference {shlex.quote(flags.test)}")
    return 0


def _refuse(flags: Flags) -> None:
    """What makes no sense, or cannot be read or written, is said before anything is trained."""
    if flags.seeds < 1:
        raise UsageError("--seeds must be at least 1")
    if flags.detail == "-" and flags.as_json:
        raise UsageError("only one of --json and --detail - can go to standard output", hint="name a file")
    read = [flags.dataset, flags.test, flags.reference]
    refuse_second_stdin(read)
    refuse_outputs({"--detail": flags.detail}, read)


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


def _show(flags: Flags, found: dict[str, Any]) -> None:
    console.out(
        f"{flags.dataset} · {found['student']}, {found['seeds']} seeds · {found['n_test']:,} test rows of {flags.test}"
        f" · real rows from {found['real_from']}"
    )
    rows = [
        (
            row["train"], f"{row['n']:,}", f"{row['accuracy']['value']:.4f}", _range(row["accuracy"]["interval"]),
            f"{row['macro_f1']['value']:.4f}", _reading(row),
        )
        for row in found["rows"]
    ]  # fmt: skip
    console.table("", ("trained on", "rows", "accuracy", "95 %", "macro-F1", "reading"), rows)
    if regions := found["cartography"]:
        counts = ", ".join(f"{regions[name]:,} {name}" for name in ("easy", "ambiguous", "hard"))
        console.out(f"\nrecords: {counts} (hard ones are often mislabelled; --detail FILE lists all)")


def _reading(row: dict[str, Any]) -> str:
    if "gap" not in row:
        return "–"
    gap = row["gap"]
    words = {"tie": "as good as real alone", "better": "better than real alone", "worse": "worse than real alone"}
    return f"{words[gap['verdict']]} ({gap['value']:+.3f})"


def _range(interval: Sequence[float]) -> str:
    return f"{interval[0]:.3f} – {interval[1]:.3f}"
