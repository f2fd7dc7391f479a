"""The guarded layer, seen from the parent: starts fork servers, hands them programs, collects what comes back.

One server for each preloaded package (none, sympy, pandas, scipy, numpy), each started when a program first needs it.
Imports only the standard library, and never an untrusted program's text into an interpreter of its own.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from datagen_cli.sandbox.protocol import (
    ASLEEP,
    CPU,
    CROWD,
    EXIT_MEMORY,
    EXIT_OK,
    EXIT_REFUSED,
    EXIT_SETUP,
    MAX_ERROR_BYTES,
    MAX_STDOUT_BYTES,
    MAX_THREADS,
    READY,
    REPORT,
    SLEPT,
    WALL,
    Limits,
    Setup,
)
from datagen_cli.sandbox.screen import PACKAGES

_ROOT = Path(__file__).resolve().parents[2]
_BOOT = (
    "import json, sys; sys.path.append(sys.argv[1]); "
    "from datagen_cli.sandbox import protocol, server; sys.path.pop(); "
    "server.main(protocol.Setup(**json.loads(sys.argv[2])))"
)
# -I is not used because it would ignore PYTHONHASHSEED; with an environment of our own the rest of it is -s -P.
_FLAGS = ("-s", "-S", "-P", "-B", "-X", "utf8")
# One arena: each further one of a thread would take 64 MB of the addresses that a program may use.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
_KEPT = ("LD_LIBRARY_PATH",)  # some interpreters do not start without it; the server forgets it once it has started
_START_S, _PATIENCE_S = 60.0, 30.0
_FAULTS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGABRT, signal.SIGFPE)
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_FILES = ("/etc/ld.so.cache", "/etc/mime.types", "/usr/share/zoneinfo")

# What those packages import themselves; programs find it, too.
_NEEDED = ("six", "tzdata", "pygments", "markdown_it", "mdurl")


class GuardError(Exception):
    """The server could not be started, or died while a program ran. Says why, for the user."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a guarded program ended: a status of `ProgramResult`, or what says nothing about it: `wall`, where the clock
    stopped it while it waited for a core, and `killed`, where the system did, short of memory."""

    status: str
    stdout: str
    error: str
    cpu_s: float


@dataclass(slots=True)
class _Received:
    """What came through the three pipes of one run."""

    stdout: bytearray
    error: bytearray
    report: bytes = b""
    cut: bool = False


def installed_packages() -> dict[str, str]:
    """Those of `PACKAGES` that are installed, with the folder that holds each; nothing is imported."""
    found = {}
    for name in (*PACKAGES, *_NEEDED):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin:
            path = Path(spec.origin).resolve()
            found[name] = str(path.parent.parent if spec.submodule_search_locations else path.parent)
    return found


def readable_paths(packages: dict[str, str]) -> tuple[str, ...]:
    """What Landlock leaves readable: the standard library, system libraries, the packages that programs may import.

    Folders that also hold everybody's packages (`site-packages`) are named entry by entry, without those.
    """
    library = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    given = [sysconfig.get_config_var("DESTSHARED"), *_FILES]
    own = [
        str(Path(folder) / part) for name, folder in packages.items() for part in (name, f"{name}.py", f"{name}.libs")
    ]
    paths = [Path(path).resolve() for path in (*given, *own) if path]
    folders = {Path(path).resolve() for path in (*library, *_LIBRARIES) if path}
    entries = [entry for folder in folders if folder.is_dir() for entry in _without_packages(folder, folders)]
    return tuple(dict.fromkeys(str(path) for path in (*paths, *entries) if path.exists()))


def _without_packages(folder: Path, folders: set[Path]) -> Iterator[Path]:
    """A folder's entries but for those that hold installed packages: a Python's own folder, `site-packages`."""
    for entry in folder.iterdir():
        name = entry.name
        holds_packages = name in ("site-packages", "dist-packages") or (
            folder not in _pythons() and name.startswith("python")
        )
        if not holds_packages and entry not in folders:
            yield entry


def _pythons() -> set[Path]:
    return {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}


class ForkServer:
    """One server process. Thread-safe; `run` may be called by any number of threads at once."""

    def __init__(self, *, confine: bool, preload: Iterable[str]) -> None:
        """Starts the process and waits until it is ready. Raises `GuardError`."""
        if not hasattr(os, "fork"):
            raise GuardError("this system cannot fork a process: programs run in the first layer of the sandbox only")
        ours, theirs = socket.socketpair()
        packages = installed_packages()
        setup = Setup(theirs.fileno(), confine, tuple(preload), packages, readable_paths(packages))
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, *_FLAGS, "-c", _BOOT, str(_ROOT), json.dumps(asdict(setup))],
                    pass_fds=(theirs.fileno(),),
                    env=_ENVIRONMENT | {name: os.environ[name] for name in _KEPT if name in os.environ},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
        except OSError as problem:
            ours.close()
            raise GuardError(f"the fork server did not start: {problem}") from problem
        self._socket = ours
        self._lock = threading.Lock()
        self._wait_until_ready()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _wait_until_ready(self) -> None:
        self._socket.settimeout(_START_S)
        try:
            answer = self._socket.recv(MAX_ERROR_BYTES)
        except OSError as problem:
            answer = str(problem).encode()
        if answer != READY:
            self.close()
            words = answer.decode("utf-8", "replace") or "it ended without a word"
            raise GuardError(f"the fork server did not start: {words}")
        self._socket.settimeout(None)

    def run(self, code: bytes, limits: Limits, asleep: Callable[[], None] = lambda: None) -> Outcome:
        """Runs one program to its end, and calls `asleep` once when it sleeps.

        Raises `GuardError` when the server is lost on the way.
        """
        pipes = [os.pipe() for _ in range(4)]
        (code_r, code_w), (stdout_r, stdout_w), (error_r, error_w), (report_r, report_w) = pipes
        kept = {code_w, stdout_r, error_r, report_r}
        given = [code_r, stdout_w, error_w, report_w]
        try:
            try:
                with self._lock:
                    socket.send_fds(self._socket, [limits.pack()], given)
            except OSError as problem:
                raise GuardError("the fork server is gone") from problem
            finally:
                for descriptor in given:
                    os.close(descriptor)
            with contextlib.suppress(BrokenPipeError):  # the child may have died without reading
                os.write(code_w, code)
            os.close(code_w)
            kept.discard(code_w)
            received = _collect(stdout_r, error_r, report_r, 4 * limits.wall_s + _PATIENCE_S, kept, asleep)
        finally:
            for descriptor in kept:
                os.close(descriptor)
        return judge(received)

    def close(self) -> None:
        """Ends the server, and with it everything it runs."""
        self._socket.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _collect(
    stdout_r: int, error_r: int, report_r: int, patience_s: float, kept: set[int], asleep: Callable[[], None]
) -> _Received:
    """Reads until the report is there; on too much output closes `stdout_r` and takes it from `kept`."""
    received = _Received(bytearray(), bytearray())
    deadline = time.monotonic() + patience_s
    poll = select.poll()
    for descriptor in (stdout_r, error_r):
        os.set_blocking(descriptor, False)
    for descriptor in (stdout_r, error_r, report_r):
        poll.register(descriptor, select.POLLIN)
    while True:
        ready = poll.poll(max(0.0, 1000 * (deadline - time.monotonic())))
        if not ready:
            raise GuardError("the fork server does not answer")
        descriptors = {descriptor for descriptor, _ in ready}
        ended = report_r in descriptors
        if ended:
            received.report = os.read(report_r, len(ASLEEP) + REPORT.size)
            if received.report.startswith(ASLEEP):
                received.report = received.report.removeprefix(ASLEEP)
                asleep()
                ended = bool(received.report)
        # What a dead child wrote is in the pipes: once the report is there one last reading takes it all.
        if error_r in descriptors or ended:
            _drain(error_r, received.error, MAX_ERROR_BYTES, poll, last=ended)
        if not received.cut and (stdout_r in descriptors or ended):
            _drain(stdout_r, received.stdout, MAX_STDOUT_BYTES + 1, poll, last=ended)
            if len(received.stdout) > MAX_STDOUT_BYTES:
                received.cut = True
                if not ended:
                    poll.unregister(stdout_r)
                os.close(stdout_r)  # SIGPIPE ends the program; should it ignore that, its limits do
                kept.discard(stdout_r)
        if ended:
            return received


def _drain(descriptor: int, into: bytearray, most: int, poll: select.poll, *, last: bool) -> None:
    """Reads what is there now, keeping at most `most` bytes in all."""
    while True:
        try:
            part = os.read(descriptor, 65_536)
        except BlockingIOError:
            return
        if not part:
            with contextlib.suppress(KeyError):
                poll.unregister(descriptor)
            return
        into += part[: max(0, most - len(into))]
        if len(into) >= most and not last:
            return


def judge(received: _Received) -> Outcome:
    """The verdict on one run, from the server's report alone; the child's own words only become `error`."""
    if len(received.report) != REPORT.size:
        raise GuardError("the fork server died while the program ran")
    reason, wait_status, cpu_s, _, _ = REPORT.unpack(received.report)
    stdout = bytes(received.stdout[:MAX_STDOUT_BYTES]).decode("utf-8", "replace")
    said = bytes(received.error).decode("utf-8", "replace")
    if reason in (CPU, WALL, SLEPT):
        if received.cut:
            return Outcome("error", stdout, _cut_words(), cpu_s)
        return Outcome("wall" if reason == WALL else "timeout", stdout, "", cpu_s)
    if reason == CROWD:
        return Outcome("refused", stdout, f"had more than {MAX_THREADS} threads at once", cpu_s)
    if received.cut:
        return Outcome("error", stdout, _cut_words(), cpu_s)
    if os.WIFSIGNALED(wait_status):
        status, words = _killed(os.WTERMSIG(wait_status))
        return Outcome(status, stdout, words, cpu_s)
    code = os.WEXITSTATUS(wait_status)
    if code == EXIT_OK:
        return Outcome("ok", stdout, "", cpu_s)
    if code == EXIT_MEMORY:
        return Outcome("memory", stdout, said or "MemoryError: over the limit", cpu_s)
    if code == EXIT_SETUP:
        return Outcome("refused", stdout, f"the sandbox could not be entered: {said}", cpu_s)
    if code == EXIT_REFUSED:
        return Outcome("refused", stdout, f"needs what programs may not: {said}", cpu_s)
    return Outcome("error", stdout, said or f"ended with exit code {code}", cpu_s)


def _cut_words() -> str:
    return f"wrote more than {MAX_STDOUT_BYTES} bytes; cut there"


def _killed(number: int) -> tuple[str, str]:
    if number == signal.SIGXCPU:
        return "timeout", ""
    if number == signal.SIGKILL:  # by nobody of ours: the kernel, short of memory
        return "killed", ""
    if number == signal.SIGSYS:
        return "refused", "made a system call through a forbidden door"
    words = "crashed ({}), as too deep a recursion does" if number in _FAULTS else "was ended by {}"
    return "error", words.format(signal.Signals(number).name)
