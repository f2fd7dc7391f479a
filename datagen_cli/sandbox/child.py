"""One forked child: from the fork server's image to a confined program, and how the program ended.

The order matters: the text is read and the descriptors put in place first, then the resource limits, then Landlock and
seccomp, and only then is a byte of the program compiled. Any step that fails ends the child with `EXIT_SETUP`.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import errno
import gc
import io
import linecache
import math
import os
import random
import signal
import sys
import types
from dataclasses import dataclass

from datagen_cli.sandbox import confine, scratch
from datagen_cli.sandbox import threads as with_threads
from datagen_cli.sandbox.files import PROGRAM, NoDescriptor
from datagen_cli.sandbox.protocol import (
    EXIT_ERROR,
    EXIT_MEMORY,
    EXIT_OK,
    EXIT_REFUSED,
    EXIT_SETUP,
    MAX_CODE_BYTES,
    MAX_ERROR_BYTES,
    MAX_STDOUT_BYTES,
)

MAX_DESCRIPTORS = 256
SCRIPT = f"{scratch.HOME}/program.py"
"""Where a program finds its own text."""
_ERROR_FD = 3
_STACK_BYTES = 8 << 20
_OURS = (EXIT_MEMORY, EXIT_SETUP, EXIT_REFUSED)
_NO_DATABASE = ("unable to open database", "database is locked", "disk I/O error")
"""What SQLite says of a file that is attached, where another connection writes (in memory all others wait), without a
disk."""
_LINKS = 20
"""How far back an error's causes are followed."""
_NO_THREAD = "can't start new thread"
"""What `threading` says where no memory is left for another stack."""
_system_open, _system_exit = open, os._exit  # before `scratch`, and a program, put others in their places


@dataclass(frozen=True, slots=True)
class Confinement:
    """What the server prepared for all of its children: the confinement (no ruleset: unsafe) and its process id."""

    server: int
    null_fd: int
    ruleset: int | None
    filter: bytes
    filter_with_threads: bytes


@dataclass(frozen=True, slots=True)
class Ends:
    """The child's ends of the three pipes."""

    code: int
    stdout: int
    error: int


def become_program(confinement: Confinement, ends: Ends, cpu_s: float, memory_bytes: int, *, threads: bool) -> None:
    """Never returns: confines this process, runs the program it reads from `ends.code`, and exits."""
    status = EXIT_SETUP
    try:
        os.setsid()
        confine.die_with(confinement.server)
        _restore_signals()
        source = _read_all(ends.code)
        _volunteer_for_oom()
        limit_resources(cpu_s, memory_bytes, threads=threads)
        arrange(confinement, ends, threads=threads)
        status = EXIT_ERROR
        if threads:
            with_threads.prepare(source)
        status = execute(source.decode("utf-8", "replace"), threads=threads)
    except MemoryError:
        status = EXIT_MEMORY if status == EXIT_ERROR else EXIT_SETUP
    except BaseException as problem:
        if status == EXIT_SETUP:
            _report(f"{type(problem).__name__}: {problem}", ends.error)
    finally:
        _system_exit(status)


