"""What a run folder says of itself: its rows, its base, its label, and the verdicts in its checkpoints.

Nothing here locks or writes; a run that is still going on is read as far as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from datagen_cli.config.checks import Kind
from datagen_cli.config.tree import Source
from datagen_cli.config.yaml_lines import read_yaml
from datagen_cli.core.errors import DataError, Place, RecipeError
from datagen_cli.core.jsonl import read_json, read_lines
from datagen_cli.core.registry import targets
from datagen_cli.core.system import read_own
from datagen_cli.metrics.dataset import RunFacts
from datagen_cli.runs.folder import shards_of

SECTIONS: tuple[Kind, ...] = get_args(Kind)
_STEPS = ("4-validate", "5-enhance", "6-dedup")


class RunRecord:
    """One run folder, read lazily. Raises `DataError` when the folder holds no run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        state = read_json(folder / "run.json")
        if not isinstance(state, dict):
            raise DataError(
                "this folder holds no run (no run.json)",
                hint="name a JSONL file or a run folder, such as runs/quickstart",
                place=Place(str(folder)),
            )
        self.state: Mapping[str, Any] = state
        self._lock = self._read_lock()

    def rows(self) -> Iterator[dict[str, Any]]:
        """The accepted records, all shards in order."""
        for name in shards_of(self.state, self.folder):
            yield from read_lines(self.folder / name)

    @property
    def recipe(self) -> Mapping[str, Any]:
        """The recipe as it was resolved."""
        return self._lock

    @property
    def label(self) -> str | None:
        """The recipe's label field."""
        label = self._lock.get("label")
        found = label.get("field") if isinstance(label, dict) else label
        return found if isinstance(found, str) else None

    @property
    def embedder(self) -> str | None:
        """The embedder that the run was made with, where its lock names one."""
        dedup = self._lock.get("dedup")
        named = (dedup.get("embedder") if isinstance(dedup, dict) else None) or self._lock.get("embedder")
        return named if isinstance(named, str) else None

    @property
    def simulated(self) -> bool:
        """Whether the offline model wrote it."""
        return bool(self.state.get("simulated"))

    @property
    def correlated(self) -> Mapping[str, Any]:
        """The recipe's `sampling.correlated`; empty without it."""
        found = self._sampling.get("correlated")
        return found if isinstance(found, dict) else {}

    @property
    def temperature(self) -> float | None:
        """The recipe's `sampling.temperature`."""
        found = self._sampling.get("temperature")
        return float(found) if isinstance(found, int | float) else None

    @property
    def _sampling(self) -> Mapping[str, Any]:
        found = self._lock.get("sampling")
        return found if isinstance(found, dict) else {}

    def groups(self) -> dict[str, str]:
        """Record id → the group that it was sampled in, for runs with correlated sampling; empty for others."""
        if not (self.folder / "lineage.jsonl").is_file():
            return {}
        lines = read_lines(self.folder / "lineage.jsonl")
        return {line["id"]: line["group"] for line in lines if isinstance(line.get("group"), str) and "id" in line}

    def base_name(self) -> str | None:
        """How the base is called, or None without one."""
        base = self._lock.get("base")
        if not isinstance(base, dict):
            return None
        path = base.get("path")
        return Path(path).name if isinstance(path, str) else str(base.get("hf", "base"))

    def base_rows(self) -> Iterator[dict[str, Any]]:
        """The rows of the base in the recipe's fields, as the run read them."""
        for line in _checkpoint(self.folder, "1-load"):
            if isinstance(line.get("fields"), dict):
                yield {"id": line.get("id"), **line["fields"]}

    def facts(self, accepted: list[Mapping[str, str]]) -> RunFacts:
        """The stored verdicts: the first ones of every generated record, and those of the accepted ones."""
        lines: dict[tuple[int, int], Mapping[str, Any]] = {}
        count = int(self.state.get("count", 0))
        for step in _STEPS:
            for line in _checkpoint(self.folder, step):
                if isinstance(line.get("slot"), int) and line["slot"] < count:
                    lines[line["slot"], line["attempt"]] = {
                        name: line.get("first_verdicts", {}).get(name, outcome)
                        for name, outcome in line.get("verdicts", {}).items()
                    }
        return RunFacts(list(lines.values()), accepted, *self._checks())

    def _checks(self) -> tuple[list[str], frozenset[str]]:
        """The names of the checks, which `run.json` has in the recipe's order, and those that are constraints."""
        names = list(self.state.get("checks", {}))
        constraints, validators = (self._lock.get(key) or [] for key in SECTIONS)
        if not names:  # a run that was killed has not written them yet
            names = [_check_name(item) for item in (*constraints, *validators)]
        if len(names) == len(constraints) + len(validators):
            return names, frozenset(names[: len(constraints)])
        return names, frozenset(names).intersection(targets(SECTIONS[0]))

    def _read_lock(self) -> dict[str, Any]:
        try:
            with read_own(self.folder / "recipe.lock.yaml") as file:
                node = read_yaml(file.read().decode(), Source("recipe.lock.yaml"))
        except (OSError, UnicodeDecodeError, RecipeError):
            return {}
        found = None if node is None else node.plain()
        return found if isinstance(found, dict) else {}


def _check_name(written: Any) -> str:
    """The name of a check as the lock has it: its own, else what it is."""
    if not isinstance(written, dict) or not written:
        return str(written)
    kind, options = next(iter(written.items()))
    named = options.get("name") if isinstance(options, dict) else None
    return str(named or kind)


def _checkpoint(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """Whole lines of a checkpoint after its header; a torn last one is left out."""
    path = folder / "checkpoints" / f"{name}.jsonl"
    if not path.is_file():
        return
    with read_own(path) as file:
        next(file, None)
        for line in file:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield value
