"""A program's own files: kept in its memory, gone with it. Nothing here touches a disk; it is no security boundary.

`install` puts these functions in the place of `open` and of those of `os` that programs use on files, so that writing
`results.csv` and reading it back, `tempfile` and `os.makedirs` work as elsewhere. Names that were made here lead here.
Every other name is read from the system, if the walls allow it, and never changed.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
import time
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any

from datagen_cli.sandbox import databases
from datagen_cli.sandbox.files import WRITING, Entries, Entry, Handle, Node, Null, again, open_flags, sound, wrapped

FIRST_DESCRIPTOR = 1 << 20
"""Where the numbers of open files begin: far above those of the system."""
HOME = "/home"
"""The folder that a program runs in."""
_FOLDERS = (HOME, "/tmp", "/var", "/var/tmp")


def _problem(number: int, path: object) -> OSError:
    return OSError(number, os.strerror(number), path)


class Scratch:
    """The tree of one program's files, its working folder, and what it has open."""

    def __init__(self) -> None:
        self._root = Node(entries={}, mode=0o755)
        self._folder = HOME
        self._open: dict[int, Handle] = {}
        self._next = FIRST_DESCRIPTOR
        self._umask = 0o022
        self._system = {name: getattr(os, name) for name in REPLACED}
        self._system_open = io.open
        for path in _FOLDERS:
            self.mkdir(path)

    @property
    def numbered(self) -> bool:
        """Whether the program has been given the number of a file."""
        return self._next > FIRST_DESCRIPTOR

    def put(self, path: str, node: Node) -> None:
        """Puts the node under a name into a folder that is kept here."""
        if (place := self._place(path)) is not None:
            place[0][place[1]] = node

    def _number(self, handle: Handle) -> int:
        number = next((number for number, each in self._open.items() if each is handle), self._next)
        self._next = max(self._next, number + 1)
        self._open[number] = handle
        return number

    def _path(self, path: Any) -> str | None:
        """The whole name, in plain form; None for what is no name."""
        if isinstance(path, int):
            return None
        text = os.fsdecode(path)
        return os.path.normpath(os.path.join(self._folder, text)) if text and "\0" not in text else None

    def _find(self, path: Any) -> Node | None:
        """What lies under a name here; None where nothing does."""
        name = self._path(path)
        at: Node | None = self._root if name is not None else None
        for part in (name or "").strip("/").split("/"):
            if part and at is not None:
                at = (at.entries or {}).get(part)
        return at

    def _place(self, path: Any) -> tuple[dict[str, Node], str] | None:
        """The entries of the folder that a name is in, and its last part; None where that folder is none of ours."""
        name = self._path(path)
        if name is None or name.strip("/") == "":
            return None
        folder = self._find(os.path.dirname(name))
        return None if folder is None or folder.entries is None else (folder.entries, os.path.basename(name))

    def open_file(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Callable[[Any, int], int] | None = None,
    ) -> Any:
        """`open`: a file of ours where the name leads to one or is to be made in a folder of ours."""
        rest = (buffering, encoding, errors, newline)
        if not sound(mode, *rest):
            return self._system_open(0, mode, *rest, False)  # says what is wrong
        given = file
        if opener is not None and not isinstance(file, int):
            given = opener(file, open_flags(mode))
        if isinstance(given, int):
            if given not in self._open:
                return self._system_open(given, mode, *rest, closefd)
            handle = self._open[given]
            if closefd:
                del self._open[given]
            else:
                handle = again(handle)
            return wrapped(handle, mode, *rest)
        node = self._node_for(given, open_flags(mode))
        if node is None:
            return self._system_open(given, mode, *rest, closefd)
        return wrapped(Handle(node, open_flags(mode), file, self._number), mode, *rest)

    def _node_for(self, path: Any, flags: int) -> Node | None:
        """The file to open, made or emptied where the flags say so; None for one that the system is asked to read."""
        node = self._find(path)
        if self._path(path) == os.devnull:
            return Null()
        if node is None:
            place = self._place(path) if flags & os.O_CREAT else None
            if place is None or self._system_has(path):
                if flags & (WRITING | os.O_CREAT):
                    raise self._refusal(path)
                if self._below_a_file(path):
                    raise _problem(errno.ENOTDIR, path)
                return None
            node = place[0][place[1]] = Node()
        elif flags & os.O_EXCL and flags & os.O_CREAT:
            raise _problem(errno.EEXIST, path)
        elif node.entries is not None:
            raise _problem(errno.EISDIR, path)
        if flags & os.O_TRUNC and flags & WRITING:
            node.data.clear()
        return node

    def data_base(self, path: Any, new: bool) -> str | None:
        """SQLite's address of the file that lies under a name, or is to be made there; None for one of the system's."""
        node = self._node_for(path, os.O_RDWR | os.O_CREAT if new else os.O_RDONLY)
        if node is not None and not node.uri:
            node = databases.Database(bytes(node.data))
            self.put(path, node)
        return node.uri if node is not None else None

    def _system_has(self, path: Any) -> bool:
        try:
            self._system["lstat"](self._path(path))
        except (OSError, TypeError):
            return False
        return True

    def _below_a_file(self, path: Any) -> bool:
        """Whether a name treats a file that is kept here as a folder."""
        above = self._find(os.path.dirname(self._path(path) or "/"))
        return above is not None and above.entries is None

    def _refusal(self, path: Any) -> OSError:
        """Why a name that is not kept here cannot be changed: it is the system's, or nothing is there."""
        if self._below_a_file(path):
            return _problem(errno.ENOTDIR, path)
        name = self._path(path)
        there = name is not None and (self._system_has(name) or self._system_has(os.path.dirname(name)))
        ours = self._place(path) is not None and not self._system_has(path)
        return _problem(errno.EACCES if there and not ours else errno.ENOENT, path)

    # What follows stands in the place of the functions of `os` of the same names.

    def open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        node = self._node_for(path, flags) if dir_fd is None else None
        if node is None:
            return int(self._system["open"](path, flags, mode, dir_fd=dir_fd))
        return self._number(Handle(node, flags, self._next, self._number))

    def close(self, fd: int) -> None:
        if self._open.pop(fd, None) is None:
            self._system["close"](fd)

    def read(self, fd: int, length: int, /) -> bytes:
        return self._open[fd].read(length) or b"" if fd in self._open else self._system["read"](fd, length)

    def write(self, fd: int, data: Any, /) -> int:
        return self._open[fd].write(data) if fd in self._open else int(self._system["write"](fd, data))

    def lseek(self, fd: int, position: int, whence: int, /) -> int:
        return (
            self._open[fd].seek(position, whence) if fd in self._open else self._system["lseek"](fd, position, whence)
        )

    def fsync(self, fd: Any) -> None:
        if fd not in self._open:
            self._system["fsync"](fd)

    fdatasync = fsync

    def isatty(self, fd: int, /) -> bool:
        return fd not in self._open and bool(self._system["isatty"](fd))

    def ftruncate(self, fd: int, length: int, /) -> None:
        self.truncate(fd, length)

    def truncate(self, path: Any, length: int) -> None:
        """Of a name or of a number."""
        handle = self._open.get(path) if isinstance(path, int) else None
        node = handle.node if handle else self._node_for(path, os.O_WRONLY)
        if node is None:
            self._system["truncate"](path, length)
        else:
            (handle or Handle(node, os.O_WRONLY, path)).truncate(length)

    def fstat(self, fd: int) -> os.stat_result:
        return self._open[fd].node.stat() if fd in self._open else self._system["fstat"](fd)

    def stat(self, path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
        if isinstance(path, int):
            return self.fstat(path)
        node = self._find(path) if dir_fd is None else None
        if node is None or node is self._root:
            return self._system["stat"](path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        return node.stat()

    def lstat(self, path: Any, *, dir_fd: int | None = None) -> os.stat_result:
        return self.stat(path, dir_fd=dir_fd, follow_symlinks=False)

    def access(self, path: Any, mode: int, **more: Any) -> bool:
        return self._find(path) is not None or bool(self._system["access"](path, mode, **more))

    def mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        place = self._place(path)
        if self._find(path) is not None or (place and self._path(path) not in _FOLDERS and self._system_has(path)):
            raise _problem(errno.EEXIST, path)
        if dir_fd is not None or place is None:
            raise self._refusal(path)
        place[0][place[1]] = Node(entries={}, mode=0o755)

    def unlink(self, path: Any, *, dir_fd: int | None = None) -> None:
        self._take_away(path, dir_fd, errno.EISDIR, lambda node: node.entries is None)

    remove = unlink

    def rmdir(self, path: Any, *, dir_fd: int | None = None) -> None:
        node = self._find(path)
        if node is not None and node.entries:
            raise _problem(errno.ENOTEMPTY, path)
        self._take_away(path, dir_fd, errno.ENOTDIR, lambda node: node.entries is not None)

    def _take_away(self, path: Any, dir_fd: int | None, otherwise: int, right: Callable[[Node], bool]) -> None:
        place = self._place(path) if dir_fd is None else None
        node = place[0].get(place[1]) if place else None
        if place is None or node is None:
            raise self._refusal(path)
        if not right(node):
            raise _problem(otherwise, path)
        del place[0][place[1]]

    def rename(self, src: Any, dst: Any, **more: Any) -> None:
        source, target = self._place(src), self._place(dst)
        if source is None or source[1] not in source[0] or target is None:
            number = self._refusal(src if self._find(src) is None else dst).errno
            raise OSError(number, os.strerror(number or 0), src, None, dst)
        if f"{self._path(dst)}/".startswith(f"{self._path(src)}/") and self._path(src) != self._path(dst):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), src, None, dst)
        held, there = source[0][source[1]], target[0].get(target[1])
        if there is not None and there is not held and (held.entries is None) != (there.entries is None):
            raise _problem(errno.EISDIR if held.entries is None else errno.ENOTDIR, dst)
        if there is not None and there is not held and there.entries:
            raise _problem(errno.ENOTEMPTY, dst)
        del source[0][source[1]]
        target[0][target[1]] = held

    replace = rename

    def listdir(self, path: Any = ".") -> list[str]:
        node = self._find(path)
        if node is None:
            return list(self._system["listdir"](path))
        if node.entries is None:
            raise _problem(errno.ENOTDIR, path)
        return [name for name, each in node.entries.items() if each.listed]

    def scandir(self, path: Any = ".") -> Any:
        node = self._find(path)
        if node is None:
            return self._system["scandir"](path)
        if node.entries is None:
            raise _problem(errno.ENOTDIR, path)
        folder = os.fsdecode(path)
        return Entries([Entry(folder, name, each) for name, each in node.entries.items() if each.listed])

    def getcwd(self) -> str:
        return self._folder

    def chdir(self, path: Any) -> None:
        node = self._find(path)
        if node is None:
            self._system["chdir"](path)
        elif node.entries is None:
            raise _problem(errno.ENOTDIR, path)
        else:
            self._folder = self._path(path) or "/"

    def chmod(self, path: Any, mode: int, **more: Any) -> None:
        node = self._find(path)
        if node is None:
            raise self._refusal(path)
        node.mode = stat.S_IMODE(mode)

    def umask(self, mask: int, /) -> int:
        before, self._umask = self._umask, mask & 0o777
        return before

    def utime(
        self, path: Any, times: tuple[float, float] | None = None, *, ns: tuple[int, int] | None = None, **more: Any
    ) -> None:
        node = self._find(path)
        if node is None:
            raise self._refusal(path)
        node.changed = float(times[1]) if times else ns[1] / 1e9 if ns else time.time()

    def listxattr(self, path: Any = None, *, follow_symlinks: bool = True) -> list[str]:
        ours = self._find("." if path is None else path) is not None
        return [] if ours else list(self._system["listxattr"](path, follow_symlinks=follow_symlinks))


