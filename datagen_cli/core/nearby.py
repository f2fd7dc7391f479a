"""Hints for a path that does not exist: a file of nearly that name, the runs of a folder.

Looks at no more than 2,000 entries of one folder, and into none of them but for the file that makes a folder a run.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

from datagen_cli.core.registry import suggest

MOST_ENTRIES = 2_000
SHOWN = 5
RUN_STATE = "run.json"


def near_file(path: str | Path, endings: Collection[str] = ()) -> str:
    """`did you mean my.yaml?`: the entry of the same folder that is called nearly so; empty where there is none, and
    for a path that leads somewhere but cannot be read.

    With `endings` only names that end so are looked at.
    """
    folder, name = os.path.split(os.fspath(path))
    if os.path.lexists(path):
        return ""
    found = [entry for entry in _entries(folder or ".") if not endings or os.path.splitext(entry)[1] in endings]
    near = suggest(name, found)
    return near.replace("mean ", f"mean {os.path.join(folder, '')}", 1) if near.startswith("did") else ""


def near_runs(folder: Path) -> str:
    """The run folder that is meant by one that is none, else the runs that there are; empty without any."""
    if folder.parent.joinpath(RUN_STATE).is_file() and not folder.is_dir():
        return f"name its folder: {shlex.quote(str(folder.parent))}"
    for place in (folder, folder.parent, Path("runs")):
        runs = [str(place / entry) for entry in _entries(place) if (place / entry / RUN_STATE).is_file()]
        if not runs:
            continue
        near = near_file(folder) if place == folder.parent else ""
        if near:
            return near
        shown = ", ".join(map(shlex.quote, runs[:SHOWN]))
        return f"runs that are there: {shown}" + (f" and {len(runs) - SHOWN:,} more" if len(runs) > SHOWN else "")
    return ""


def _entries(folder: str | Path) -> Iterator[str]:
    """Names in a folder, in order, hidden ones left out; none where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, MOST_ENTRIES)]
    except (OSError, ValueError):
        return iter(())
    return iter(sorted(name for name in names if not name.startswith(".")))
