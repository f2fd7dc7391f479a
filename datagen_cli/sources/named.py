"""Rows of named files and earlier runs in a recipe's fields: what a new dataset may not repeat."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datagen_cli.config.recipe import BaseOptions
from datagen_cli.core.budget import TooMuch, within
from datagen_cli.core.errors import DataError, Place
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.nearby import near_file
from datagen_cli.sources.mapping import BadValue, FieldReader, map_row
from datagen_cli.sources.open import open_base
from datagen_cli.sources.rows import shown_path

LOOKING_S = 2.0
"""CPU seconds for the folders that a pattern goes through: most of them are the system's."""


@dataclass(frozen=True, slots=True)
class NamedRows:
    """Rows of one file: (name, fields they have), how many could not be read, and the digest of the file."""

    shown: str
    rows: tuple[tuple[str, Mapping[str, Any]], ...]
    skipped: int
    digest: str


def read_named(
    pattern: str,
    specs: Sequence[FieldSpec],
    readers: Sequence[tuple[FieldReader, FieldSpec]],
    *,
    without: Path | None = None,
) -> list[NamedRows]:
    """The files that a path or glob names, a run folder being its dataset; `without` is a run folder to leave out.

    A row is read by the names of the fields where it has them (another run's dataset), else as rows of the base are.
    Raises `DataError` when nothing matches a path without wildcards, or no row of a file has a field of the recipe.
    """
    paths = _matching(pattern) if glob.has_magic(pattern) else [pattern]
    found = []
    for path in paths:
        for file in _files(Path(path), without):
            found.append(_read(file, specs, readers))
    return found


def _matching(pattern: str) -> list[str]:
    """The paths that a pattern names. Raises `DataError` for one that would look through half of a disk."""
    try:
        return within(lambda: sorted(glob.glob(pattern)), cpu_s=LOOKING_S)
    except TooMuch as error:
        hint = "name the folder that the files lie in"
        raise DataError(f"too many folders to look through: {error}", hint=hint, place=Place(pattern)) from error


def _files(path: Path, without: Path | None) -> Iterator[Path]:
    if not path.exists():
        raise DataError(
            "there is no such file or run",
            hint=near_file(path) or "give the path of a file or of a run folder",
            place=Place(shown_path(str(path))),
        )
    if not path.is_dir():
        yield path
        return
    if without is not None and path.resolve() == without.resolve():
        return
    single = path / "dataset.jsonl"
    yield from [single] if single.exists() else sorted(path.glob("dataset-*-of-*.jsonl"))


def _read(file: Path, specs: Sequence[FieldSpec], readers: Sequence[tuple[FieldReader, FieldSpec]]) -> NamedRows:
    shown = shown_path(str(file))
    if not file.stat().st_size:
        return NamedRows(shown, (), 0, "")
    base = open_base(BaseOptions(path=str(file), on_bad_row="skip"))
    rows: list[tuple[str, Mapping[str, Any]]] = []
    unreadable = 0
    for row in base.rows():
        fields = _fields(row.data, specs, readers)
        if fields:
            rows.append((f"{row.data.get('id') or f'row {row.line}'} of {shown}", fields))
        else:
            unreadable += 1
    if not rows:
        names = ", ".join(spec.name for spec in specs)
        raise DataError(
            "no row has the fields of this recipe",
            hint=f"a file to compare with needs {names}, or the columns of the base",
            place=Place(shown),
        )
    return NamedRows(shown, tuple(rows), base.skipped + unreadable, base.digest)


def _fields(
    data: Mapping[str, Any], specs: Sequence[FieldSpec], readers: Sequence[tuple[FieldReader, FieldSpec]]
) -> Mapping[str, Any]:
    try:
        return map_row(data, readers) if readers else _own(data, specs)
    except BadValue:
        return _own(data, specs)


def _own(data: Mapping[str, Any], specs: Sequence[FieldSpec]) -> Mapping[str, Any]:
    """The fields that the row has under their own names; empty when a text field is missing."""
    texts = [spec.name for spec in specs if spec.type == "text"]
    if not all(isinstance(data.get(name), str) for name in texts):
        return {}
    return {spec.name: data[spec.name] for spec in specs if spec.name in data}
