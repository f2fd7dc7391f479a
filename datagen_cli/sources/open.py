"""The base of a recipe: its file opened by its kind, bad rows stopped at or counted, rows in the recipe's fields; and
its licence, where the recipe, the hub or a card beside the file says it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datagen_cli.config.recipe import BaseOptions, RecipeOptions
from datagen_cli.core.errors import DataError, Place
from datagen_cli.core.fields import FieldSpec, spellings
from datagen_cli.core.licence import CARD, MOST_CHARACTERS, licence_of_card
from datagen_cli.core.pointer import Pointer, find_pointer, nearly_pointer
from datagen_cli.core.registry import is_name, load, targets
from datagen_cli.sources.infer import LabelPlan, Resolved, resolve
from datagen_cli.sources.mapping import BadValue, FieldReader, map_row
from datagen_cli.sources.rows import BadRow, Row, Source, shown_path

REASONS_KEPT = 5
ALIASES = {"ndjson": "jsonl"}


class BaseFile:
    """A base opened for reading: `rows()` once, then `digest`, `read` (rows seen), `skipped` and the first `reasons`.

    With `on_bad_row: stop` a bad row raises `DataError` with its place; with `skip` it is counted.
    """

    def __init__(self, source: Source, options: BaseOptions) -> None:
        self._source = source
        self._options = options
        self.read = 0
        self.skipped = 0
        self.reasons: list[str] = []

    @property
    def shown(self) -> str:
        """The name of the base in messages."""
        return self._source.shown

    @property
    def notes(self) -> list[str]:
        """What was noticed of the form of the file."""
        named = [f"{self.shown}: {what}" for what in getattr(self._source, "named", ())]
        return [*getattr(self._source, "notes", ()), *named]

    @property
    def digest(self) -> str:
        """Hex SHA-256 of what was read: the whole file, or with a `limit` up to the end of its last row."""
        return self._source.digest

    @property
    def licence(self) -> str:
        """The licence of the base and who says so, see `sources/open.py`."""
        return licence_of(self._options, str(getattr(self._source, "licence", "")))

    def rows(self) -> Iterator[Row]:
        """The first `limit` rows, bad ones among them counted. Raises `DataError` when there is none at all."""
        for row in self._source.rows():
            self.read += 1
            if isinstance(row, BadRow):
                self.refuse(row)
            else:
                yield row
            if self.read == self._options.limit:
                break
        if not self.read:
            hint = "a table needs rows below its header" if self._table else "it must hold at least one row"
            raise DataError("the base has no rows", hint=hint, place=Place(self.shown))

    def refuse(self, bad: BadRow) -> None:
        """Stops at a bad row, or counts it. Raises `DataError`."""
        place = Place(self.shown, bad.line if self._source.by_line else 0)
        reason = bad.reason if self._source.by_line else f"row {bad.line}: {bad.reason}"
        if self._options.on_bad_row == "stop":
            raise DataError(reason, hint=bad.hint or "on_bad_row: skip leaves bad rows out", place=place)
        self.skipped += 1
        if len(self.reasons) < REASONS_KEPT:
            self.reasons.append(f"{place}: {reason}")

    @property
    def _table(self) -> bool:
        return self.shown.removesuffix(".gz").endswith((".csv", ".tsv"))


@dataclass(frozen=True, slots=True)
class BaseRows:
    """A recipe's fields and label, and the base's rows in these fields.

    `rows` are (name, fields) in the order of the file; `row 12` is the name of the row on line 12 (or the twelfth row,
    where rows are not lines). Fields that the model adds are not in them. `digest` and `identity` (JSON values) are
    what the rows depend on; `digest` is empty without a base. `reasons` are those of the first skipped rows, `readers`
    how another file of the same columns is read. `pointer` says that the label names an item of a list field,
    `notes` what was noticed of the form of the file, `licence` what is said of the base's licence.
    """

    specs: tuple[FieldSpec, ...]
    label: LabelPlan | None = None
    rows: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    digest: str = ""
    identity: Any = None
    shown: str = ""
    read: int = 0
    skipped: int = 0
    reasons: tuple[str, ...] = ()
    readers: tuple[tuple[FieldReader, FieldSpec], ...] = ()
    pointer: Pointer | None = None
    notes: tuple[str, ...] = ()
    licence: str = ""

    @property
    def facts(self) -> dict[str, Any] | None:
        """What `run.json` says of a base: its rows, digest and, where it is known, licence."""
        licence = {"licence": self.licence} if self.licence else {}
        return {"rows": len(self.rows), "digest": self.digest, **licence} if self.rows else None


def open_base(options: BaseOptions) -> BaseFile:
    """The base opened by the kind that its name says. Raises `DataError` for a kind that is not known."""
    return BaseFile(load("sources", _kind(options))(options), options)


def read_base(options: RecipeOptions) -> BaseRows:
    """Everything that a run needs of its base; without one, the fields and the label alone.

    Raises `DataError` for a base that cannot be read or does not have what the recipe names, `RecipeError` for fields
    and labels that make no sense, `MissingExtra` for a format that needs one.
    """
    if options.base is None:
        resolved = resolve(options, ())
        return BaseRows(resolved.specs, resolved.label, identity=_identity(options, resolved.specs))
    base = open_base(options.base)
    read = list(base.rows())
    if not read:
        raise _none_left(base)
    try:
        resolved = resolve(options, [row.data for row in read])
    except DataError as error:
        raise DataError(error.message, hint=error.hint, place=error.place or Place(base.shown)) from error
    rows = []
    optional = options.write or () if options.method == "response" else ()  # answers that a base may have or lack
    for row in read:
        try:
            rows.append((f"row {row.line}", map_row(row.data, resolved.readers, optional)))
        except BadValue as error:
            base.refuse(BadRow(row.line, str(error), error.hint))
    pointer = _pointer(resolved, base, rows)
    if not rows:
        raise _none_left(base)
    return BaseRows(
        specs=resolved.specs,
        label=resolved.label,
        rows=tuple(rows),
        digest=base.digest,
        notes=(*base.notes, *_spelled(base.shown, resolved, [row for _, row in rows])),
        identity=_identity(options, resolved.specs),
        shown=base.shown,
        read=base.read,
        skipped=base.skipped,
        reasons=tuple(base.reasons),
        readers=resolved.readers,
        pointer=pointer,
        licence=base.licence,
    )


def _spelled(shown: str, resolved: Resolved, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Says which labels are written in several ways, where each way is a class of its own."""
    label = resolved.label
    several = spellings(row.get(label.field) for row in rows) if label is not None else ""
    what = "is written in several ways, each taken for a label of its own"
    return [f"{shown}: {label.field} {what}: {several}"] if label is not None and several else []


