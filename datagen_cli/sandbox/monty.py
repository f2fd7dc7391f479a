"""Layer one: Monty, a Python interpreter in Rust that has no file, network or process to give away.

A quarter of a millisecond a program. Its workers are processes of their own with an empty environment; they end with
this one. What Monty lacks (inheritance, generators, many modules) and what it cannot afford is not a verdict: `Gap`
says that another layer has to decide. Trusted here: the memory safety of Monty itself.
"""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass
from typing import Any

from datagen_cli.sandbox.protocol import MAX_STDOUT_BYTES

# Raised by a program and by nothing that Monty lacks.
_GENUINE = frozenset(("AssertionError", "IndexError", "KeyError", "UnboundLocalError", "ZeroDivisionError"))
_GRACE_S = 1.0
# Monty's runtime has threads that a fork does not copy: a process forked from one that has started it would wait for
# ever. Holds the process ids in which it was started; a forked copy finds its parent's here and stays away.
_STARTED_IN: set[int] = set()


@dataclass(frozen=True, slots=True)
class Done:
    """A verdict: it ran through (`error` empty) or failed by its own fault."""

    stdout: str
    error: str


@dataclass(frozen=True, slots=True)
class Gap:
    """No verdict: `timeout`, `memory`, `output`, or `lacking` with what is missing."""

    kind: str
    stdout: str
    words: str


class Interpreter:
    """A pool of Monty workers, started by the first program. Thread-safe."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._lock = threading.Lock()
        self._pool: Any = None
        self._absent = ""

    def run(self, code: str, *, timeout_s: float, memory_mb: int) -> Done | Gap:
        """One program in a fresh session; `random` starts from seed 0, standard error is dropped."""
        pool = self._started()
        if pool is None:
            return Gap("lacking", "", self._absent)
        import pydantic_monty as monty

        limits = {"max_feed_duration_secs": timeout_s, "max_memory": memory_mb << 20}
        policy = {"random_start": {"seed": 0}}
        # The collector counts an overhead for each piece, hence the room; the cap proper comes after.
        streams = monty.CollectStreams(max_bytes=4 * MAX_STDOUT_BYTES)
        problem: Any = None
        try:
            with pool.checkout(limits=limits, os_policy=policy, assert_message_annotations=False) as session:
                session.feed_run(code, print_callback=streams)
        except monty.MontyError as raised:
            problem = raised
        stdout = "".join(text for stream, text in streams.output if stream == "stdout")
        if len(stdout.encode("utf-8", "replace")) > MAX_STDOUT_BYTES:
            return Gap("output", stdout, "")
        return Done(stdout, "") if problem is None else _judge(problem, stdout)

    def _started(self) -> Any:
        with self._lock:
            if any(pid != os.getpid() for pid in _STARTED_IN):
                self._absent = "Monty cannot be started again in a forked process"
            if self._pool is None and not self._absent:
                _STARTED_IN.add(os.getpid())
                try:
                    import pydantic_monty as monty

                    pool = monty.Monty(min_processes=1, max_processes=self._workers, feed_duration_limit_grace=_GRACE_S)
                    self._pool = pool.__enter__()
                except (ImportError, OSError, RuntimeError) as problem:
                    self._absent = f"Monty did not start: {problem}"
            return self._pool

    def close(self) -> None:
        with self._lock:
            if self._pool is not None:
                with contextlib.suppress(Exception):
                    self._pool.__exit__(None, None, None)
            self._pool = None


def _judge(problem: Any, stdout: str) -> Done | Gap:
    """A program's own error is a verdict; everything that Monty's limits or gaps may have caused is not."""
    inner = problem.exception()
    name = type(inner).__name__
    words = f"{name}: {inner}" if str(inner) else name
    if getattr(problem, "timed_out", False) or name == "TimeoutError":
        return Gap("timeout", stdout, words)
    if name == "MemoryError":
        output = "max_bytes" in words or len(stdout) >= MAX_STDOUT_BYTES
        return Gap("output" if output else "memory", stdout, words)
    frames = problem.traceback() if hasattr(problem, "traceback") else []
    source = (frames[-1].source_line or "").strip() if frames else ""
    if name in _GENUINE or source.startswith("raise "):
        return Done(stdout, f"{words} (line {frames[-1].line})" if frames else words)
    return Gap("lacking", stdout, words)
