"""What an attack could reach, and what has changed in it: files, sockets, processes, limits, signals, secrets.

Everything is judged by its effect. A program may also confess: it prints BREACH when a call that must fail did not.
"""

from __future__ import annotations

import contextlib
import os
import resource
import secrets
import shutil
import signal
import socket
from pathlib import Path
from types import FrameType

from datagen_cli.sandbox.run import ProgramResult
from tests.sandbox.programs import Program

_SERVER_WORDS = b"from datagen_cli.sandbox import protocol, server"
_SHARED_FOLDERS = (Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), Path.home(), Path.cwd())
_SIGNALS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGHUP, signal.SIGIO)
_LIMITS = tuple(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))


class World:
    """The surroundings of an attack. `changes(result)` says what got out, in words, and puts it right again."""

    def __init__(self, folder: Path) -> None:
        self.secret = f"secret{secrets.token_hex(8)}"
        self.mark = f"mark{secrets.token_hex(8)}"
        self.folder = folder
        self.canary = folder / "canary.txt"
        self._signalled: list[int] = []
        self._previous = {number: signal.signal(number, self._note) for number in _SIGNALS}
        os.environ["SANDBOX_CANARY"] = self.secret
        self._tcp, self._udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        self._local, self._abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        self._plant()
        for listener, address in (
            (self._tcp, ("127.0.0.1", 0)),
            (self._local, str(folder / "socket")),
            (self._abstract, f"\0{self.mark}"),
        ):
            listener.bind(address)
            listener.listen(64)
            listener.setblocking(False)
        self._udp.bind(("127.0.0.1", 0))
        self._udp.setblocking(False)
        self._files = self._listing()
        self._state = self._process_state()
        self._ipc = _ipc_objects()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signalled.append(number)

    def _plant(self) -> None:
        (self.folder / "empty").mkdir()
        self.canary.write_text(self.secret, "utf-8")
        self.canary.chmod(0o644)
        (self.folder / "planted.py").write_text(f"words = {self.secret!r}\n", "utf-8")
        (self.folder / "link").symlink_to(self.canary)

    def fill(self, code: str) -> str:
        """The program with its placeholders replaced."""
        places = {
            "CANARY": self.canary,
            "FOLDER": self.folder,
            "CHECKOUT": Path(__file__).resolve().parents[2],
            "MARK": self.mark,
            "ABSTRACT": self.mark,
            "PORT": self._tcp.getsockname()[1],
            "UDP": self._udp.getsockname()[1],
            "PID": os.getpid(),
        }
        for name, value in places.items():
            code = code.replace(f"@{name}@", str(value))
        return code

    def changes(self, result: ProgramResult, servers_before: frozenset[int]) -> list[str]:
        """What the program that ended so has got at; empty when nothing did."""
        said = f"{result.stdout} {result.error}"
        found = [word for word in ("BREACH", self.secret) if word in said]
        if f"link to {self.canary}" in said:
            found.append("read a link")
        found += self._changed_files() + self._arrivals()
        if (state := self._process_state()) != self._state:
            found.append(f"the parent is not as it was: {state}")
            self._restore()
        if self._signalled:
            found.append(f"signals {self._signalled}")
            self._signalled.clear()
        servers = server_pids()
        if not servers_before <= servers:
            found.append("a server died")
        if left := children_of(servers):
            found.append(f"processes left: {left}")
        if _ipc_objects() != self._ipc:
            found.append("shared memory left")
        return found

    def _listing(self) -> dict[str, tuple[int, int, int, int, float]]:
        """The folder's entries with mode, owner, size, links and time of change."""
        paths = [self.folder, *self.folder.rglob("*")]
        stats = {str(path): path.lstat() for path in paths}
        return {
            name: (s.st_mode, s.st_uid, s.st_size, s.st_nlink, 0 if path_is_folder(s.st_mode) else s.st_mtime)
            for name, s in stats.items()
        }

    def _changed_files(self) -> list[str]:
        found = []
        for folder in _SHARED_FOLDERS:
            for path in folder.glob(f"*{self.mark}*"):
                found.append(f"made {path}")
                path.unlink()
        attributes = os.listxattr(self.canary) if self.canary.exists() else []
        if self._listing() != self._files or attributes or self.canary.read_text("utf-8") != self.secret:
            found.append("changed the folder")
            for path in self.folder.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                elif path.name != "socket":
                    path.unlink()
            self._plant()
            self._files = self._listing()
        return found

    def _arrivals(self) -> list[str]:
        found = []
        for name, listener in (("TCP", self._tcp), ("local", self._local), ("abstract", self._abstract)):
            with contextlib.suppress(BlockingIOError):
                while True:
                    listener.accept()[0].close()
                    found.append(f"a {name} connection")
        with contextlib.suppress(BlockingIOError):
            found.append(f"a datagram {self._udp.recv(100)!r}")
        return found

    def _process_state(self) -> dict[str, object]:
        limits = tuple(resource.getrlimit(kind) for kind in _LIMITS)
        return {
            "limits": limits,
            "nice": os.getpriority(os.PRIO_PROCESS, 0),
            "cores": os.sched_getaffinity(0),
            "scheduler": os.sched_getscheduler(0),
            "terminal": os.getpgrp(),
        }

    def _restore(self) -> None:
        for kind, pair in zip(_LIMITS, self._state["limits"], strict=True):  # type: ignore[call-overload]
            if resource.getrlimit(kind) != pair:
                resource.setrlimit(kind, pair)
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, 0, self._state["nice"])  # type: ignore[arg-type]
        os.sched_setaffinity(0, self._state["cores"])  # type: ignore[arg-type]

    def close(self) -> None:
        for end in (self._tcp, self._udp, self._local, self._abstract):
            end.close()
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        del os.environ["SANDBOX_CANARY"]


def path_is_folder(mode: int) -> bool:
    return mode & 0o170000 == 0o040000


def _ipc_objects() -> int:
    try:
        return sum(len(Path(f"/proc/sysvipc/{kind}").read_text().splitlines()) for kind in ("shm", "sem", "msg"))
    except OSError:
        return 0


def _parents() -> dict[int, int]:
    """Every process with its parent."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def server_pids(parent: int = 0) -> frozenset[int]:
    """The fork servers of this process, or of `parent`."""
    found = set()
    for pid, owner in _parents().items():
        if owner == (parent or os.getpid()):
            with contextlib.suppress(OSError):
                if _SERVER_WORDS in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.add(pid)
    return frozenset(found)


def children_of(parents: frozenset[int]) -> list[int]:
    """Processes whose parent is one of `parents`."""
    return [pid for pid, owner in _parents().items() if owner in parents]


def timing(attack: Program) -> dict[str, float]:
    """The CPU seconds that an attack gets: least for those that only wait (their clock runs on), most for those that
    fill memory or import a large library."""
    return {"timeout_s": 0.1 if "hang" in attack.flags else 5.0 if attack.flags & {"memory", "library"} else 0.2}
