"""The lock of a run folder: one process works in it at a time.

It is `flock` on the folder itself, so that it dies with its process and no file can be deleted to get round it. Where a
file system locks no folders (NFS), and on Windows, the file `.lock` in it is locked instead. `.lock` says who holds it.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import suppress
from pathlib import Path

from datagen_cli.core.below import hold, let_go
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.files import read_regular
from datagen_cli.core.jsonl import MODE, make_folder, write_errors
from datagen_cli.core.system import open_own, try_lock

FILE = ".lock"
TRIES, PAUSE_S = 5, 0.02
"""Whoever only looks whether a folder is locked holds it for some microseconds."""


class FolderLock:
    """The lock of one folder; `take` makes the folder where there is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._descriptors: list[int] = []

    def take(self) -> None:
        """Takes the lock. Raises `UsageError` where another process holds it."""
        make_folder(self.folder)
        for tries_left in reversed(range(TRIES)):
            if self._try_to_take():
                break
            if not tries_left:
                raise self._refused()
            time.sleep(PAUSE_S)
        with write_errors(self.folder / FILE):
            descriptor = _open_file(self.folder)
            self._descriptors.append(descriptor)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"pid {os.getpid()}".encode())

    def release(self) -> None:
        """Gives the lock back; may be called twice."""
        let_go(self.folder)
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []

    def lost(self) -> bool:
        """Whether the folder was deleted, moved or replaced since the lock was taken."""
        if not self._descriptors:
            return False
        held = self._descriptors[0]
        return not is_at(held, self.folder if stat.S_ISDIR(os.fstat(held).st_mode) else self.folder / FILE)

    def _try_to_take(self) -> bool:
        with write_errors(self.folder):
            descriptor, taken = _lock(self.folder, exclusive=True)
        if not taken:
            os.close(descriptor)
            return False
        self._descriptors.append(descriptor)
        hold(self.folder, descriptor)
        return True

    def _refused(self) -> UsageError:
        holder = ""
        with suppress(UsageError):
            holder = read_regular(self.folder / FILE, 64).decode("ascii", "replace").strip()
        shown = f" ({holder})" if holder.isprintable() and holder else ""
        return UsageError(
            f"another process{shown} is working in this folder",
            hint="wait for it, or choose another folder with -o",
            place=Place(str(self.folder)),
        )


def is_at(descriptor: int, path: Path) -> bool:
    """Whether a file or folder that is open stands at a path now."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False


def is_held(folder: Path) -> bool:
    """Whether a process works in a folder right now. Writes nothing."""
    try:
        descriptor, taken = _lock(folder, exclusive=False)
    except OSError:
        return False
    os.close(descriptor)
    return not taken


def _lock(folder: Path, *, exclusive: bool) -> tuple[int, bool]:
    """A descriptor of the folder, or of its `.lock` where folders cannot be locked, and whether it is locked now."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return descriptor, try_lock(descriptor, shared=not exclusive)
        except OSError:
            os.close(descriptor)
    descriptor = _open_file(folder) if exclusive else open_own(folder / FILE, os.O_RDONLY)
    try:
        return descriptor, try_lock(descriptor, shared=not exclusive)
    except OSError as error:
        os.close(descriptor)
        raise OSError(errno.ENOLCK, error.strerror, str(folder)) from error


def _open_file(folder: Path) -> int:
    return open_own(folder / FILE, os.O_RDWR | os.O_CREAT, MODE)
