"""What an attack is, and what a command came to that met one."""

from __future__ import annotations

import contextlib
import ctypes
import io
import math
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO

import datagen_cli.cli.generate
import datagen_cli.cli.status  # noqa: F401  both are read once for all
from datagen_cli.cli.app import SECTIONS, main, run

PATIENCE_S = 120.0
ALLOWED = frozenset({0, 2, 3, 5})
"""Exit codes of a command that met something hostile."""
MOST_BYTES = 1 << 26
_OURS = re.compile(r"(?:\x1b\[8m|\u202e)*(?:next|error|hint|note): FORGED")
_PR_SET_PDEATHSIG = 1
_COMMANDS = [f"datagen_cli.cli.{name}" for part in SECTIONS.values() for name in part]


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack. `run` is given an empty folder to work in, and gives what got through in a few words, or an empty
    text where the attack was held."""

    name: str
    run: Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, None where it did not end in time, what it said, and its CPU seconds where
    they were taken."""

    code: int | None
    out: str
    err: str
    cpu_s: float = 0.0

    def wrong(self, allowed: frozenset[int], most_cpu_s: float = math.inf) -> str:
        """What is wrong with the ending, or an empty text: it hung, showed a traceback, left with another code, or took
        too long."""
        if self.code is None:
            return f"did not end within {PATIENCE_S:g} s"
        if "Traceback" in self.err:
            return f"traceback: {self.err.strip().splitlines()[-1][:80]}"
        if self.code not in allowed:
            return f"exit code {self.code}: {self.err.strip()[-300:]}"
        if self.cpu_s > most_cpu_s:
            return f"{self.cpu_s:.1f} s of CPU time"
        return ""


def datagen(*words: object, folder: Path, environ: Mapping[str, str] | None = None) -> Ended:
    """Runs a command of the tool in a process of its own that works in `folder`: a copy of this one, which has read the
    modules already. Call it from a process without threads."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            die_with_parent()
            try:
                os.chdir(folder)
                os.environ.update(environ or {})
                for number, to in ((0, os.open(os.devnull, os.O_RDONLY)), (1, out.fileno()), (2, err.fileno())):
                    os.dup2(to, number)
                # whoever runs the attacks may have put other streams in their place
                sys.stdout, sys.stderr = (os.fdopen(n, "w", encoding="utf-8", closefd=False) for n in (1, 2))
                main(list(map(str, words)))
            except SystemExit as end:
                for stream in (sys.stdout, sys.stderr):
                    stream.flush()
                os._exit(int(end.code or 0))
            except BaseException:
                traceback.print_exc()
                sys.stderr.flush()
            os._exit(1)
        code = _code_of(child)
        return Ended(code, _content(out), _content(err))


def apart(work: Callable[[Callable[[str], None]], str], folder: Path, patience_s: float = 300.0) -> str:
    """What `work` finds, in a process of its own; also where that hung or died. `work` is given a function by which it
    says what it is at."""
    result, at = folder / "found.txt", folder / "at.txt"
    child = os.fork()
    if child == 0:
        die_with_parent()
        try:
            result.write_text(work(lambda what: _note(at, what)), "utf-8", "replace")
        except BaseException as error:
            result.write_text(f"broke off: {error!r}", "utf-8", "replace")
        finally:
            os._exit(0)
    until = time.monotonic() + patience_s
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return f"did not end within {patience_s:g} s, at: {at.read_text() if at.exists() else 'the start'}"
        time.sleep(0.02)
    if not result.exists():
        return f"the process died, at: {at.read_text() if at.exists() else 'the start'}"
    return result.read_text("utf-8")


def bound_memory(megabytes: int) -> None:
    """Lets this process take so much more memory. What it has already counts not: one that parted from a process with
    large libraries has gigabytes of addresses, and its threads could not begin."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def die_with_parent() -> None:
    """Has the kernel kill this process when the one that it parted from is gone (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def read_commands() -> None:
    """Reads all that the commands import, once a process, so that those which part from it need not: their CPU time is
    that of what they were given, and not of libraries."""
    for name in ("pyarrow.parquet", "sklearn.linear_model", "sentence_transformers", *_COMMANDS):
        with contextlib.suppress(ImportError):
            import_module(name)


def _note(file: Path, what: str) -> None:
    file.write_text(what, "utf-8", "replace")


def forged_line(ended: Ended) -> str:
    """A line of ours that data wrote (`… FORGED`), or an empty text."""
    lines = re.split("[\r\n\x0b\x0c\x85\u2028]", f"{ended.out}\n{ended.err}")
    return next((f"forged line: {line!r:.200}" for line in lines if _OURS.match(line)), "")


def ended_here(command: list[str]) -> Ended:
    """Runs a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    began = time.process_time()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(out):
        code = run(command)
    return Ended(code, out.getvalue(), err.getvalue(), time.process_time() - began)


def _code_of(child: int) -> int | None:
    """The exit code of a child, None where it had to be killed."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        ended, state = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(state)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(MOST_BYTES).decode("utf-8", "replace")
