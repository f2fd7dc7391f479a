"""`datagen dedup`: the rows of a file that repeat neither each other nor those of other files."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from datagen_cli.cli import complete, console
from datagen_cli.cli import options as given
from datagen_cli.cli.outputs import STANDARD, refuse_outputs, write_output
from datagen_cli.cli.repeats import Near, NearEmbedder, Threshold, opened_sieve
from datagen_cli.core.errors import DataError, Place, UsageError
from datagen_cli.core.jsonl import dump
from datagen_cli.evaluation.columns import text_columns
from datagen_cli.evaluation.load import all_rows, refuse_second_stdin, table_form

Named = tuple[str, Mapping[str, Any]]
"""A row and how it is called."""
EXAMPLES = (
    "datagen dedup new.jsonl --against train.jsonl -o kept.jsonl",
    "datagen dedup runs/tickets --against test.csv --near 0.8 -o kept.jsonl --rejected repeats.jsonl",
)


def command(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="Rows or a run folder; - is stdin.", autocompletion=complete.datasets),
    ],
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Rows not to repeat; repeatable.", autocompletion=complete.datasets),
    ] = None,
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILE", help="The kept rows, as JSONL.")] = STANDARD,
    rejected: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where the others go, each with what it repeats.")
    ] = None,
    text: given.Text = None,
    near: Near = None,
    threshold: Threshold = None,
    embedder: NearEmbedder = None,
    csv: given.Table = None,
    json_: given.Json = False,
) -> int:
    """Leave out rows that repeat one another or rows of other files.

    Exact repeats always (case, white space and Unicode forms folded), near copies and embedding neighbours where they
    are asked for. Of rows that repeat each other the first is kept, as it stands in the file.
    """
    others = list(against or ())
    if json_ and out == STANDARD:
        raise UsageError("only one of --json and -o - can go to standard output", hint="name a file with -o")
    refuse_outputs({"-o": out, "--rejected": rejected}, [file, *others])
    refuse_second_stdin([file, *others])
    notes: list[str] = []
    form = table_form(csv or [])
    rows = [(f"row {number}", row) for number, row in all_rows(file, notes, form)]
    fields = tuple(dict.fromkeys(text or ())) or tuple(text_columns([row for _, row in rows]))
    _refuse_missing(file, rows, fields)
    known: list[Named] = []
    for name in others:
        held = [(f"row {number} of {name}", row) for number, row in all_rows(name, notes, form)]
        _refuse_missing(name, held, fields, "; --text names the fields")
        known += held
    for note in notes:
        console.note(console.named(note))
    kept: list[bytes] = []
    left: list[bytes] = []
    reasons: Counter[str] = Counter()
    with opened_sieve(fields, near, threshold, embedder) as sieve:
        for found in sieve.sift(rows, known):
            if found.rejection is None:
                kept.append(dump(dict(found.row)) + b"\n")
                continue
            reasons[found.rejection.reason] += 1
            told = {"row": found.name, "reason": found.rejection.reason, "repeats": found.repeats}
            left.append(dump({**found.row, "dedup": {**told, "detail": found.rejection.detail}}) + b"\n")
    write_output(out, b"".join(kept))
    if rejected is not None:
        write_output(rejected, b"".join(left))
    result: dict[str, Any] = {
        "file": file, "against": others, "fields": list(fields), "rows": len(rows), "kept": len(kept),
        "left_out": dict(reasons), "out": out, "rejected": rejected,
    }  # fmt: skip
    if json_:
        console.emit_json(result)
    left_out = console.by_reason(reasons) or "none"
    console.say(f"{len(kept):,} of {console.counted(len(rows), 'row')} kept; left out: {left_out}")
    if out != STANDARD:
        console.next_step(f"datagen eval {shlex.quote(out)}")
    return 0


def _refuse_missing(name: str, rows: Sequence[Named], fields: Sequence[str], more: str = "") -> None:
    """Raises `DataError` for a field that no row of a file has."""
    known = dict.fromkeys(column for _, row in rows for column in row)
    for field in fields if rows else ():
        if field not in known:
            hint = f"columns: {', '.join(known)}{more}"
            raise DataError(f"no row has a column {field}", hint=hint, place=Place(name))
