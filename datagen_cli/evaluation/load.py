"""Any JSONL file (also .json, .csv, .tsv, .parquet, .gz, or `-`) or run folder as a dataset to measure.

Memory is bounded: of a file above `LARGEST` rows a seeded random sample of that many is kept, and `total` says what it
was drawn from. Rows that are no objects are left out and counted; what was noticed on the way is in `notes`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from datagen_cli.config.recipe import BaseOptions, CsvOptions
from datagen_cli.core.digest import rng
from datagen_cli.core.errors import DataError, Place, UsageError
from datagen_cli.core.fields import plain_text, spellings
from datagen_cli.core.nearby import near_file, near_runs
from datagen_cli.core.registry import is_name, load, suggest
from datagen_cli.evaluation.columns import (
    categories,
    column_names,
    label_column,
    readable,
    same_column,
    string_columns,
    text_columns,
    typed,
)
from datagen_cli.evaluation.run_facts import RUNNING, UNENDED, embedder_of, facts_of, groups_of
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.runs.reader import RunReader
from datagen_cli.sources.files import StandardInput
from datagen_cli.sources.foreign import SPREADSHEETS, TABLES
from datagen_cli.sources.rows import BadRow, open_bytes, reading, refuse_other_names
from datagen_cli.sources.tables import Csv

LARGEST = 1_000_000
STANDARD = "-"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user said about columns: text fields (none: to be found) and the label field.

    `usual_label` is the recipe's: taken where a file has it, no error where it has not. `text_option` is the option
    that errors about the text fields name. `csv` says how tables are written, where their first lines do not.
    """

    texts: tuple[str, ...] = ()
    label: str | None = None
    usual_label: str | None = None
    text_option: str = "--text"
    csv: CsvOptions | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A dataset, how many rows it was drawn from, and what was noticed. `run` is set for a run folder."""

    dataset: Dataset
    total: int
    notes: list[str] = field(default_factory=list)
    run: RunReader | None = None

    @property
    def problems(self) -> list[str]:
        """Those of the notes that could hide a problem: all but that a large file was sampled."""
        return [note for note in self.notes if note != self.sampling]

    @property
    def sampling(self) -> str:
        """The note that only a part of the rows is measured; empty where all are."""
        few = len(self.dataset)
        if self.total <= few:
            return ""
        return f"{self.dataset.name}: a random sample of {few:,} of its {self.total:,} rows is measured"


def table_form(pairs: Sequence[str]) -> CsvOptions | None:
    """The form of tables from `delimiter=;`, `header=false`, `header=question,answer` and the like; None without any.

    Raises `UsageError` for what is no such pair.
    """
    given: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"--csv: {pair!r} is no KEY=VALUE", hint="such as --csv 'delimiter=;'")
        given[key.strip()] = value.replace("\\t", "\t")
    if "header" in given:
        said = given["header"].strip().lower()
        given["header"] = said == "true" if said in ("true", "false") else given["header"].split(",")
    try:
        return CsvOptions.model_validate(given) if given else None
    except ValueError as error:
        hint = "keys: delimiter, quote, header, decimal, encoding"
        raise UsageError(f"--csv: {'; '.join(pairs)} cannot be used", hint=hint) from error


def load_dataset(name: str, wanted: Wanted) -> Loaded:
    """The dataset of a file or run folder. An empty one has no rows, and is no error.

    Raises `DataError` where there is nothing to read, where there are rows and none of them can be read, or where no
    row has a column that was asked for by name.
    """
    run = _run_at(name)
    notes: list[str] = []
    source = None if run else _source(name, wanted.csv)
    kept, total = sample(_numbered(run.rows()) if run else _file_rows(name, notes, source))
    rows = [row for _, row in kept]
    if isinstance(source, Csv):  # whose cells are texts whatever they mean
        rows = typed(rows)
    if run is None:
        rows, said = readable(rows, wanted.texts, wanted.label or label_column(rows, wanted.usual_label))
        notes += [f"{name}: {one}" for one in said]
    _refuse_unknown(name, rows, wanted)
    label = wanted.label or label_column(rows, wanted.usual_label or (run.label if run else None))
    texts = list(dict.fromkeys(wanted.texts)) or text_columns(rows, label)
    if not wanted.texts and (fixed := categories(rows, string_columns(rows, label))):
        of_label = "" if label else f", and --label {shlex.quote(fixed[0])} a label"
        has = "has few values and is" if len(fixed) == 1 else "have few values and are"
        notes.append(f"{name}: {', '.join(fixed)} {has} not measured as text; --text names what is{of_label}")
    elif rows and not texts and wanted.text_option == "--text":
        notes.append(
            f"{name}: no column of texts was found (it has: {', '.join(column_names(rows))}); --text names one"
        )
    if label is not None and (several := spellings(row.get(label) for row in rows)):
        notes.append(f"{name}: {label} is written in several ways, counted as one: {several}")
    accepted: list[Mapping[str, str]] = [row["verdicts"] for row in rows if isinstance(row.get("verdicts"), dict)]
    dataset = Dataset(
        name=name,
        rows=rows,
        text_fields=tuple(texts),
        label_field=label,
        ids=tuple(
            plain_text(row["id"]) if row.get("id") is not None else str(number)
            for (number, _), row in zip(kept, rows, strict=True)
        ),
        groups=_groups(rows, run),
        simulated=run.manifest.simulated if run else any(row.get("simulated") is True for row in rows),
        run=facts_of(run, accepted) if run else None,
    )
    notes += [f"{name}: {what}" for what in run.damage] if run else []
    if run is not None and run.manifest.state == RUNNING:
        notes.append(f"{name}: {UNENDED}: status says how to go on")
    loaded = Loaded(dataset, total, notes, run)
    notes += [] if rows else [f"{name}: there are no rows to measure"]
    notes += [loaded.sampling] if loaded.sampling else []
    return loaded


def load_reference(name: str, like: Dataset, wanted: Wanted) -> Loaded:
    """A file to compare with: the dataset's own text fields where it has them, else its only text column.

    With neither the reference has no text fields, and a note says what to name.
    """
    loaded = load_dataset(name, Wanted(wanted.texts, None, text_option="--reference-text", csv=wanted.csv))
    return as_reference(loaded, like, wanted)


def load_other(name: str, like: Dataset, wanted: Wanted) -> Loaded:
    """A file to set beside a dataset: measured by the same text fields and label, where it has them."""
    loaded = load_dataset(name, wanted)
    columns = column_names(loaded.dataset.rows)
    there = tuple(same_column(columns, field) for field in like.text_fields)
    texts = there if set(there) <= set(columns) else loaded.dataset.text_fields
    named = same_column(columns, like.label_field) if like.label_field else None
    label = named if named in columns else loaded.dataset.label_field
    return replace(loaded, dataset=replace(loaded.dataset, text_fields=tuple(texts), label_field=label))


def refuse_empty(option: str, name: str | None) -> None:
    """Raises `DataError` for a file or run folder without any row; `-` is not looked into. One row is read."""
    if name is None or name == STANDARD:
        return
    run = _run_at(name)
    rows: Iterator[Any] = run.rows() if run else _file_rows(name, [], _source(name, None))
    if next(rows, None) is None:
        raise DataError(f"{option}: the file is empty", hint="name a file with rows", place=Place(name))


def refuse_second_stdin(names: Iterable[str | None]) -> None:
    """Raises `UsageError` where standard input is named more than once among the files that will be read."""
    if list(names).count(STANDARD) > 1:
        raise UsageError("standard input can be read once only", hint="name - once, and files for the rest")


def base_of(run: RunReader, like: Dataset) -> Loaded | None:
    """The base that a run read, as the reference; None without one."""
    name = run.base_name
    if name is None:
        return None
    kept, total = sample(_numbered(run.base_rows()))
    rows = [row for _, row in kept]
    if not rows:
        return None
    ids = tuple(str(row.pop("id")) for row in rows)
    return as_reference(Loaded(Dataset(name, rows, (), None, ids), total), like, Wanted())


def embedder_of_run(name: str) -> str | None:
    """The embedder in the lock of a run folder; None for a file, and for a run that needed none."""
    run = _run_at(name) if name != STANDARD and Path(name).exists() else None
    return embedder_of(run) if run is not None else None


def as_reference(loaded: Loaded, like: Dataset, wanted: Wanted) -> Loaded:
    """The loaded file with the columns that answer to those of the dataset."""
    rows = loaded.dataset.rows
    columns = column_names(rows)
    label = label_column(rows, wanted.label or (like.label_field and same_column(columns, like.label_field)))
    there = [same_column(columns, name) for name in like.text_fields]
    notes = list(loaded.notes)
    if wanted.texts:
        texts = list(dict.fromkeys(wanted.texts))
    elif there and set(there) <= set(columns):
        texts = there
    else:
        texts = text_columns(rows, label)
        if len(texts) != 1:
            shown = ", ".join(columns) or "none"
            if rows:
                notes.append(
                    f"{loaded.dataset.name} has no column {', '.join(like.text_fields) or 'of text'} (it has: {shown}):"
                    " name its text with --reference-text"
                )
            texts = []
    found = replace(loaded.dataset, text_fields=tuple(texts), label_field=label)
    return replace(loaded, dataset=found, notes=notes)


def sample(
    rows: Iterable[tuple[int, dict[str, Any]]], most: int = LARGEST
) -> tuple[list[tuple[int, dict[str, Any]]], int]:
    """At most `most` of the numbered rows in their order, each equally likely, and how many there were.

    Which ones depends on how many rows there are, never on the name of the file.
    """
    random = rng("rows", most)
    kept: list[tuple[int, dict[str, Any]]] = []
    total = 0
    for item in rows:
        total += 1
        if len(kept) < most:
            kept.append(item)
        elif (place := random.randrange(total)) < most:
            kept[place] = item
    if total > most:
        kept.sort(key=lambda item: item[0])
    return kept, total


def all_rows(name: str, notes: list[str], csv: CsvOptions | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every row of a file or run folder with its number; what was left out goes to `notes`. Raises `DataError`."""
    run = _run_at(name)
    yield from _numbered(run.rows()) if run else _file_rows(name, notes, _source(name, csv))
    notes += [f"{name}: {what}" for what in run.damage] if run else []


