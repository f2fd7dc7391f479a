"""What not every operating system has: files opened through no link, a file's lock, reading and writing at a position.

Elsewhere nothing of these is imported or named at module level, so that every module can be imported on any system.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

from datagen_cli.core.below import reached

CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0)
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | CLOSE_ON_EXEC
"""For files of a run: a link is not followed, and a pipe in the way is not waited for."""
_LOCKED_BYTE = 1 << 30
"""Windows locks bytes, not files, and nobody can read a locked one: this one lies behind all that is written."""


MOST_HOLES = 1 << 30


def open_own(path: str | Path, flags: int, mode: int = 0o600) -> int:
    """The descriptor of a plain file, opened below the run's folder where that is held. Raises `OSError` where a link,
    a pipe or a device is in the way, and, to write, where the file has a second name (a hard link): what is written
    would change that one, too. Neither is opened what has over `MOST_HOLES` bytes of nothing."""
    with reached(path) as (name, folder):
        descriptor = os.open(name, flags | NO_LINK, mode, dir_fd=folder)
    found = os.fstat(descriptor)
    wrong = 0 if stat.S_ISREG(found.st_mode) else errno.ENOTSUP
    if not wrong and found.st_nlink > 1 and flags & (os.O_WRONLY | os.O_RDWR):
        wrong = errno.EMLINK
    if not wrong and found.st_size > MOST_HOLES and _is_hollow(descriptor, found.st_size):
        wrong = errno.EFBIG
    if wrong:
        os.close(descriptor)
        raise OSError(wrong, "no file of its own", str(path))
    return descriptor


def _is_hollow(descriptor: int, size: int) -> bool:
    """Whether a file has over `MOST_HOLES` bytes that were never written: they take no space, and hours to read."""
    if not hasattr(os, "SEEK_HOLE"):
        return False
    holes = place = 0
    with suppress(OSError):  # behind the last byte that was written there is nothing more
        while (hole := os.lseek(descriptor, place, os.SEEK_HOLE)) < size and holes <= MOST_HOLES:
            holes += size - hole
            place = os.lseek(descriptor, hole, os.SEEK_DATA)
            holes -= size - place
    os.lseek(descriptor, 0, os.SEEK_SET)
    return holes > MOST_HOLES


def read_own(path: str | Path) -> BufferedReader:
    """A plain file, opened to be read. Raises `OSError` as `open_own` does: a pipe is not waited for."""
    return os.fdopen(open_own(path, os.O_RDONLY), "rb")


def open_given(path: str | Path) -> BufferedReader:
    """A file that a recipe or a command line names, opened to be read; a link is followed.

    Raises `OSError` for a pipe or a device, which may have no end, and for over `MOST_HOLES` bytes of nothing. A file
    without a size is read as an empty one: the system's own (`/proc/kmsg`) look like that, and may wait for ever.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | CLOSE_ON_EXEC | getattr(os, "O_BINARY", 0))
    found = os.fstat(descriptor)
    wrong = (errno.ENOTSUP, "not a plain file") if not stat.S_ISREG(found.st_mode) else None
    if not wrong and found.st_size > MOST_HOLES and _is_hollow(descriptor, found.st_size):
        wrong = (errno.EFBIG, "hollow: more than a gigabyte of it has no content")
    if wrong:
        os.close(descriptor)
        raise OSError(*wrong, str(path))
    if found.st_size == 0:
        os.close(descriptor)
        descriptor = os.open(os.devnull, os.O_RDONLY | CLOSE_ON_EXEC)
    return os.fdopen(descriptor, "rb")


def read_given(path: str | Path, most: int = 10_000_000) -> bytes:
    """The bytes of such a file. Raises `OSError` beyond `most`."""
    with open_given(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"larger than {most // 1_000_000} MB", str(path))
    return data


def is_plain_file(path: str | Path, *, own: bool = False) -> bool:
    """Whether there is a plain file and no link to one; `own`: one that has no second name either."""
    return _is_plain(path, own) is True


def in_the_way(path: str | Path, *, own: bool = False) -> bool:
    """Whether there is something else than a plain file (see `is_plain_file`). One look: a file that another process
    takes away meanwhile is not in the way."""
    return _is_plain(path, own) is False


def _is_plain(path: str | Path, own: bool) -> bool | None:
    """None where there is nothing."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return stat.S_ISREG(found.st_mode) and not (own and found.st_nlink > 1)


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Takes the lock of an open file, which dies with its process; False when another process holds it."""
    try:
        import fcntl
    except ImportError:
        return _try_lock_byte(descriptor)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _try_lock_byte(descriptor: int) -> bool:
    import msvcrt

    os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
    return True


def write_at(descriptor: int, data: bytes, offset: int) -> int:
    """Writes all of `data` at a position of a file and gives the number of bytes written."""
    written = 0
    while written < len(data):
        if hasattr(os, "pwrite"):
            written += os.pwrite(descriptor, data[written:], offset + written)
        else:
            os.lseek(descriptor, offset + written, os.SEEK_SET)
            written += os.write(descriptor, data[written:])
    return written


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """At most `size` bytes from a position of a file."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)
