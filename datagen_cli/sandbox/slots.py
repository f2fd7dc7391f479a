"""As many programs at once as there are cores, and a way for one to run alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_MOST = 128  # a server holds one descriptor for each of its children


def core_count() -> int:
    """Cores that this process may use, at least one."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _MOST)
    return min(os.cpu_count() or 1, _MOST)


class Slots:
    """A counting lock: `one()` takes a slot, `all()` takes them all and is not overtaken by later ones."""

    def __init__(self, count: int) -> None:
        self._free = self._count = count
        self._alone_waiting = 0
        self._changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: self._free > 0 and not self._alone_waiting)
            self._free -= 1
        try:
            yield
        finally:
            self._give_back(1)

    @contextmanager
    def all(self) -> Iterator[None]:
        with self._changed:
            self._alone_waiting += 1
            try:
                self._changed.wait_for(lambda: self._free == self._count)
                self._free = 0
            finally:
                self._alone_waiting -= 1
        try:
            yield
        finally:
            self._give_back(self._count)

    def _give_back(self, count: int) -> None:
        with self._changed:
            self._free += count
            self._changed.notify_all()
