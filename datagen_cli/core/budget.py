"""Work that a recipe or a model chose, done within bounds of CPU time and memory.

The clock is this process's CPU time, its own and what the system spends for it, and not wall time, so that a busy
machine changes nothing. It needs the main thread of a POSIX system: it is a signal, which Python lets in between its
own steps and while a regular expression matches. In other threads and on other systems there is no bound. A single step
in C that neither matches nor allocates is not interrupted. Costs 3 µs, with memory 15 µs.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
_LEAST_S, _LEAST_MB = 0.02, 16
MOST_IN_A_ROW = 10
_AGAIN_S = 0.05  # should somebody swallow the first alarm


class TooMuch(Exception):
    """Work that was given up; the text says why."""


class Allowance:
    """CPU seconds, and memory, for what is done again and again: half of both after each time that it was given up.

    So a base of many rows does not cost the whole time a row.
    """

    def __init__(self, cpu_s: float) -> None:
        self._cpu_s, self._given_up, self._in_a_row = cpu_s, 0, 0

    def spend(self, work: Callable[[], T], memory_mb: int | None = None) -> T:
        """As `within`. What was given up `MOST_IN_A_ROW` times, one after the other, is not begun again."""
        if self._in_a_row >= MOST_IN_A_ROW:
            raise TooMuch(f"it took more than it may {MOST_IN_A_ROW} times in a row")
        try:
            some_mb = memory_mb and max(memory_mb >> self._given_up, _LEAST_MB)
            found = within(work, cpu_s=max(self._cpu_s / 2**self._given_up, _LEAST_S), memory_mb=some_mb)
        except TooMuch:
            self._given_up = min(self._given_up + 1, 10)
            self._in_a_row += 1
            raise
        self._in_a_row = 0
        return found


class _Alarm(BaseException):
    """Raised in the middle of the work, past every `except Exception`."""


_armed = False


def within(work: Callable[[], T], *, cpu_s: float, memory_mb: int | None = None) -> T:
    """What `work()` gives. Raises `TooMuch` when it takes more; inside other such work the outer bounds hold alone."""
    if _armed or threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        return work()
    try:
        with _clock(cpu_s), _memory(memory_mb):
            return work()
    except _Alarm:
        raise TooMuch(f"it takes more than {cpu_s:g} s") from None
    except MemoryError:
        raise TooMuch(f"it takes more than {memory_mb} MB" if memory_mb else "it takes too much memory") from None
    except RecursionError:
        raise TooMuch("it refers to itself, or is nested, too deeply") from None


@contextmanager
def _clock(cpu_s: float) -> Iterator[None]:
    global _armed
    before = signal.signal(signal.SIGPROF, _alarm)
    _armed = True
    try:
        signal.setitimer(signal.ITIMER_PROF, cpu_s, _AGAIN_S)
        yield
    finally:
        _armed = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _alarm(_signal: int, _frame: FrameType | None) -> None:
    if _armed:
        raise _Alarm


@contextmanager
def _memory(memory_mb: int | None) -> Iterator[None]:
    """The address space may grow by so much; where the system does not count it, it may grow as it likes."""
    if memory_mb is None or not sys.platform.startswith("linux"):
        yield
        return
    import resource

    before, ceiling = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm", "rb") as file:
        most = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE") + (memory_mb << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most if before < 0 else min(most, before), ceiling))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, ceiling))
