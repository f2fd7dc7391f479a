"""Folders that are held by a descriptor: a file in one is reached below it, through no link on the way.

While a run goes on, its folder, or a folder in it, may be moved away and a link put in its place. Whatever is opened,
renamed, removed or made under a held folder's name happens below the descriptor instead: in that very folder, or
nowhere. Systems without `openat` (Windows) use the names.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SUPPORTED = {os.open, os.rename, os.unlink, os.mkdir} <= os.supports_dir_fd and hasattr(os, "O_DIRECTORY")
DEEPEST = 6
"""Folders between a file of a run and the run's own, at most: `previous/<digest>/checkpoints`, and some more."""
_held: dict[str, int] = {}


def hold(folder: Path, descriptor: int) -> None:
    """From now on files under this name are reached below the descriptor of a folder, until `let_go`."""
    if SUPPORTED:
        _held[str(folder)] = descriptor


def let_go(folder: Path) -> None:
    """Files under this name are reached by their names again."""
    _held.pop(str(folder), None)


@contextmanager
def reached(path: str | Path) -> Iterator[tuple[str, int | None]]:
    """What to call a file in system calls: its name and the descriptor of the folder that it lies in, or its whole path
    and None where no folder above it is held. Raises `OSError` where a link stands for a folder between the two."""
    root = _root(Path(path))
    if root is None:
        yield str(path), None
        return
    *between, name = Path(path).relative_to(root).parts
    at = opened = _held[str(root)]
    try:
        for part in between:
            before, opened = opened, os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=opened)
            if before != at:
                os.close(before)
        yield name, opened
    finally:
        if opened != at:
            os.close(opened)


def replace(source: Path, target: Path) -> None:
    """`os.replace` below held folders."""
    with reached(source) as (old, old_at), reached(target) as (new, new_at):
        os.replace(old, new, src_dir_fd=old_at, dst_dir_fd=new_at)


def unlink(path: Path, *, missing_ok: bool = False) -> None:
    """`Path.unlink` below held folders."""
    try:
        with reached(path) as (name, at):
            os.unlink(name, dir_fd=at)
    except FileNotFoundError:
        if not missing_ok:
            raise


def make_folders(path: Path) -> None:
    """`mkdir -p` below held folders. Raises `OSError` where a link or a file is in the way."""
    root = _root(path)
    if root is None:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except RecursionError as error:  # a thousand folders, one in the other
            raise OSError(errno.ENAMETOOLONG, "too deep", str(path)) from error
        return
    folder = root
    for part in path.relative_to(root).parts:
        folder /= part
        with reached(folder) as (name, at):
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=at)
            if not stat.S_ISDIR(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode):
                raise OSError(errno.ELOOP, "no folder", str(folder))


def _root(path: Path) -> Path | None:
    """The held folder that a path lies in."""
    folders = list(path.parents)[:DEEPEST] if _held else []
    return next((folder for folder in folders if str(folder) in _held), None)
