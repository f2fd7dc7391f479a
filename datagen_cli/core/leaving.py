"""How a process is asked to end, and how it ends: stop signals, and an exit code that no thread spoils."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from typing import NoReturn

from datagen_cli.core.errors import EXIT_INTERRUPTED, EXIT_TERMINATED

STOP_SIGNALS: dict[signal.Signals, int] = {
    getattr(signal, name): code
    for name, code in (("SIGINT", EXIT_INTERRUPTED), ("SIGTERM", EXIT_TERMINATED), ("SIGHUP", EXIT_TERMINATED))
    if hasattr(signal, name)
}
"""Signals that ask a run to stop, and the exit code of each; Windows has no SIGHUP."""
LEAVE_S = 1.0
_stops: list[signal.Signals] = []


def remember_stop(number: signal.Signals) -> None:
    """Notes that a stop signal came. What a handler raises may be lost: inside a destructor, a callback, or before a
    loop hears of signals."""
    _stops.append(number)


def remembered_stops() -> list[signal.Signals]:
    """The stop signals that came since `forget_stops`."""
    return list(_stops)


def forget_stops() -> None:
    """Forgets the stop signals of an earlier command."""
    _stops.clear()


def leave(code: int) -> NoReturn:
    """Ends the process with an exit code.

    A daemon thread that computes in a library's native code, such as one that runs a model, aborts the process when the
    interpreter shuts down under it. A thread that does not end within a second is left where it is: what was written is
    flushed, and the process ends without a shutdown.
    """
    working = [thread for thread in threading.enumerate() if thread.daemon]
    for thread in working:
        thread.join(LEAVE_S / len(working))
    if any(thread.is_alive() for thread in working):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    raise SystemExit(code)
