"""Rows that a notebook holds, written down as a file that is measured like any other.

What JSON has no form for is written as what it stands for (`json_value`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen_cli.core.errors import UsageError
from datagen_cli.core.json_text import json_value
from datagen_cli.core.jsonl import dump

if TYPE_CHECKING:
    from datagen_cli.evaluation.load import Loaded


class Held:
    """Rows in memory, as files of a folder for as long as they are measured. Whatever is said of them names the
    argument that they came as."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def file(self, data: Any, argument: str) -> str:
        """The name of what is to be read: rows are written down first. Raises `UsageError` as `write_rows`."""
        if isinstance(data, str | Path):
            return str(data)
        path = self._folder / f"{argument}.jsonl"
        write_rows(data, path)
        return str(path)

    def named(self, loaded: Loaded) -> Loaded:
        """What was read, under the name of its argument."""
        dataset = replace(loaded.dataset, name=self.words(loaded.dataset.name))
        return replace(loaded, dataset=dataset, notes=[self.words(note) for note in loaded.notes])

    def words(self, text: str) -> str:
        """A text in which no file of the folder is named."""
        return re.sub(rf"{re.escape(str(self._folder))}[/\\\\](\w+)\.jsonl", r"\1", text)


def write_rows(data: Any, path: Path) -> None:
    """Writes rows, or a table of pandas, as JSON lines. Raises `UsageError` for what is no row, and for a cell that
    holds no value of JSON."""
    lines = []
    for place, row in enumerate(_rows(data)):
        if not isinstance(row, Mapping):
            raise UsageError(f"row {place}: {row!r:.60} is no row", hint='rows are mappings, such as {"text": "…"}')
        lines.append(dump({str(name): _json(value, f"row {place}: {name}") for name, value in row.items()}) + b"\n")
    path.write_bytes(b"".join(lines))


def _rows(data: Any) -> list[Any]:
    """Rows in memory, of a table of pandas too."""
    table = hasattr(data, "to_json") and hasattr(data, "columns")
    if table and not data.columns.is_unique:
        raise UsageError("two columns of the table have the same name", hint="rename one of them")
    found = json.loads(data.to_json(orient="records")) if table else data
    return list(found) if isinstance(found, Iterable) else [found]


def _json(value: Any, where: str) -> Any:
    """The value of JSON that a cell stands for."""
    try:
        return json_value(value)
    except ValueError as error:
        raise UsageError(
            f"{where}: {value!r:.60} is no text, number, list or object",
            hint="leave the column out, or make it one with str()",
        ) from error
