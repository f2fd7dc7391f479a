"""Regular expressions from a recipe, matched without letting a catastrophic one stop the run.

Two guards. A text longer than `MAX_CHARACTERS` is not matched at all. And a match may take `MAX_CPU_S` seconds of this
process's CPU time (not wall time, so a busy machine changes nothing): a regular expression that backtracks
exponentially is beyond that by orders of magnitude, a sane one takes microseconds.

Not covered: the CPU guard needs the main thread and a POSIX system (it is a signal, which `re` lets in while it
matches); elsewhere only the length guard holds.
"""

from __future__ import annotations

import re
import signal
import threading
from types import FrameType

MAX_CHARACTERS = 100_000
MAX_CPU_S = 1.0


class TooSlow(Exception):
    """A match that was given up; the text says why."""


def search(pattern: re.Pattern[str], text: str, *, max_cpu_s: float = MAX_CPU_S) -> re.Match[str] | None:
    """`pattern.search(text)` under both guards. Raises `TooSlow`."""
    if len(text) > MAX_CHARACTERS:
        raise TooSlow(f"the text has {len(text):,} characters, at most {MAX_CHARACTERS:,} are matched")
    if len(text) < 16 or threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        return pattern.search(text)
    before = signal.signal(signal.SIGVTALRM, _give_up)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, max_cpu_s)
        return pattern.search(text)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _give_up(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlow("the regular expression backtracks without end on it")
