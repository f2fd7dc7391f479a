"""Files that are kept in memory: what lies under a name, one opening of it, and what `open` gives for that."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR
PROGRAM = "<program>"
"""The name of the program's own code."""


class NoDescriptor(io.UnsupportedOperation):
    """A file in memory has no descriptor that the system knows."""


@dataclass(slots=True, eq=False)
class Node:
    """A file with its bytes, or a folder with its entries. `uri`: SQLite's address of a file that it keeps."""

    data: bytearray = field(default_factory=bytearray)
    entries: dict[str, Node] | None = None
    mode: int = 0o644
    changed: float = field(default_factory=time.time)
    listed: bool = True
    uri: str = ""

    def stat(self) -> os.stat_result:
        kind = stat.S_IFREG if self.entries is None else stat.S_IFDIR
        when = int(self.changed)
        plain = (kind | self.mode, id(self), 0, 1, os.getuid(), os.getgid(), len(self.data), when, when, when)
        exact = dict.fromkeys(("st_atime", "st_mtime", "st_ctime"), self.changed)
        in_ns = {f"{name}_ns": int(self.changed * 1e9) for name in exact}
        return os.stat_result(plain, exact | in_ns)


class Null(Node):
    """`/dev/null`: what is written to it is gone."""

    @property
    def data(self) -> bytearray:
        return bytearray()

    @data.setter
    def data(self, given: bytearray) -> None:
        """Gone, too."""


class Handle(io.RawIOBase):
    """One opening of a file: its own position in bytes that others may have open, too.

    `number` gives the number that the functions of `os` know it by.
    """

    def __init__(self, node: Node, flags: int, name: Any, number: Callable[[Handle], int] | None = None) -> None:
        self.node, self.flags, self.name = node, flags, name
        self._at, self._number = 0, number

    def fileno(self) -> int:
        """For the program itself (`os.fsync(file.fileno())`): a library would hand the number to the system."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_globals.get("__name__") == "tempfile":
            frame = frame.f_back
        if self._number is None or frame is None or frame.f_code.co_filename != PROGRAM:
            raise NoDescriptor("a file in memory has no descriptor")
        return self._number(self)

    def readable(self) -> bool:
        return not self.flags & os.O_WRONLY

    def writable(self) -> bool:
        return bool(self.flags & WRITING)

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.readable():
            raise io.UnsupportedOperation("not readable")
        part = self.node.data[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def write(self, data: Any) -> int:
        if not self.writable():
            raise io.UnsupportedOperation("not writable")
        if isinstance(self.node, Null):
            return memoryview(data).nbytes
        part, held = bytes(data), self.node.data
        if self.flags & os.O_APPEND:
            self._at = len(held)
        held.extend(bytes(max(0, self._at - len(held))))
        held[self._at : self._at + len(part)] = part
        self._at += len(part)
        self.node.changed = time.time()
        return len(part)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self.node.data)}[whence]
        if start + offset < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._at = start + offset
        return self._at

    def truncate(self, size: int | None = None) -> int:
        size = self._at if size is None else size
        held = self.node.data
        held.extend(bytes(max(0, size - len(held))))
        del held[size:]
        return size


class Entry:
    """One entry of a folder, as `os.scandir` gives it."""

    def __init__(self, folder: str, name: str, node: Node) -> None:
        self.name, self.path, self._node = name, os.path.join(folder, name), node

    def __fspath__(self) -> str:
        return self.path

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return self._node.entries is not None

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return self._node.entries is None

    def is_symlink(self) -> bool:
        return False

    is_junction = is_symlink

    def inode(self) -> int:
        return id(self._node)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return self._node.stat()


class Entries:
    """The iterator that `os.scandir` gives: also a context."""

    def __init__(self, entries: list[Entry]) -> None:
        self._left = iter(entries)

    def __iter__(self) -> Iterator[Entry]:
        return self._left

    def __next__(self) -> Entry:
        return next(self._left)

    def __enter__(self) -> Entries:
        return self

    def __exit__(self, kind: type | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._left = iter(())


def sound(mode: str, buffering: int, encoding: str | None, errors: str | None, newline: str | None) -> bool:
    """Whether `open` takes these together."""
    signs = set(mode)
    one = len(mode) == len(signs) and signs <= set("rwaxbt+") and len(signs & set("rwax")) == 1
    if not one or {"b", "t"} <= signs or newline not in (None, "", "\n", "\r", "\r\n"):
        return False
    return encoding is errors is newline is None if "b" in signs else buffering != 0


def open_flags(mode: str) -> int:
    """The flags that `open` gives for a mode."""
    both = "+" in mode
    first = next((sign for sign in mode if sign in "rwax"), "r")
    access = os.O_RDWR if both else os.O_RDONLY if first == "r" else os.O_WRONLY
    more = {"r": 0, "w": os.O_CREAT | os.O_TRUNC, "a": os.O_CREAT | os.O_APPEND, "x": os.O_CREAT | os.O_EXCL}[first]
    return access | more | os.O_CLOEXEC


def again(handle: Handle) -> Handle:
    """A handle that can be closed while the first one stays open."""
    made = Handle(handle.node, handle.flags, handle.name, handle._number)
    made.seek(handle.tell())
    return made


def wrapped(
    handle: Handle, mode: str, buffering: int, encoding: str | None, errors: str | None, newline: str | None
) -> Any:
    """The object that `open` gives for a raw file and a mode."""
    handle.mode = mode  # type: ignore[attr-defined]
    binary = "b" in mode
    if handle.flags & os.O_APPEND:
        handle.seek(0, os.SEEK_END)
    if binary and buffering == 0:
        return handle
    size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
    buffered: Any
    if handle.readable() and handle.writable():
        buffered = io.BufferedRandom(handle, size)
    elif handle.writable():
        buffered = io.BufferedWriter(handle, size)
    else:
        buffered = io.BufferedReader(handle, size)
    if binary:
        return buffered
    text = io.TextIOWrapper(buffered, encoding or "utf-8", errors, newline, line_buffering=buffering == 1)
    text.mode = mode  # type: ignore[misc]
    return text
