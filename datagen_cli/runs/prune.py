"""A finished run made small: checkpoints and cached replies go, what people read stays.

`run.json` then says when that was, so that the same command is still complete and calls nothing, and a larger one is
refused instead of paying for everything again.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datagen_cli.core.aside import TAILS, moved
from datagen_cli.core.below import unlink
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.jsonl import write_errors
from datagen_cli.runs.folder import RunFolder, dataset_files, made_again_by
from datagen_cli.runs.integrity import changed_files
from datagen_cli.runs.manifest import LOCK, now

CACHE = "calls.sqlite"
LOST = (
    "going on with a larger count, or with a changed recipe, without paying again",
    "the history of a record: prompts, replies and evidence (datagen why)",
    "the base and the first verdicts for datagen eval (--reference FILE names a base)",
)
"""What cannot be done with a run any more once it is pruned."""
MADE = ("dataset.jsonl", "rejected.jsonl", "lineage.jsonl", LOCK)
"""What the run makes again from its checkpoints where it is gone or damaged; shards beside them."""


def prunable(folder: RunFolder) -> dict[Path, int]:
    """The files that would go, with their sizes in bytes. Raises `UsageError` for a run that is not finished, or
    whose outputs are not as it left them: nothing could make them again afterwards."""
    state = folder.state()
    if state.get("state") != "done":
        raise UsageError(
            f"this run is not finished ({state.get('state', 'unknown')}): what it has is needed to go on",
            hint=f"finish it first: datagen status {shlex.quote(str(folder.path))} names the command",
            place=Place(str(folder.path)),
        )
    files = sorted((folder.path / "checkpoints").glob("*"))
    files += [*(folder.file(f"{CACHE}{tail}") for tail in ("", *TAILS)), *moved(folder.path / CACHE)]
    found = {file: file.stat().st_size for file in files if file.is_file() and not file.is_symlink()}
    if found:
        _refuse_changed(folder, state)
    return found


def _refuse_changed(folder: RunFolder, state: Mapping[str, Any]) -> None:
    seal = state.get("seal")
    seal = seal if isinstance(seal, dict) else {}
    files = seal.get("files")
    names = {name for name in files if name in MADE or name.startswith("dataset-")} if isinstance(files, dict) else ()
    made = changed_files(folder.path, seal, names)
    if made:
        again = "the command that made the run" if LOCK in made else made_again_by(folder.path)
        raise UsageError(
            f"changed or missing since the run: {', '.join(made)}; only what prune removes can restore it",
            hint=f"{again} makes it again, unpaid",
            place=Place(str(folder.path)),
        )


def prune(folder: RunFolder) -> dict[Path, int]:
    """Removes them under the run's lock; gives what was removed."""
    with folder:
        files = prunable(folder)
        state = folder.state()
        gone = {file.relative_to(folder.path).as_posix() for file in files}
        sealed = state.get("seal", {}).get("files")
        if isinstance(sealed, dict):
            kept = {name: digest for name, digest in sealed.items() if name not in gone}
            state["seal"] = {**state["seal"], "files": kept}
        folder.write_state({**state, "pruned": state.get("pruned") or now()})
        for file in files:
            with write_errors(file):
                unlink(file)
        return files


def refuse_pruned(folder: RunFolder, *, lost: bool = False) -> None:
    """Raises `UsageError` for a run that cannot go on because it was pruned; `lost` says that its `run.json` is
    damaged, so that only the files tell."""
    when = folder.state().get("pruned")
    kept = [folder.checkpoint_path("generate"), folder.file(CACHE)]
    if lost and dataset_files(folder.path) and not any(path.exists() for path in kept):
        when = "run.json is damaged and does not say when"
    if when:
        raise UsageError(
            f"this run was pruned ({when}): its checkpoints and replies are gone",
            hint="--new makes another run, --fresh moves this one aside and starts anew; both pay for all records",
            place=Place(str(folder.path)),
        )
