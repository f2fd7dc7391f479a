"""One reader of run folders, for every command that looks into one: state, counts, rows, verdicts, spending, history.

Nothing here writes, locks, makes, renames or asks a model. A run that is going on is read as far as it is, large files
are streamed, and a folder of a stranger is bounded: regular files of the folder only, of known names and types. What
cannot be read is said in `damage`, and reading goes on without it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from datagen_cli.core.checksum import has_sum, seed_of, whole
from datagen_cli.core.errors import DataError, Place, UsageError
from datagen_cli.core.files import open_regular, parse_object, raw_lines, read_regular
from datagen_cli.core.flow import ATTEMPTED
from datagen_cli.core.nearby import near_runs
from datagen_cli.core.record import Outcome
from datagen_cli.runs.checkpoint import read_header
from datagen_cli.runs.folder import checkpoint_name, is_as_written, made_again_by
from datagen_cli.runs.integrity import changed_files
from datagen_cli.runs.ledger import FILE as SPENDING
from datagen_cli.runs.ledger import examine
from datagen_cli.runs.lock import is_held
from datagen_cli.runs.manifest import FILE as MANIFEST
from datagen_cli.runs.manifest import LOCK, Manifest, read_manifest
from datagen_cli.runs.spending import Spent, copied

_SHARD = re.compile(r"dataset(-\d{5}-of-\d{5})?\.jsonl")
OUTPUTS = ("dataset.jsonl", "rejected.jsonl", "lineage.jsonl", "README.md", LOCK)
HINT = "name a run folder, such as runs/quickstart"


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdicts on one attempt: those of the last stage that saw it, and the first ones, before any repair."""

    slot: int
    attempt: int
    verdicts: Mapping[str, Outcome]
    first: Mapping[str, Outcome]


