"""Damaged files of a store that were moved aside: `<name>.unread-N` until what can be read of one is in the new file,
then `<name>.broken-N`. A process that is killed in between leaves the rest to the next one.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

TAILS = ("-wal", "-shm")


def move_aside(path: Path) -> None:
    """Moves a file, and its log, aside. Raises `OSError`."""
    number = 1
    while any(aside.exists() for aside in _names(path, number)):
        number += 1
    _rename(path, _names(path, number)[0])


def unread(path: Path) -> list[Path]:
    """The files beside `path` that were moved aside and are not marked as read, the oldest first."""
    found, number = [], 1
    while any(aside.exists() for aside in _names(path, number)):
        found.append(_names(path, number)[0])
        number += 1
    return [aside for aside in found if aside.exists()]


def moved(path: Path) -> list[Path]:
    """Every file beside `path` that was moved aside, with its log."""
    names = re.compile(re.escape(path.name) + rf"\.(?:unread|broken)-[1-9]\d*(?:{'|'.join(TAILS)})?")
    return sorted(file for file in path.parent.iterdir() if names.fullmatch(file.name))


def mark_read(aside: Path) -> Path:
    """Says that all that can be read of a file has been taken over. Returns what it is called now; where it cannot be
    renamed, as before."""
    read = aside.with_name(aside.name.replace(".unread-", ".broken-"))
    with suppress(OSError):
        _rename(aside, read)
        return read
    return aside


def _names(path: Path, number: int) -> tuple[Path, Path]:
    return path.with_name(f"{path.name}.unread-{number}"), path.with_name(f"{path.name}.broken-{number}")


def _rename(old: Path, new: Path) -> None:
    """Also its log, first: a file without one would look whole."""
    for tail in (*TAILS, ""):
        with suppress(FileNotFoundError):
            os.rename(f"{old}{tail}", f"{new}{tail}")