REPLACED = tuple(
    name
    for name in (
        "access", "chdir", "chmod", "close", "fdatasync", "fstat", "fsync", "ftruncate", "getcwd", "isatty", "listdir",
        "listxattr", "lseek", "lstat", "mkdir", "open", "read", "remove", "rename", "replace", "rmdir", "scandir",
        "stat", "truncate", "umask", "unlink", "utime", "write",
    )
    if hasattr(os, name)
)  # fmt: skip
_installed: Scratch | None = None


def install() -> None:
    """Gives this process, and those forked from it, files of its own; the working folder is `HOME` then.

    To be called before other packages are imported: some keep the functions that they find.
    """
    global _installed
    files = _installed = Scratch()
    ours = {id(getattr(os, name)): getattr(files, name) for name in REPLACED} | {id(io.open): files.open_file}
    for name in ("shutil", "tempfile"):  # these keep some where they cannot be replaced
        sys.modules.pop(name, None)
    for name, module in list(sys.modules.items()):
        if name in ("posix", "_io") or name.startswith("datagen_cli."):
            continue
        for word, value in list(vars(module).items()):
            if isinstance(value, BuiltinFunctionType) and id(value) in ours:
                setattr(module, word, ours[id(value)])
    databases.install(files.data_base)
    for name in ("_dbm", "_gdbm", "dbm.sqlite3"):  # `dbm`, and with it `shelve`, does without: in files of its own
        sys.modules[name] = None  # type: ignore[assignment]


def keep(path: str, data: bytes) -> None:
    """Puts a file under a name that no listing shows."""
    if _installed is not None:
        _installed.put(path, Node(bytearray(data), listed=False))


def numbers_given() -> bool:
    """Whether the program has been given the number of a file in memory, which the system does not know."""
    return _installed is not None and _installed.numbered