def _pointer(resolved: Resolved, base: BaseFile, rows: list[tuple[str, dict[str, Any]]]) -> Pointer | None:
    """How the label points at an item of a list field, if it does. A row of which that is not true where it is of most
    is a bad row: it is refused, or taken out of `rows`."""
    if resolved.label is None:
        return None
    lists = [spec.name for spec in resolved.specs if spec.type == "list"]
    fields = [row for _, row in rows]
    found = find_pointer(resolved.label.field, lists, fields)
    nearly = nearly_pointer(resolved.label.field, lists, fields) if found is None else None
    if nearly is None:
        return found
    pointer, strays = nearly
    for n in strays:
        base.refuse(BadRow(int(rows[n][0].removeprefix("row ")), pointer.problem(fields[n])))
    rows[:] = [row for n, row in enumerate(rows) if n not in set(strays)]
    return pointer


def _kind(options: BaseOptions) -> str:
    """`jsonl` for `train.jsonl.gz`. Raises `DataError` with the kinds there are."""
    if options.path is None:
        return "hf"
    name = options.path.removesuffix(".gz").rpartition("/")[2]
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    kind = ALIASES.get(suffix, suffix)
    if options.path == "-" or os.path.isdir(options.path):
        return "jsonl"  # which says what is wrong with it
    if not is_name("sources", kind) or kind == "hf":
        known = ", ".join(f".{name}" for name in targets("sources") if name != "hf")
        what = (
            f"unknown kind of file .{suffix}" if suffix else "the name has no ending that says what kind of file it is"
        )
        raise DataError(
            what, hint=f"known: {known}, each also with .gz but .parquet", place=Place(shown_path(options.path))
        )
    return kind


def _none_left(base: BaseFile) -> DataError:
    hint = f"the first: {base.reasons[0]}" if base.reasons else ""
    return DataError(
        f"no row of the base can be used: all {base.skipped} were skipped", hint=hint, place=Place(base.shown)
    )


def _identity(options: RecipeOptions, specs: tuple[FieldSpec, ...]) -> Any:
    """How rows become records: the options of every field, and what they were resolved to."""
    fields = {name: given.identity() for name, given in (options.fields or {}).items()}
    told = [{**asdict(spec), "values": list(spec.values)} for spec in specs]
    return [fields, [{name: part for name, part in one.items() if name != "code" or part} for one in told]]


def licence_of(options: BaseOptions, published: str = "") -> str:
    """The licence and who says so, such as `mit (README.md beside the base)`; empty where nothing does.

    `published` is what the hub says.
    """
    if options.license is not None:
        return f"{options.license} (the recipe)"
    if published.strip():
        return f"{' '.join(published.split())[:MOST_CHARACTERS]} (the hub)"
    found = licence_of_card(Path(options.path).parent / CARD) if options.path not in (None, "-") else ""
    return f"{found} ({CARD} beside the base)" if found else ""
