"""Reading a run folder back, for `status`, `show` and `why`: nothing here writes, locks or asks a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.jsonl import read_lines
from datagen_cli.runs.folder import RunFolder, shards_of


def open_run(run: str) -> tuple[RunFolder, dict[str, Any]]:
    """The folder and its `run.json`. Raises `UsageError` when it holds no run."""
    folder = RunFolder(Path(run))
    state = folder.state()
    if not state:
        what = "there is no such folder" if not folder.path.is_dir() else "this folder holds no run (no run.json)"
        raise UsageError(what, hint="name a run folder, such as runs/quickstart", place=Place(run))
    return folder, state


def dataset_rows(folder: RunFolder, state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of the dataset, all shards in order."""
    for name in shards_of(state, folder.path):
        yield from read_lines(folder.file(name))


def rejected_rows(folder: RunFolder) -> Iterator[dict[str, Any]]:
    """Rows of `rejected.jsonl`."""
    return read_lines(folder.file("rejected.jsonl"))


def live_state(folder: RunFolder, state: dict[str, Any]) -> str:
    """`running` only while a process holds the lock; `killed` when it died without a word."""
    found = str(state.get("state", "unknown"))
    if found == "running":
        return "running" if folder.held() else "killed"
    return found
