"""The fork server: a small CPython process with an empty environment that forks one child for each program.

It runs in its own process, started by `guard`. One thread, one loop: it takes a request (`REQUEST` and four
descriptors), forks, watches the child's CPU time and wall time, kills its process group when either is spent, and
reports. It never reads a program, nor what a program writes. When the parent is gone, its socket reaches the end (also
after kill -9) and the server kills what it runs and exits; a parent death signal would be wrong here, because it fires
when the thread that started the server ends. The children do have one: they die with the server.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.machinery
import importlib.util
import os
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING

from datagen_cli.sandbox import confine, scratch
from datagen_cli.sandbox.child import MAX_DESCRIPTORS, Confinement, Ends, arrange, become_program
from datagen_cli.sandbox.protocol import (
    ASLEEP,
    CPU,
    CROWD,
    ENDED,
    MAX_THREADS,
    READY,
    REPORT,
    REQUEST,
    SLEPT,
    WALL,
    Setup,
)

if TYPE_CHECKING:
    import resource


_PARENT_CHECK_S = 2.0
# A program that has slept so long gives its core to others; one that waited for a core gets so much more of the clock.
_NAP_S, _PATIENCE = 0.2, 4
_COUNT_S = 0.02
"""How often the threads of a program that may start some are counted."""


class PackageFinder:
    """Finds the named third-party packages, each in its folder, and nothing else beside the standard library.

    Each is looked for by its own name: a confined program may not list the folder that holds everybody's packages.
    """

    def __init__(self, packages: dict[str, str]) -> None:
        self._packages = packages

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        folder = self._packages.get(name)
        if folder is None:
            return None
        package = os.path.join(folder, name)
        for file, inside in ((os.path.join(package, "__init__.py"), [package]), (f"{package}.py", None)):
            if os.path.isfile(file):
                return importlib.util.spec_from_file_location(name, file, submodule_search_locations=inside)
        return importlib.machinery.PathFinder.find_spec(name, [folder], target)


@dataclass(slots=True)
class Child:
    """A running program: when it began, what it may use, where its report goes."""

    pid: int
    report_fd: int
    cpu_s: float
    wall_s: float
    threads: bool = False
    began: float = field(default_factory=time.monotonic)
    reason: int = ENDED
    told: bool = False

    def used_s(self) -> float:
        """CPU seconds so far; 0 where the system does not tell."""
        try:
            return time.clock_gettime((~self.pid << 3) | 2)
        except (OSError, OverflowError):
            return 0.0

    def tasks(self) -> list[str]:
        """The numbers of its threads; of the first one alone where it may start no other."""
        if self.threads:
            with contextlib.suppress(OSError):
                return os.listdir(f"/proc/{self.pid}/task")
        return [str(self.pid)]

    def waited_s(self, tasks: Sequence[str]) -> float | None:
        """Seconds that these threads were ready to run and had no core; None where the system does not tell."""
        waited = None
        for task in tasks:
            path = f"/proc/{self.pid}/task/{task}/schedstat"
            with contextlib.suppress(OSError, IndexError, ValueError), open(path, "rb") as file:
                waited = (waited or 0.0) + int(file.read().split()[1]) / 1e9
        return waited  # without those that have just ended

    def check(self, now: float) -> float:
        """Kills the child if a limit is reached, tells when it sleeps; else the seconds until there is more to see."""
        if self.reason != ENDED:
            return _PARENT_CHECK_S
        tasks = self.tasks()
        wall_s, used_s, waited_s = now - self.began, self.used_s(), self.waited_s(tasks)
        cpu_left, own_left = self.cpu_s - used_s, self.wall_s - wall_s + (waited_s or 0.0)
        if cpu_left <= 0:
            self.kill(CPU)
        elif own_left <= 0:  # slept or hung by itself, whatever else runs here
            self.kill(WALL if waited_s is None else SLEPT)
        elif wall_s >= _PATIENCE * self.wall_s:
            self.kill(WALL)
        elif len(tasks) > MAX_THREADS:
            self.kill(CROWD)
        waits = [cpu_left, own_left, *([_COUNT_S] if self.threads else [])]
        if waited_s is not None and not self.told:
            if (nap_left := _NAP_S - (wall_s - used_s - waited_s)) <= 0:
                self.told = True
                with contextlib.suppress(OSError):
                    os.write(self.report_fd, ASLEEP)
            else:
                waits.append(nap_left)
        return max(min(waits), 0.001)

    def kill(self, reason: int) -> None:
        self.reason = reason
        for send, target in ((os.killpg, self.pid), (os.kill, self.pid)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                send(target, signal.SIGKILL)

    def report(self, status: int, used: resource.struct_rusage) -> None:
        wall_s = time.monotonic() - self.began
        with contextlib.suppress(OSError):
            cpu_s = used.ru_utime + used.ru_stime
            os.write(self.report_fd, REPORT.pack(self.reason, status, cpu_s, wall_s, used.ru_maxrss))
        os.close(self.report_fd)


class Server:
    """The loop. `run` returns when the parent is gone."""

    def __init__(self, parent: socket.socket, confinement: Confinement, wakeup: socket.socket) -> None:
        self._socket = parent
        self._confinement = confinement
        self._wakeup = wakeup
        self._parent = os.getppid()
        self._children: dict[int, Child] = {}

    def run(self) -> None:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._wakeup, select.POLLIN)
        while os.getppid() == self._parent:
            now = time.monotonic()
            waits = [child.check(now) for child in self._children.values()]
            ready = dict(poll.poll(1000 * min(waits, default=_PARENT_CHECK_S)))
            if self._wakeup.fileno() in ready:
                with contextlib.suppress(BlockingIOError):
                    self._wakeup.recv(4096)
            self._reap()
            if self._socket.fileno() in ready and not self._take():
                break
        for child in self._children.values():
            child.kill(ENDED)

    def _take(self) -> bool:
        """One request; False when the parent is gone."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._socket, REQUEST.size, 4)
        except OSError:
            return False
        if len(data) != REQUEST.size or len(descriptors) != 4:
            return False
        code, stdout, error, report = descriptors
        cpu_s, wall_s, memory_bytes, threads = REQUEST.unpack(data)
        try:
            pid = os.fork()
        except OSError:
            pid = -1
        if pid == 0:
            become_program(self._confinement, Ends(code, stdout, error), cpu_s, memory_bytes, threads=threads)
        for descriptor in (code, stdout, error):
            os.close(descriptor)
        if pid < 0:
            os.close(report)  # the parent reads the end of the pipe and tries again
        else:
            self._children[pid] = Child(pid, report, cpu_s, wall_s, threads)
        return True

    def _reap(self) -> None:
        for pid, child in list(self._children.items()):
            ended, status, used = os.wait4(pid, os.WNOHANG)
            if not ended:
                continue
            if self._confinement.ruleset is None:  # unconfined, it may have left others of its group
                child.kill(child.reason)
            child.report(status, used)
            del self._children[pid]