def _run_at(name: str) -> RunReader | None:
    """The run of a folder, None for a file. Raises `DataError` for a name that no output could hold."""
    refuse_other_names(name)
    return RunReader(Path(name)) if name != STANDARD and Path(name).is_dir() else None


def _numbered(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    return enumerate(rows, start=1)


def _file_rows(name: str, notes: list[str], source: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    first: BadRow | None = None
    read = bad = 0
    for row in source.rows():
        if isinstance(row, BadRow):
            first = first or row
            bad += 1
        else:
            read += 1
            yield read + bad, row.data
    notes += getattr(source, "notes", ())
    if first is None:
        return
    where = f"{'line' if source.by_line else 'row'} {first.line}"
    if not read:
        place = Place(name, first.line if source.by_line else 0)
        why = first.reason if source.by_line else f"{where}: {first.reason}"
        raise DataError(f"no row can be read: {why}", hint=first.hint, place=place)
    said = "1 row cannot be read and is" if bad == 1 else f"{bad:,} rows cannot be read and are"
    to_do = f"; {first.hint}" if first.hint else ""
    notes.append(f"{name}: {said} left out; the first: {where}: {first.reason}{to_do}")


def _source(name: str, csv: CsvOptions | None) -> Any:
    """The reader that the ending of the name calls for; any other file is read as JSON Lines."""
    if name == STANDARD:
        return StandardInput()
    if not Path(name).exists():
        hint = near_file(name) or near_runs(Path(name)) or "name a JSONL file or a run folder"
        raise DataError("no such file or folder", hint=hint, place=Place(name))
    ending = name.removesuffix(".gz").rpartition(".")[2].lower()
    if f".{ending}" in SPREADSHEETS:
        raise DataError("a spreadsheet cannot be read", hint="save the sheet as CSV", place=Place(name))
    options = BaseOptions(path=name, csv=csv)
    reader = load("sources", _kind(name))
    return reader(options, lenient=True) if issubclass(reader, Csv) else reader(options)


def _kind(name: str) -> str:
    """The kind of source that the ending of a file names; what ends in .txt or .tab, as Excel writes tables, is a table
    where it does not begin as JSON does, and any other file is JSON Lines."""
    ending = name.removesuffix(".gz").rpartition(".")[2].lower()
    if is_name("sources", ending) and ending != "hf":
        return ending
    if f".{ending}" not in TABLES:
        return "jsonl"
    with open_bytes(name, name) as file, reading(name):
        start = file.read(1 << 12)
    text = start.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe").lstrip()
    return "jsonl" if text[:1] in (b"{", b"[", b"") else "tsv" if b"\t" in text.partition(b"\n")[0] else "csv"


def _refuse_unknown(name: str, rows: Sequence[Mapping[str, Any]], wanted: Wanted) -> None:
    """Raises `DataError` for a column that was asked for by name and that no row has."""
    if not rows:
        return
    asked = [(wanted.text_option, column) for column in wanted.texts]
    asked += [("--label", wanted.label)] if wanted.label else []
    for option, column in asked:
        if not any(column in row for row in rows):
            columns = column_names(rows[:1000])
            raise DataError(
                f"{option}: no row has a column {column!r}", hint=suggest(column, columns), place=Place(name)
            )


def _groups(rows: Sequence[Mapping[str, Any]], run: RunReader | None) -> tuple[str, ...] | None:
    """The correlated group of every row, where its run or the rows that it wrote say."""
    known = groups_of(run) if run else {}
    found = [known.get(str(row.get("id"))) for row in rows] if known else []
    if found and None not in found:
        return tuple(group for group in found if group is not None)
    if not rows or not all(isinstance(row.get("group"), str) and "verdicts" in row for row in rows):
        return None
    return tuple(row["group"] for row in rows)
