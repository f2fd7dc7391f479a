"""`datagen dedup`: the rows of a file that repeat neither each other nor those of other files."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

from datagen_cli.cli import complete, console
from datagen_cli.cli import options as given
from datagen_cli.cli.outputs import STANDARD, refuse_ending, refuse_outputs, write_output
from datagen_cli.cli.repeats import Near, NearEmbedder, Threshold, opened_sieve
from datagen_cli.cli.under_way import Say, under_way
from datagen_cli.config.recipe import CsvOptions
from datagen_cli.core.errors import DataError, Place, UsageError
from datagen_cli.core.jsonl import dump, put_by
from datagen_cli.core.telling import telling
from datagen_cli.evaluation.columns import same_column, text_columns
from datagen_cli.evaluation.load import all_rows, refuse_second_stdin, sample, table_form
from datagen_cli.pipeline.sift import RepeatRule, refuse_many

Named = tuple[str, Mapping[str, Any]]
"""A row and how it is called."""
LOOKED_AT = 10_000
"""Rows that say which columns are text, drawn at random."""
EXAMPLES = (
    "datagen dedup new.jsonl --against train.jsonl -o kept.jsonl",
    "datagen dedup runs/tickets --against test.csv --near 0.8 -o kept.jsonl --rejected repeats.jsonl",
)


def command(
    file: Annotated[str, given.argument("FILE", "Rows or a run folder; - is stdin.", offers=complete.datasets)],
    against: Annotated[list[str] | None, given.rows_option(None, "Rows not to repeat; repeatable.")] = None,
    out: Annotated[str, given.option(None, "FILE", "The kept rows, as JSONL.", "--out", "-o")] = STANDARD,
    rejected: Annotated[
        str | None, given.option(None, "FILE", "Where the others go, each with what it repeats.")
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
    for option, name in (("-o", out), ("--rejected", rejected)):
        refuse_ending(option, name or STANDARD)
    refuse_second_stdin([file, *others])
    notes: list[str] = []
    form = table_form(csv or [])
    reasons: Counter[str] = Counter()
    with under_way() as say, put_by() as left:
        rows, total, fields = _look(file, text, notes, form, say)
        if threshold is not None:
            refuse_many(total, Place(file))
        known: list[Named] = []
        for name in others:
            held, _, theirs = _look(name, fields, notes, form, say, "; --text names the fields")
            pairs = [*zip(fields, theirs, strict=True)]
            known += ((f"row {number} of {name}", {ours: row.get(own) for ours, own in pairs}) for number, row in held)
        for note in notes:
            console.note(console.named(note))

        def kept(sieve: RepeatRule) -> Iterator[bytes]:
            of = f"of {console.counted(total, 'row')} compared"
            sifted = sieve.sift(((f"row {number}", row) for number, row in rows), known)
            for found in telling(sifted, lambda done: say(f"{file}: {done:,} {of}")):
                if found.rejection is None:
                    yield dump(dict(found.row)) + b"\n"
                    continue
                reasons[found.rejection.reason] += 1
                told = {"row": found.name, "reason": found.rejection.reason, "repeats": found.repeats}
                if rejected is not None:
                    told["detail"] = found.rejection.detail
                    left.write(dump({**found.row, "dedup": told}) + b"\n")

        with opened_sieve(fields, near, threshold, embedder) as sieve:
            write_output(out, kept(sieve))
        if rejected is not None:
            left.seek(0)
            write_output(rejected, left)
    count = total - sum(reasons.values())
    result: dict[str, Any] = {
        "file": file, "against": others, "fields": list(fields), "rows": total, "kept": count,
        "left_out": dict(reasons), "out": out, "rejected": rejected,
    }  # fmt: skip
    if json_:
        console.emit_json(result)
    left_out = console.by_reason(reasons) or "none"
    console.say(f"{count:,} of {console.counted(total, 'row')} kept; left out: {left_out}")
    if out != STANDARD:
        console.next_step(f"datagen eval {shlex.quote(out)}")
    return 0


def _look(
    name: str, named: Sequence[str] | None, notes: list[str], form: CsvOptions | None, say: Say, more: str = ""
) -> tuple[Iterable[tuple[int, Mapping[str, Any]]], int, tuple[str, ...]]:
    """The numbered rows of a file, read again when they are asked for, how many there are, and the fields to
    compare: those named, or the columns that are called so but for case, spaces and marks. `notes` takes what was
    noticed, `say` how far it is.

    Standard input is kept instead. Raises `DataError` for a field that no row has, and where no field is named and
    none is text.
    """
    held = list(all_rows(name, notes, form)) if name == STANDARD else None
    columns: dict[str, None] = {}

    def seen() -> Iterator[tuple[int, dict[str, Any]]]:
        read = all_rows(name, notes, form) if held is None else held
        for number, row in telling(read, lambda done: say(f"{name}: {done:,} rows read")):
            columns.update(dict.fromkeys(row))
            yield number, row

    some, total = sample(seen(), 0 if named else LOOKED_AT)
    fields = tuple(dict.fromkeys(named or ())) or tuple(text_columns([row for _, row in some]))
    if not fields:
        hint = f"--text names the fields: {', '.join(columns)}" if total else "name a file with rows"
        what = "no column of text" if total else "no rows"
        raise DataError(f"there is nothing to compare: {what}", hint=hint, place=Place(name))
    if total:
        fields = tuple(dict.fromkeys(same_column([*columns], field) for field in fields))
    for field in fields if total else ():
        if field not in columns:
            hint = f"columns: {', '.join(columns)}{more}"
            raise DataError(f"no row has a column {field}", hint=hint, place=Place(name))
    return all_rows(name, [], form) if held is None else held, total, fields