def _restore_signals() -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def _read_all(descriptor: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := os.read(descriptor, 65_536):
        parts.append(part)
        size += len(part)
        if size > MAX_CODE_BYTES:
            raise ValueError("the program is too long")
    return b"".join(parts)


def _volunteer_for_oom() -> None:
    with contextlib.suppress(OSError), _system_open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def mapped_bytes() -> int:
    """Size of this process's address space, 0 where the system does not say."""
    import resource

    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def limit_resources(cpu_s: float, memory_bytes: int, *, threads: bool) -> None:
    """The limits that the kernel keeps even if the server dies; `memory_bytes` comes on top of what is mapped now.

    CPU time is watched to the millisecond by the server; this limit, in whole seconds, stands behind it. The kernel
    counts threads as processes of the user, all of them together: the server counts those of a program.
    """
    cpu = math.ceil(cpu_s) + 1
    wanted = {
        "RLIMIT_CPU": (cpu, cpu + 1),
        "RLIMIT_AS": (mapped_bytes() + memory_bytes,) * 2,
        **({} if threads else {"RLIMIT_NPROC": (0, 0)}),
        "RLIMIT_FSIZE": (0, 0),
        "RLIMIT_NOFILE": (MAX_DESCRIPTORS, MAX_DESCRIPTORS),
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_MEMLOCK": (0, 0),
        "RLIMIT_MSGQUEUE": (0, 0),
        "RLIMIT_STACK": (_STACK_BYTES, _STACK_BYTES),
    }
    import resource

    for name, (soft, hard) in wanted.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        ceiling = resource.getrlimit(kind)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        with contextlib.suppress(OSError, ValueError):  # macOS refuses some
            resource.setrlimit(kind, (soft, hard))


def arrange(confinement: Confinement, ends: Ends, *, threads: bool) -> None:
    """Descriptors 0 to 3 as the program is to find them, all others closed, and the confinement entered."""
    top = MAX_DESCRIPTORS - 1
    if confinement.ruleset is not None:
        os.dup2(confinement.ruleset, top)
    os.dup2(confinement.null_fd, 0)
    os.dup2(ends.stdout, 1)
    os.dup2(ends.error, _ERROR_FD)
    os.dup2(0, 2)
    if confinement.ruleset is None:
        confine.close_from(_ERROR_FD + 1)
        return
    ruleset = os.dup2(top, _ERROR_FD + 1)
    confine.close_from(ruleset + 1)
    confine.confine(ruleset, confinement.filter_with_threads if threads else confinement.filter)
    os.close(ruleset)


def execute(source: str, *, threads: bool) -> int:
    """Runs the program as `__main__`, its output on descriptor 1, its error as one line on 3; returns the exit code."""
    module = _fresh_main(source)
    output = sys.stdout
    gc.enable()
    try:
        try:
            exec(compile(source, PROGRAM, "exec", dont_inherit=True), module.__dict__)
        finally:
            if (threading := sys.modules.get("threading")) is not None:
                threading._shutdown()  # waits for all but daemons, as the interpreter does at its end
            atexit._run_exitfuncs()
            output.flush()
            if sys.stdout is not output:
                sys.stdout.flush()
        return EXIT_OK
    except SystemExit as stop:
        if stop.code in (None, 0):
            return EXIT_OK
        _report(f"SystemExit: {stop.code}", _ERROR_FD)
        return EXIT_ERROR
    except MemoryError:
        _report("MemoryError: over the limit", _ERROR_FD)
        return EXIT_MEMORY
    except BaseException as problem:
        _report(describe(problem), _ERROR_FD)
        return exit_code(problem, threads=threads)


def exit_code(problem: BaseException, *, threads: bool) -> int:
    """The exit code for the error that ended a program, and the errors that led to it."""
    at: BaseException | None = problem
    for _ in range(_LINKS):
        if at is None:
            break
        if str(at) == _NO_THREAD:
            return EXIT_MEMORY if threads else EXIT_REFUSED
        if is_denied_here(at):
            return EXIT_REFUSED
        at = at.__cause__ or at.__context__
    return EXIT_ERROR


def is_denied_here(problem: BaseException) -> bool:
    """Whether only the sandbox denied what raised the error, which then says nothing about the program.

    It denies system calls, names of files (`scratch`), descriptors of files in memory, other data bases, modules.
    """
    number = problem.errno if isinstance(problem, OSError) else None
    return (
        isinstance(problem, NoDescriptor | ModuleNotFoundError)
        or number in (errno.EPERM, errno.EACCES, errno.ENOSYS)
        or (number == errno.EBADF and scratch.numbers_given())
        or (str(problem).startswith(_NO_DATABASE) and not isinstance(problem.__cause__, OSError))  # that says why
    )


def _fresh_main(source: str) -> types.ModuleType:
    """A new `__main__` and new standard streams; nothing of the server's own modules can be found by name."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "datagen_cli"]:
        del sys.modules[name]
    module = types.ModuleType("__main__")
    module.__dict__.update(__builtins__=builtins, __file__=SCRIPT)
    sys.modules["__main__"] = module
    scratch.keep(SCRIPT, source.encode("utf-8", "replace"))
    for name in (PROGRAM, SCRIPT):  # for tracebacks, and for what asks for the source of a function or a class
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    sys.argv = ["program.py"]
    atexit._clear()
    builtins.__dict__.update(exit=sys.exit, quit=sys.exit)
    os._exit = lambda status: _system_exit(EXIT_ERROR if status & 0xFF in _OURS else status)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, "r", closefd=False)), "utf-8")
    raw = io.BufferedWriter(io.FileIO(1, "w", closefd=False), MAX_STDOUT_BYTES)
    sys.stdout = io.TextIOWrapper(raw, "utf-8", "backslashreplace", newline="\n")
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), "utf-8", "backslashreplace", write_through=True)
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, f"__{name}__", getattr(sys, name))
    random.seed(0)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(0)
    return module


def describe(problem: BaseException) -> str:
    """`ZeroDivisionError: division by zero (line 3)`; the line is the innermost one of the program's own text."""
    line = 0
    trace = problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == PROGRAM:
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(problem, SyntaxError):
        line, text = problem.lineno or 0, str(problem.msg)
    else:
        text = str(problem)
    name = type(problem).__name__
    return (f"{name}: {text}" if text else name) + (f" (line {line})" if line else "")


def _report(text: str, descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.write(descriptor, text.encode("utf-8", "backslashreplace")[:MAX_ERROR_BYTES])
