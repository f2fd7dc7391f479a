"""The run folder: its files, its lock, and what moves aside when a recipe changes.

Nothing is ever deleted: what an earlier recipe left goes to `previous/<digest>/`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from datagen_cli.core.below import replace, unlink
from datagen_cli.core.checksum import NAME, document_sum
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.flow import STAGES
from datagen_cli.core.jsonl import make_folder, read_json, write_errors, write_json
from datagen_cli.runs.checkpoint import Checkpoint, stored_fingerprint
from datagen_cli.runs.lock import FILE as LOCK
from datagen_cli.runs.lock import FolderLock
from datagen_cli.runs.manifest import read_manifest

FILES = (
    "dataset.jsonl", "lineage.jsonl", "rejected.jsonl", "run.json", "recipe.lock.yaml", "README.md", "plants.jsonl",
)  # fmt: skip
STATE = "run.json"


def is_as_written(state: Mapping[str, Any]) -> bool:
    """Whether a `run.json` is as a run wrote it; one of an older version carries no sum."""
    try:
        return NAME not in state or state[NAME] == document_sum({k: v for k, v in state.items() if k != NAME})
    except RecursionError:
        return False


def write_sealed(path: Path, document: Mapping[str, Any]) -> None:
    """Writes a document aside, with a sum of it, and renames it."""
    rest = {name: value for name, value in document.items() if name != NAME}
    write_json(path, {**rest, NAME: document_sum(rest)})


def read_sealed(path: Path, key: str) -> dict[str, Any]:
    """A document that carries its sum and was written under this `key`; empty where it is missing, other or damaged."""
    found = read_json(path)
    whole = isinstance(found, dict) and NAME in found and is_as_written(found) and found.get("key") == key
    return found if whole else {}


def checkpoint_name(stage: str) -> str:
    """Where the checkpoint of a stage lies in its folder: `checkpoints/3-generate.jsonl`."""
    return f"checkpoints/{STAGES.index(stage) + 1}-{stage}.jsonl"


def dataset_files(folder: Path) -> list[Path]:
    """The files that hold the accepted records of a run folder, in their order: one, or shards; none before its end."""
    single = folder / "dataset.jsonl"
    return [single] if single.exists() else sorted(folder.glob("dataset-?????-of-?????.jsonl"))


def made_again_by(folder: str | Path) -> str:
    """The command that goes on with a run by the recipe that it keeps: what is gone is made again, and nothing paid."""
    return shlex.join(["datagen", "generate", str(Path(folder) / "recipe.lock.yaml"), "-o", str(folder)])


class RunFolder:
    """Paths and lock of one run. Use as a context manager to hold the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FolderLock(path)

    def __enter__(self) -> RunFolder:
        self.lock()
        return self

    def __exit__(self, *_: Any) -> None:
        self.unlock()

    def lock(self) -> None:
        """Creates the folder and takes its lock. Raises `UsageError` when another process holds it."""
        self._lock.take()
        for name in ("checkpoints", "previous"):
            if name == "checkpoints" or (self.path / name).is_symlink():
                make_folder(self.path / name, own=True)
        for pattern in (".*.part", ".dataset-*.new"):  # by a process that was killed while it wrote
            for left in self.path.glob(pattern):
                unlink(left, missing_ok=True)

    def unlock(self) -> None:
        """Gives the lock back."""
        self._lock.release()

    @contextmanager
    def unless_lost(self) -> Iterator[None]:
        """What cannot be written because the folder is gone is left out."""
        try:
            yield
        except UsageError:
            if self.loss() is None:
                raise

    def refuse_loss(self) -> None:
        """Raises the error of `loss`, if there is one."""
        loss = self.loss()
        if loss is not None:
            raise loss

    def loss(self) -> UsageError | None:
        """The error to report when the folder was deleted, moved or replaced since it was locked: nothing may be
        written there any more. None while it is in its place."""
        if not self._lock.lost():
            return None
        return UsageError(
            "this run folder was deleted, moved or replaced while the run went on",
            hint="put it back, or start anew: what is not in it cannot be kept",
            place=Place(str(self.path)),
        )

    def checkpoint_path(self, stage: str) -> Path:
        """`checkpoints/3-generate.jsonl`."""
        return self.path / checkpoint_name(stage)

    def checkpoint(self, stage: str, fingerprint: str) -> Checkpoint:
        """The stage's checkpoint, opened for appending."""
        return Checkpoint(self.checkpoint_path(stage), stage, fingerprint)

    def file(self, name: str) -> Path:
        """A file of the folder."""
        return self.path / name

    def state(self) -> dict[str, Any]:
        """What `run.json` says; empty when there is none, a damaged one, or one that holds what no run writes."""
        found = read_json(self.path / STATE)
        if not isinstance(found, dict) or not is_as_written(found):
            return {}
        return {} if read_manifest(found)[1] else found

    def write_state(self, document: Mapping[str, Any]) -> None:
        """Writes `run.json`."""
        write_sealed(self.path / STATE, document)

    def changed_stages(self, fingerprints: dict[str, str]) -> list[str]:
        """The stages whose checkpoint was written under another fingerprint."""
        stored = {stage: stored_fingerprint(self.checkpoint_path(stage)) for stage in STAGES}
        return [stage for stage, found in stored.items() if found not in (None, fingerprints[stage])]

    def set_aside(self, stages: list[str], tag: str) -> Path:
        """Moves the dataset, its card and these stages' checkpoints to `previous/<tag>/`. Returns that folder."""
        moved = [self.checkpoint_path(stage) for stage in stages]
        moved += [self.path / name for name in FILES if name != "plants.jsonl"]
        return self._move([*moved, *sorted(self.path.glob("dataset-*.jsonl"))], tag)

    def set_all_aside(self, tag: str) -> Path:
        """Moves everything, call cache included, to `previous/<tag>/`: a fresh start that deletes nothing."""
        keep = {"previous", LOCK, "checkpoints"}
        moved = [path for path in sorted(self.path.iterdir()) if path.name not in keep]
        return self._move([*moved, *sorted((self.path / "checkpoints").iterdir())], tag)

    def _move(self, paths: list[Path], tag: str) -> Path:
        """Moves those that are there to a folder of their own below `previous/`. Returns that folder."""
        previous = self.path / "previous"
        target, number = previous / tag, 2
        while target.exists():
            target, number = previous / f"{tag}-{number}", number + 1
        make_folder(target / "checkpoints")
        for path in paths:
            if path.exists():
                within = target / path.relative_to(self.path)
                with write_errors(within):
                    replace(path, within)
        return target
