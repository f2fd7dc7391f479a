"""Links in the place of a folder's own files: symbolic, hard and dangling. Nothing outside may change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.attack.attack import Attack, datagen
from tests.core.test_journal import journal_of

NAMES = (
    ".lock", "run.json", "dataset.jsonl", "rejected.jsonl", "plants.jsonl", "README.md", "recipe.lock.yaml",
    "spending.jsonl", "calls.sqlite", "calls.sqlite-wal", "calls.sqlite-shm", "calls.sqlite-journal",
    "checkpoints/1-load.jsonl", "checkpoints/2-plan.jsonl", "checkpoints/3-generate.jsonl",
    "run.log", "review.jsonl",
    "checkpoints/4-validate.jsonl", "checkpoints/5-enhance.jsonl", "checkpoints/6-dedup.jsonl",
)  # fmt: skip
FOLDERS = ("checkpoints", "previous")
MINE = b"precious\n"


def attacks() -> list[Attack]:
    """A file of the folder is a link to a file elsewhere, and the run goes on, or starts afresh."""
    made: dict[str, Callable[[Path, Path], None]] = {"symbolic": symbolic, "hard": os.link, "dangling": symbolic}
    found = []
    for how, link in made.items():
        for name in NAMES:
            found.append(Attack(f"{how}: {name}", partial(linked, name, link, how == "dangling")))
    for name in FOLDERS:
        found.append(Attack(f"symbolic: {name}/", partial(linked, name, symbolic, False)))
    return [*found, Attack("a journal that names a file", journal)]


def symbolic(victim: Path, place: Path) -> None:
    """A symbolic link at `place`."""
    place.symlink_to(victim)


def linked(name: str, link: Callable[[Path, Path], None], dangling: bool, folder: Path) -> str:
    """A finished run in which `name` is a link to a victim; then a larger run, and a fresh one."""
    run, victims = folder / "run", folder / "victims"
    victims.mkdir()
    victim = victims / "file"
    if name in FOLDERS:
        victim.mkdir()
        (victim / "3-generate.jsonl").write_bytes(MINE)
    elif not dangling:
        victim.write_bytes(MINE)
        victim.chmod(0o644)
    if (made := datagen("generate", "quickstart", "-n", 2, "-o", run, "--quiet", folder=folder)).code != 0:
        return f"the run itself failed: {made.err}"
    place = run / name
    if name == "checkpoints/3-generate.jsonl" and victim.is_file():
        shutil.copyfile(place, victim)  # a victim that looks like the real thing
    shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    link(victim, place)
    before = state_of(victims)
    for words in (("-n", 3), ("-n", 3, "--fresh")):
        ended = datagen("generate", "quickstart", *words, "-o", run, "--quiet", folder=folder)
        if problem := ended.wrong(frozenset({0, 2})):
            return problem
        if state_of(victims) != before:
            return f"what the link points at changed ({' '.join(map(str, words))})"
    return ""


def journal(folder: Path) -> str:
    """A rollback journal beside the call cache that ends in the name of a file, which SQLite deletes: as the run's own
    cache, and as one that is named."""
    victim, run = folder / "victim", folder / "run"
    victim.write_bytes(MINE)
    if (made := datagen("generate", "quickstart", "-n", 2, "-o", run, "--quiet", folder=folder)).code != 0:
        return f"the run itself failed: {made.err}"
    (run / "calls.sqlite-journal").write_bytes(journal_of(victim))
    for words in (("-o", run), ("-o", folder / "other", "--cache", run / "calls.sqlite")):
        ended = datagen("generate", "quickstart", "-n", 3, *words, "--quiet", folder=folder)
        if not victim.exists():
            return f"the file is gone ({words[0]})"
        if problem := ended.wrong(frozenset({0, 2})):
            return problem
    return ""


def state_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Modes and bytes of all files in a folder."""
    return {str(path): (path.stat().st_mode, path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()}