def prepare(setup: Setup) -> Confinement:
    """Imports what programs will need, leaves the environment, the folder and all privileges behind."""
    # A folder that is gone: relative paths lead nowhere, nothing can be created in it, nothing is left to remove.
    folder = tempfile.mkdtemp(prefix="datagen-")
    os.chdir(folder)
    os.rmdir(folder)
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    scratch.install()
    sys.meta_path.append(PackageFinder(setup.packages))
    for name in setup.preload:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if "sympy" in setup.preload:
        warm_sympy()
    os.environ.clear()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # most programs cannot start threads; numpy would try
    if not setup.confine:
        return Confinement(os.getpid(), null, None, b"", b"")
    ruleset = confine.read_only_ruleset(setup.readable)
    confine.drop_privileges()
    filters = [confine.seccomp_program(threads=threads) for threads in (False, True)]
    confinement = Confinement(os.getpid(), null, ruleset, *filters)
    for threads in (False, True):
        verify(confinement, threads=threads)
    return confinement


def warm_sympy() -> None:
    """Runs what most programs ask of sympy, so that its lazy imports and first caches are paid once for all."""
    with contextlib.suppress(ImportError):
        import sympy

        x, y = sympy.symbols("x y")
        sympy.solve(x**2 - 5 * x + 6, x)
        sympy.solve([x + y - 10, x - 2 * y - 1], [x, y])
        sympy.solveset(x**2 - 4, x)
        sympy.simplify((x**2 - 1) / (x - 1) + sympy.Rational(1, 3))
        sympy.integrate(sympy.diff(x**3 + sympy.sqrt(x), x), x)
        sympy.sympify("2*x + 1/3").subs(x, sympy.pi).evalf()
        sympy.factorint(360)


def verify(confinement: Confinement, *, threads: bool) -> None:
    """Tries in a child what the confinement must refuse; raises `ConfinementError` where it does not."""
    import posix  # what `scratch` put in the place of the functions of `os` shows nothing
    import resource

    pid = os.fork()
    if pid == 0:
        try:
            arrange(confinement, Ends(confinement.null_fd, confinement.null_fd, confinement.null_fd), threads=threads)
            attempts: tuple[Callable[[], object], ...] = (
                lambda: posix.open("/", os.O_RDONLY),
                lambda: posix.open("/proc/self/environ", os.O_RDONLY),
                make_a_file,
                socket.socket,
                os.fork,
                lambda: os.kill(os.getppid(), 0),
                lambda: resource.getrlimit(resource.RLIMIT_CPU),
            )
            os._exit(sum(_succeeds(attempt) for attempt in attempts))
        finally:
            os._exit(100)
    _, status = os.waitpid(pid, 0)
    if status != 0:
        raise confine.ConfinementError(f"the confinement does not hold (wait status {status})")


def make_a_file() -> None:
    """Makes a file in a folder that everybody may write to, and removes it."""
    import posix

    path = f"/tmp/datagen-{os.getpid()}"
    posix.close(posix.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with contextlib.suppress(OSError):
        posix.unlink(path)


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def low(descriptor: int) -> int:
    """The same socket under the lowest free number: that of a parent with many open files may be above our limit."""
    moved = os.dup(descriptor)
    if moved > descriptor:
        os.close(moved)
        return descriptor
    os.close(descriptor)
    return moved


def main(setup: Setup) -> None:
    """Prepares, says `READY` or why not, and serves until the parent is gone."""
    import resource

    parent = socket.socket(fileno=low(setup.socket_fd))
    _, ceiling = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptors = MAX_DESCRIPTORS if ceiling == resource.RLIM_INFINITY else min(MAX_DESCRIPTORS, ceiling)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    try:
        confinement = prepare(setup)
    except Exception as problem:
        parent.sendall(f"{type(problem).__name__}: {problem}".encode())
        return
    wakeup, signalled = socket.socketpair()
    for end in (wakeup, signalled):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(signalled.fileno(), warn_on_full_buffer=False)
    server = Server(parent, confinement, wakeup)
    gc.collect()
    gc.disable()
    gc.freeze()
    parent.sendall(READY)
    server.run()
