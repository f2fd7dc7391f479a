"""The seal of a finished run: digests of all its files, so that the same command again need not read them back.

It holds only for the same recipe, count and versions, and only while every file is as it was left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from datagen_cli.core.flow import STAGES
from datagen_cli.core.system import read_own
from datagen_cli.runs.folder import FILES, RunFolder
from datagen_cli.runs.manifest import Manifest, versions

SAME = ("count", "seed", "fingerprints", "simulated", "base")
OF_THIS_RUN = ("run", "started", "finished", "seconds", "earlier_seconds", "spent_now", "resume_command")
NONE_NOW = ("new_records", "no_reply", "calls", "cached_calls")


def make_seal(folder: RunFolder, manifest: Manifest) -> dict[str, Any]:
    """The seal of the folder as it is; call it when everything but `run.json` is written."""
    paths = [folder.checkpoint_path(stage) for stage in STAGES]
    paths += [folder.file(name) for name in {*FILES, *manifest.shards} - {"run.json"}]
    files = {str(path.relative_to(folder.path)): _digest(path) for path in sorted(paths) if path.exists()}
    return {"files": files, "versions": versions()}


def is_same(before: Mapping[str, Any], manifest: Manifest) -> bool:
    """Whether `before`, the folder's `run.json`, is of the finished run that `manifest` asks for."""
    seal = before.get("seal")
    if before.get("state") != "done" or not seal or seal.get("versions") != versions():
        return False
    if any(before.get(name) != getattr(manifest, name) for name in SAME):
        return False
    return all(before["recipe"].get(name) == manifest.recipe[name] for name in ("name", "digest"))


def changed_files(folder: Path, seal: Mapping[str, Any], names: Container[str] | None = None) -> list[str]:
    """The sealed files, all or those of these `names`, that are gone or not as they were left."""
    files = seal.get("files")
    found = []
    for name, digest in files.items() if isinstance(files, dict) else ():
        if names is None or name in names:
            try:
                same = _digest(folder / name) == digest
            except OSError:
                same = False
            found += [] if same else [name]
    return found


def restate(folder: RunFolder, before: Mapping[str, Any], manifest: Manifest) -> None:
    """Fills the manifest with what the finished run said; this one made, asked and paid nothing."""
    for name in Manifest.__slots__:
        if name in before and name not in OF_THIS_RUN:
            setattr(manifest, name, 0 if name in NONE_NOW else before[name])
    manifest.dataset = str(folder.file(manifest.shards[0]))


def _digest(path: Path) -> str:
    with read_own(path) as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
