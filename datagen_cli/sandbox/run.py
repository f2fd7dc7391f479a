"""Runs a Python program that a model wrote, and says how it ended. Nothing outside it can tell that it ran.

Layers, from the cheapest; each is measured by `tests/sandbox`, also with the ones above it switched off:

0. `screen`: the syntax tree. Size, imports outside a list. Convenience, not a boundary.
1. `monty`: an interpreter in Rust without files, network or processes. 0.3 ms a program.
2. `guarded`: where Monty lacks something, CPython in a child of a fork server: empty environment, resource limits, no
   capabilities, Landlock, then an allow-list of 58 system calls. 3 to 5 ms a program, sympy included when preloaded.
3. The parent and the server: CPU and wall clock, output cap, as many at once as cores.
4. Without Landlock or seccomp (old kernels, macOS) layer two does not run: what Monty cannot decide is `refused`,
   unless the caller says `unsafe=True`.

Covered, for a guarded program: no file is created, changed or removed, and none read but the standard library, system
libraries and the packages that programs may import; no socket of any kind, no name lookup, no other process or thread
started, signalled, traced or reniced; no limit of another process changed; nothing inherited: environment, descriptors,
standard input, earlier programs; CPU time, memory, output, stack and descriptors are bounded; it dies with its parent.

Not covered: whether a file exists, and its size, owner and times (`stat` is no right of Landlock's); what else lies in
the system's library folders; the kernel's version, its uptime and load, the number of cores, the process ids of itself
and the server; the clock, and with it what caches and timing give away; bugs of the kernel in the allowed calls; memory
of all programs together (cores times `memory_mb`); the truth of what a program prints; the memory safety of Monty. With
`unsafe=True` and no confinement only limits, an empty environment and the kill of the process group are left.

Verdicts do not depend on load: a program is timed out by its CPU time; one that the wall clock stopped (twice
`timeout_s` and a second, for those that sleep or hang) is tried once more, alone. Hashes and `random` are seeded, so
that the same program gives the same answer; programs that read the clock or `os.urandom` are their own affair.
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
from datagen_cli.sandbox.monty import Done, Gap, Interpreter
from datagen_cli.sandbox.protocol import MAX_STDOUT_BYTES, Limits
from datagen_cli.sandbox.screen import MODULES, MONTY_MODULES, Scan, refusal, scan, too_long
from datagen_cli.sandbox.slots import Slots, core_count

Status = Literal["ok", "error", "timeout", "refused", "memory"]
Layer = Literal["monty", "guarded", "unguarded"]

# Where CPython can take over, Monty only gets as much as most programs need.
_MONTY_SHARE_S, _MONTY_SHARE_MB = 0.25, 128


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """How a program ended.

    `status`: `ok` ran to its end; `error` raised, crashed, exited with a code or wrote too much; `timeout` used up its
    CPU time (or hung twice); `memory` went over `memory_mb`; `refused` was not run, or not to its end, for the
    sandbox's sake.
    `stdout`: what it printed before it ended, at most 64 KiB. `error`: one line, empty when `ok` or `timeout`.
    `layer`: the one that decided (`unguarded` only after `unsafe=True`); for a program that never ran, the one it would
    have needed. `seconds`: wall time in the layers, without waiting for a free core.
    """

    status: Status
    stdout: str
    error: str
    layer: Layer
    seconds: float


class Sandbox:
    """Keeps the interpreters and fork servers warm. Thread-safe; use as a context manager, or `close()` it.

    `screen=False` and `monty=False` switch layers 0 and 1 off, for tests of those below.
    """

    def __init__(self, *, screen: bool = True, monty: bool = True, cores: int | None = None) -> None:
        workers = cores or core_count()
        self._screen = screen
        self._interpreter = Interpreter(workers) if monty else None
        self._slots = Slots(workers)
        self._lock = threading.Lock()
        self._servers: dict[tuple[bool, str], ForkServer] = {}
        self._failure: dict[tuple[bool, str], str] = {}
        self._owner = os.getpid()
        self._missing = confine.confinement_missing()

    def run(self, code: str, *, timeout_s: float = 5.0, memory_mb: int = 512, unsafe: bool = False) -> ProgramResult:
        """Runs one program; see `run_program`."""
        if timeout_s <= 0 or memory_mb <= 0:
            raise ValueError("timeout_s and memory_mb are positive")
        began = time.perf_counter()
        found = scan(code) if not (long := too_long(code)) else Scan()
        if words := long or (refusal(found) if self._screen else ""):
            return _result("refused", "", words, "guarded", began)
        if found.broken:
            return _result("error", "", found.broken, "guarded", began)
        limits = Limits(timeout_s, 2 * timeout_s + 1, memory_mb)
        with self._slots.one():
            began = time.perf_counter()
            result = self._run_once(code, found, limits, unsafe, began)
        if result is None:
            with self._slots.all():
                result = self._run_once(code, found, limits, unsafe, time.perf_counter())
        return result or _result("timeout", "", "", self._guarded_layer(), began)

    def _run_once(self, code: str, found: Scan, limits: Limits, unsafe: bool, began: float) -> ProgramResult | None:
        """One pass through layers one and two; None when only the wall clock stopped it."""
        guarded = not self._missing or unsafe
        gap = Gap("lacking", "", _why_not_monty(found))
        if self._interpreter is not None and (found.suits_monty if guarded else not gap.words):
            share_s = min(limits.cpu_s, _MONTY_SHARE_S) if guarded else limits.cpu_s
            share_mb = min(limits.memory_mb, _MONTY_SHARE_MB) if guarded else limits.memory_mb
            done = self._interpreter.run(code, timeout_s=share_s, memory_mb=share_mb)
            if isinstance(done, Done):
                return _result("error" if done.error else "ok", done.stdout, done.error, "monty", began)
            gap = done
        if not guarded:
            return self._without_guard(gap, began)
        try:
            outcome = self._guarded(code, found, limits)
        except GuardError as problem:
            return _result("refused", "", str(problem), self._guarded_layer(), began)
        if outcome.status == "wall":
            return None
        return _from_outcome(outcome, self._guarded_layer(), began)

    def _without_guard(self, gap: Gap, began: float) -> ProgramResult:
        """What Monty could not decide, on a machine where nothing else may."""
        if gap.kind == "timeout":
            return _result("timeout", gap.stdout, "", "monty", began)
        if gap.kind == "memory":
            return _result("memory", gap.stdout, gap.words, "monty", began)
        if gap.kind == "output":
            cut = gap.stdout.encode("utf-8", "replace")[:MAX_STDOUT_BYTES].decode("utf-8", "ignore")
            return _result("error", cut, f"wrote more than {MAX_STDOUT_BYTES} bytes; cut there", "monty", began)
        words = f"{self._missing}, so that only Monty may run programs, and it cannot decide this one: {gap.words}"
        return _result("refused", "", words, "guarded", began)

    def _guarded(self, code: str, found: Scan, limits: Limits) -> Outcome:
        """Layer two. A server that died (somebody killed it) is started again, once."""
        text = code.encode("utf-8", "replace")
        server = self._server(found.preload)
        try:
            return server.run(text, limits)
        except GuardError:
            self._discard(found.preload, server)
        return self._server(found.preload).run(text, limits)

    def _server(self, preload: str) -> ForkServer:
        key = (not self._missing, preload)
        with self._lock:
            if self._failure.get(key):
                raise GuardError(self._failure[key])
            if key not in self._servers:
                try:
                    modules = (*sorted(MODULES), *([preload] if preload else []))
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
        """Ends interpreters and servers; running programs are killed. In a forked copy of the owner it does nothing."""
        if os.getpid() != self._owner:
            return
        with self._lock:
            servers, self._servers = list(self._servers.values()), {}
        for server in servers:
            server.close()
        if self._interpreter is not None:
            self._interpreter.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _why_not_monty(found: Scan) -> str:
    """Why Monty alone could give a wrong answer, in words; empty where it could not."""
    if outside := sorted(found.imports - MONTY_MODULES):
        return f"imports {', '.join(outside)}"
    return "it catches errors that Monty's gaps raise" if found.hides_gaps else ""


def _result(status: Status, stdout: str, error: str, layer: Layer, began: float) -> ProgramResult:
    return ProgramResult(status, stdout, error, layer, time.perf_counter() - began)


def _from_outcome(outcome: Outcome, layer: Layer, began: float) -> ProgramResult:
    statuses: dict[str, Status] = {
        "ok": "ok", "error": "error", "timeout": "timeout", "memory": "memory", "refused": "refused"
    }  # fmt: skip
    return _result(statuses[outcome.status], outcome.stdout, outcome.error, layer, began)


def _never_free(sandbox: Sandbox) -> None:
    """A forked copy that let go of its owner's sandbox would end watches on Monty's processes that both share, and the
    owner would wait for them for ever when it closes."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(sandbox))


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
                _never_free(self._sandbox)
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
    you like, no more programs than cores run at once. `unsafe=True` (`--unsafe-exec`) runs what Monty cannot where the
    kernel has no means to confine it, and changes nothing where it has. Never raises for anything that a program does;
    ValueError for limits that are not positive.
    """
    return _shared.get().run(code, timeout_s=timeout_s, memory_mb=memory_mb, unsafe=unsafe)