class RunReader:
    """One run folder. `document` is `run.json` as it stands, `manifest` the same with every value of its type.

    Raises `DataError` where there is no run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._damaged: dict[str, int] = {}
        self._wrong: list[str] = []
        self.document = self._read_document()
        self.manifest, wrong = read_manifest(self.document)
        self._wrong += [f"{MANIFEST}: {name} is not what it should be" for name in wrong]
        if not is_as_written(self.document):
            self._wrong.append(f"{MANIFEST}: it is not as the run wrote it")
        self._recipe: dict[str, Any] | None = None

    @property
    def damage(self) -> list[str]:
        """What could not be read so far, a sentence a file."""
        lines = [
            f"{name}: {count:,} damaged line{'s are' if count > 1 else ' is'} left out"
            for name, count in self._damaged.items()
        ]
        return self._wrong + lines

    @property
    def state(self) -> str:
        """As `run.json` says, but `running` only while a process works in the folder, else `killed`."""
        found = self.manifest.state
        return "killed" if found == "running" and not is_held(self.folder) else found

    @property
    def recipe(self) -> Mapping[str, Any]:
        """`recipe.lock.yaml`: the recipe as resolved; empty before a run has ended."""
        if self._recipe is None:
            self._recipe = self._read_recipe()
        return self._recipe

    @property
    def label(self) -> str | None:
        """The recipe's label field; of a run that has not ended, as its `run.json` has it."""
        label = self.recipe.get("label", self.manifest.recipe.get("label"))
        found = label.get("field") if isinstance(label, dict) else label
        return found if isinstance(found, str) else None

    @property
    def sampling(self) -> Mapping[str, Any]:
        """The recipe's `sampling`; empty without it."""
        return _mapping(self.recipe.get("sampling"))

    @property
    def base_name(self) -> str | None:
        """How the base is called, or None without one."""
        base = self.recipe.get("base")
        if not isinstance(base, dict):
            return None
        path = base.get("path")
        return Path(path).name if isinstance(path, str) else str(base.get("hf", "base"))

    def rows(self) -> Iterator[dict[str, Any]]:
        """The accepted records, all shards in order; one whose `id` is no text is called by its line.

        Raises `DataError` where a file is gone that the run says it wrote: no reader then takes the rest for all.
        """
        for name in self.manifest.shards or ["dataset.jsonl"]:
            if _SHARD.fullmatch(name):
                self._refuse_gone(name)
                yield from map(_with_id, self._objects(name), count(1))
            else:
                self._say_once(f"{MANIFEST}: shards names {name[:80]!r}, which is no file of a dataset")

    def rejected(self) -> Iterator[dict[str, Any]]:
        """Every attempt that was not kept, as `rejected.jsonl` has them."""
        return self._objects("rejected.jsonl")

    def lineage(self) -> Iterator[dict[str, Any]]:
        """How records came about that were sampled together or made from others; nothing where none were."""
        return self._objects("lineage.jsonl")

    def base_rows(self) -> Iterator[dict[str, Any]]:
        """The rows of the base in the recipe's fields, as the run read them, each with its `id`."""
        for line in self.lines("load"):
            if isinstance(line.get("fields"), dict):
                yield {"id": line.get("id"), **line["fields"]}

    def checked(self) -> Iterator[Checked]:
        """The verdicts on every attempt at a slot below the count, the later stages after the earlier ones."""
        for stage in ATTEMPTED[1:]:
            for line in self.lines(stage):
                slot, attempt = line.get("slot"), line.get("attempt")
                if isinstance(slot, int) and isinstance(attempt, int) and slot < self.manifest.count:
                    verdicts, first = _mapping(line.get("verdicts")), _mapping(line.get("first_verdicts"))
                    own = {name: first.get(name, outcome) for name, outcome in verdicts.items()}
                    yield Checked(slot, attempt, verdicts, own)

    def lines(self, stage: str, holding: bytes = b"") -> Iterator[dict[str, Any]]:
        """The whole lines of a stage's checkpoint that hold these bytes, in the order in which they were written."""
        name = checkpoint_name(stage)
        header = read_header(self.folder / name)
        fingerprint = header.get("fingerprint") or self.manifest.fingerprints.get(stage)
        return self._objects(name, holding, seed=seed_of(str(fingerprint)))

    def happened(self) -> Iterator[dict[str, Any]]:
        """The lines of `run.log`, every session of the folder after the other."""
        return self._objects("run.log")

    def spending(self) -> Spent:
        """What the folder has spent up to now, calls in flight at their reservation."""
        found, damaged = examine(self.folder / SPENDING, self.manifest.spent) or (copied(self.manifest.spent), 0)
        if damaged:
            self._damaged[SPENDING] = damaged
        return found

    def changed(self) -> list[str]:
        """Outputs of a finished run that are gone or not as it left them; reads them whole."""
        outputs = {*OUTPUTS, *filter(_SHARD.fullmatch, self.manifest.shards)}
        return changed_files(self.folder, self.manifest.seal, outputs) if self.state == "done" else []

    def summary(self) -> dict[str, Any]:
        """`run.json` with its state and what was spent as they are now; values of a wrong type are empty."""
        told, spent = replace(self.manifest), self.spending()
        told.record_spending(spent, {})
        told.calls, told.cached_calls = self.manifest.calls, self.manifest.cached_calls
        told.spent_now = self.manifest.spent_now if "spent_now" in self.document else spent
        known = {name: getattr(told, name) for name in Manifest.__slots__}
        return {**self.document, **known, **told.totals(), "state": self.state}

    def _objects(self, name: str, holding: bytes = b"", *, seed: int | None = None) -> Iterator[dict[str, Any]]:
        """The objects of a JSONL file; a torn last line is what a run that goes on, or died, leaves, and no damage.

        With a `seed` the file has a header, and lines whose sum is wrong are damaged.
        """
        path = self.folder / name
        if not path.exists() and not path.is_symlink():
            return
        self._damaged.pop(name, None)
        try:
            file = open_regular(path)
        except DataError as error:
            self._say_once(f"{name}: {error.message}")
            return
        with file:
            for number, raw in enumerate(raw_lines(file)):
                if (seed is not None and number == 0) or (holding and holding not in raw):
                    continue
                found = parse_object(raw)
                if seed is not None and has_sum(raw) and raw.endswith(b"\n") and not whole(raw, seed):
                    found = None
                if found is not None:
                    yield found
                elif raw.strip() and raw.endswith(b"\n"):
                    self._damaged[name] = self._damaged.get(name, 0) + 1

    def _refuse_gone(self, name: str) -> None:
        path = self.folder / name
        if name in self.manifest.shards and self.manifest.state != "running" and not os.path.lexists(path):
            again = f"{made_again_by(self.folder)} makes it again, unpaid"
            raise DataError(
                "this file is gone, and the run wrote it",
                hint="bring it back from a copy: the run was pruned" if self.document.get("pruned") else again,
                place=Place(str(path)),
            )

    def _read_document(self) -> dict[str, Any]:
        place = Place(str(self.folder))
        if not self.folder.is_dir():
            what = "this is a file, no run folder" if self.folder.exists() else "there is no such folder"
            raise DataError(what, hint=near_runs(self.folder) or HINT, place=place)
        if not (self.folder / MANIFEST).exists():
            hint = near_runs(self.folder) or HINT
            raise DataError(f"this folder holds no run (no {MANIFEST})", hint=hint, place=place)
        found = parse_object(read_regular(self.folder / MANIFEST))
        if found is None:
            raise DataError(
                f"{MANIFEST} is damaged", hint="the command that made the run writes it anew: run it again", place=place
            )
        return found

    def _read_recipe(self) -> dict[str, Any]:
        from datagen_cli.config.tree import Source
        from datagen_cli.config.yaml_lines import MAX_BYTES, read_yaml

        path = self.folder / LOCK
        if not path.exists() and not path.is_symlink():
            return {}
        with suppress(UsageError):
            node = read_yaml(read_regular(path, MAX_BYTES), Source(LOCK))
            found = node.plain() if node is not None else None
            if isinstance(found, dict):
                return found
        self._say_once(f"{LOCK}: cannot be read")
        return {}

    def _say_once(self, what: str) -> None:
        if what not in self._wrong:
            self._wrong.append(what)


def _with_id(row: dict[str, Any], line: int) -> dict[str, Any]:
    named = isinstance(row.get("id"), str)
    return row if named else {"id": f"line {line}", **{name: item for name, item in row.items() if name != "id"}}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
