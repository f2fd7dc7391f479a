"""Runs a Python program that a model wrote, and says how it ended. The program changes nothing outside itself.

Layers, from the cheapest; each is measured by `tests/sandbox`, also with the ones above it switched off:

0. `screen`: looks at the syntax tree: size, imports that cannot work. Convenience, not a boundary.
1. `guarded`: CPython in a child of a fork server: empty environment, resource limits, no capabilities, Landlock, then
   an allow-list of 61 system calls; 64 for a program with threads. Some 3 ms a program, sympy included when preloaded.
2. The parent and the server: CPU and wall clock, output cap, as many at once as cores.
3. Without Landlock or seccomp (old kernels, macOS) every program is `refused`, unless the caller says `unsafe=True`.

There is one interpreter, CPython, so that a result is CPython's. Another one for plain programs (Monty, ten times
faster) stood before it and was taken out: of 20,000 generated programs it answered 51 of those that a screen had picked
for it differently, among them `round(x, 2)` and the printing of floats, which no screen can see.

A program that writes files finds them again: they are kept in its own memory (`scratch`), those of SQLite too
(`databases`), also without a confinement, and gone with it. One that imports what starts threads may have 128 at once;
an event loop has tasks, timers and threads, no sockets (`threads`).

Covered, for a guarded program: no file is created, changed or removed, and none read but the standard library, system
libraries and the packages that programs may import; no socket of any kind, no name lookup, no other process started,
signalled, traced or reniced; no limit of another process changed; nothing inherited: environment, descriptors,
standard input, earlier programs; CPU time, memory, output, stack, descriptors and threads are bounded (threads are
counted every 20 ms); it dies with its parent.

Not covered: whether a file exists, and its size, owner and times (`stat` is no right of Landlock's); what else lies in
the system's library folders; the kernel's version, its uptime and load, the number of cores, the process ids of itself
and the server; the clock, and with it what caches and timing give away; bugs of the kernel in the allowed calls; memory
of all programs together (`memory_mb` times cores and 16 that sleep); the truth of what a program prints. With
`unsafe=True` and no confinement only limits, an empty environment and the kill of the process group are left.

Verdicts do not depend on load: a program is timed out by its CPU time, or, for those that sleep or hang, by the wall
clock (twice `timeout_s` and a second) without the time that it waited for a core. While it sleeps another one has its
core. One that waited too long for a core, or that the system killed for lack of memory, is tried once more, alone; what
the system kills then, too, is `refused`. Hashes and `random` are seeded, so that the same program gives the same
answer, and a thread runs until it waits, for the most part; programs that read the clock or `os.urandom`, or whose
threads race, may differ.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from dataclasses import dataclass
from typing import Literal

from datagen_cli.sandbox import confine
from datagen_cli.sandbox.guard import ForkServer, GuardError, Outcome
from datagen_cli.sandbox.protocol import Limits
from datagen_cli.sandbox.screen import PRELOADED, Scan, refusal, scan, too_long
from datagen_cli.sandbox.slots import Seat, Slots, core_count

Status = Literal["ok", "error", "timeout", "refused", "memory"]
Layer = Literal["guarded", "unguarded"]

MAX_TIMEOUT_S, MAX_MEMORY_MB = 3_600, 1 << 20
# The machine's outcomes, not the program's: the clock ran out while it waited for a core, the system killed it.
_SAYS_NOTHING = ("wall", "killed")


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """How a program ended.

    `status`: `ok` ran to its end; `error` raised, crashed, exited with a code or wrote too much; `timeout` used up its
    CPU time (or hung twice); `memory` went over `memory_mb`; `refused` was not run, or not to its end, for the
    sandbox's sake: also where an error of the walls' ended it.
    `stdout`: what it printed before it ended, at most 64 KiB. `error`: one line, empty when `ok` or `timeout`.
    `layer`: `guarded`, or `unguarded` after `unsafe=True` on a machine that cannot confine. `seconds`: wall time
    without waiting for a free core.
    """

    status: Status
    stdout: str
    error: str
    layer: Layer
    seconds: float


class Sandbox:
    """Keeps the fork servers warm. Thread-safe; use as a context manager, or `close()` it.

    `screen=False` switches layer 0 off, for tests of those below. `monty` is accepted and without effect.
    """

    def __init__(self, *, screen: bool = True, monty: bool = True, cores: int | None = None) -> None:
        workers = cores or core_count()
        self._screen = screen
        self._slots = Slots(workers)
        self._lock = threading.Lock()
        self._servers: dict[tuple[bool, str], ForkServer] = {}
        self._failure: dict[tuple[bool, str], str] = {}
        self._owner = os.getpid()
        self._missing = confine.confinement_missing()

    def run(self, code: str, *, timeout_s: float = 5.0, memory_mb: int = 512, unsafe: bool = False) -> ProgramResult:
        """Runs one program; see `run_program`."""
        _check_limits(timeout_s, memory_mb)
        began = time.perf_counter()
        found = scan(code) if not (long := too_long(code)) else Scan()
        if words := long or (refusal(found) if self._screen else ""):
            return _result("refused", "", words, "guarded", began)
        if found.broken:
            return _result("error", "", found.broken, "guarded", began)
        if self._missing and not unsafe:
            words = f"{self._missing}, so that no program may run here (--unsafe-exec runs them unconfined)"
            return _result("refused", "", words, "guarded", began)
        limits = Limits(timeout_s, 2 * timeout_s + 1, memory_mb, found.threads)
        with self._slots.one() as seat:
            began = time.perf_counter()
            outcome = self._guarded(code, found, limits, seat)
        if outcome.status in _SAYS_NOTHING:
            with self._slots.all() as seat:
                began = time.perf_counter()
                outcome = self._guarded(code, found, limits, seat)
        return _from_outcome(outcome, self._guarded_layer(), began)

    def _guarded(self, code: str, found: Scan, limits: Limits, seat: Seat) -> Outcome:
        """The guarded layer. A server that died (somebody killed it) is started again, once."""
        text = (found.code if self._screen else code).encode("utf-8", "replace")
        preload = found.preload
        try:
            server = self._server(preload)
            try:
                return server.run(text, limits, seat.leave)
            except GuardError:
                self._discard(preload, server)
            return self._server(preload).run(text, limits, seat.leave)
        except GuardError as problem:
            return Outcome("refused", "", str(problem), 0.0)

    def _server(self, preload: str) -> ForkServer:
        key = (not self._missing, preload)
        with self._lock:
            if self._failure.get(key):
                raise GuardError(self._failure[key])
            if key not in self._servers:
                try:
                    modules = (*PRELOADED, *([preload] if preload else []))
                    self._servers[key] = ForkServer(confine=key[0], preload=modules)
                except GuardError as problem:
                    self._failure[key] = str(problem)
                    raise
            return self._servers[key]

    def _discard(self, preload: str, server: ForkServer) -> None:
        key = (not self._missing, preload)
        with self._lock:
            if self._servers.get(key) is not server:
                return  # another thread has met the same and seen to it
            del self._servers[key]
        server.close()

    def _guarded_layer(self) -> Layer:
        return "unguarded" if self._missing else "guarded"

    def close(self) -> None:
        """Ends the servers; running programs are killed. In a forked copy of the owner it does nothing."""
        if os.getpid() != self._owner:
            return
        with self._lock:
            servers, self._servers = list(self._servers.values()), {}
        for server in servers:
            server.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _result(status: Status, stdout: str, error: str, layer: Layer, began: float) -> ProgramResult:
    return ProgramResult(status, stdout, error, layer, time.perf_counter() - began)


def _from_outcome(outcome: Outcome, layer: Layer, began: float) -> ProgramResult:
    """The result of a program that was tried for the last time."""
    if outcome.status == "killed":
        words = "the system killed it twice, short of memory for all that runs; this says nothing about the program"
        return _result("refused", outcome.stdout, words, layer, began)
    statuses: dict[str, Status] = {
        "ok": "ok", "error": "error", "timeout": "timeout", "wall": "timeout", "memory": "memory", "refused": "refused"
    }  # fmt: skip
    return _result(statuses[outcome.status], outcome.stdout, outcome.error, layer, began)


def _check_limits(timeout_s: float, memory_mb: int) -> None:
    if not 0 < timeout_s <= MAX_TIMEOUT_S:  # NaN is neither
        raise ValueError(f"timeout_s is positive and at most {MAX_TIMEOUT_S:,}, not {timeout_s}")
    if not (memory_mb == int(memory_mb) and 0 < memory_mb <= MAX_MEMORY_MB):
        raise ValueError(f"memory_mb is a positive whole number of at most {MAX_MEMORY_MB:,}, not {memory_mb}")


class _Shared:
    """The process-wide sandbox that `run_program` uses; a forked process gets one of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sandbox: Sandbox | None = None
        self._hooked = False

    def get(self) -> Sandbox:
        with self._lock:
            if self._sandbox is None:
                self._sandbox = Sandbox()
                if not self._hooked:
                    self._hooked = True
                    atexit.register(self.close)
                    os.register_at_fork(after_in_child=self._forget)
            return self._sandbox

    def _forget(self) -> None:
        self._lock, self._sandbox = threading.Lock(), None

    def close(self) -> None:
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            sandbox.close()


_shared = _Shared()


def run_program(code: str, *, timeout_s: float = 5.0, memory_mb: int = 512, unsafe: bool = False) -> ProgramResult:
    """Runs an untrusted program to its end and says how it ended; the module's docstring says what holds it.

    `timeout_s` is CPU time, `memory_mb` comes on top of the interpreter's own. Blocks; call it from as many threads as
    you like, no more programs than cores run at once. `unsafe=True` (`--unsafe-exec`) runs programs also where the
    kernel has no means to confine them, and changes nothing where it has. Never raises for anything that a program
    does; ValueError for limits that are not positive, not finite, or beyond an hour and a tebibyte.
    """
    return _shared.get().run(code, timeout_s=timeout_s, memory_mb=memory_mb, unsafe=unsafe)
