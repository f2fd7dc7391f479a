"""Says on stderr what a command that runs no recipe is doing, after a while of silence, also inside a long step.

A step says what it begins; a thread says it aloud once it lasts, and again now and then, since the step itself may be
one call of a library that hears nothing until it ends.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from datagen_cli.cli import console
from datagen_cli.metrics.wording import duration

SAY_EVERY_S = 2.0
SAY_EVERY_TO_A_FILE_S = 10.0
AGAIN = 5
"""A step that goes on without news is said again after so many times as long."""
Say = Callable[[str], None]


class UnderWay:
    """Says what is under way, at most once in `every_s` seconds, and the same words `AGAIN` times more seldom."""

    def __init__(self, every_s: float) -> None:
        self.every_s = every_s
        self._text = self._shown = ""
        self._last = self._began = time.monotonic()
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """This is what is being done now."""
        with self._lock:
            self._text, self._began = text, time.monotonic()
        self.look()

    def look(self) -> None:
        """Says what is being done, if it is time to."""
        with self._lock:
            now = time.monotonic()
            known = self._text == self._shown
            if not self._text or now - self._last < self.every_s * (AGAIN if known else 1):
                return
            self._last, self._shown = now, self._text
            since = f", for {duration(now - self._began)}" if now - self._began >= self.every_s else ""
            console.say(console.shortened(console.named(self._text)) + since)


@contextmanager
def under_way(*, quiet: bool = False) -> Iterator[Say]:
    """Gives what to tell each step to; nothing is said with `quiet`."""
    if quiet:
        yield lambda text: None
        return
    told = UnderWay(SAY_EVERY_S if console.is_terminal(sys.stderr) else SAY_EVERY_TO_A_FILE_S)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(told.every_s):
            told.look()

    watching = threading.Thread(target=watch, name="under way", daemon=True)
    watching.start()
    try:
        yield told.say
    finally:
        over.set()
        watching.join()
