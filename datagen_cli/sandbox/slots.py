"""As many programs at once as there are cores, and a way for one to run alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

MAX_ASLEEP = 16
"""Programs that may sleep at once without a slot."""
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
        self._alone_waiting = self._asleep = 0
        self._changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[Seat]:
        with self._changed:
            self._changed.wait_for(lambda: self._free > 0 and not self._alone_waiting)
            self._free -= 1
        with self._seat(1) as seat:
            yield seat

    @contextmanager
    def all(self) -> Iterator[Seat]:
        with self._changed:
            self._alone_waiting += 1
            try:
                self._changed.wait_for(lambda: self._free == self._count)
                self._free = 0
            finally:
                self._alone_waiting -= 1
        with self._seat(self._count) as seat:
            yield seat

    @contextmanager
    def _seat(self, count: int) -> Iterator[Seat]:
        seat = Seat(self, count)
        try:
            yield seat
        finally:
            with self._changed:
                if seat.left:
                    self._asleep -= 1
                else:
                    self.give_back(count)

    def leave(self, count: int) -> bool:
        """Gives the slots of a sleeping program back; False where too many sleep already."""
        with self._changed:
            if self._asleep >= MAX_ASLEEP:
                return False
            self._asleep += 1
            self.give_back(count)
            return True

    def give_back(self, count: int) -> None:
        with self._changed:
            self._free += count
            self._changed.notify_all()


class Seat:
    """The slots that one program holds. It may leave them once, for as long as it runs."""

    def __init__(self, slots: Slots, count: int) -> None:
        self._slots, self._count = slots, count
        self.left = False

    def leave(self) -> None:
        if not self.left:
            self.left = self._slots.leave(self._count)
