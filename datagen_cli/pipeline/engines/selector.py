"""A selector that hands over what is ready one by one, so that the event loop finishes one reply before the next.

An event loop that is told of a hundred replies at once takes all of them through every step side by side: all hundred
next requests are then sent when the last reply has been dealt with, come back as one crowd, and the delay repeats with
every wave. Taken one after the other, the first request leaves after one reply's worth of work, the crowd is drawn out
once, and nothing waits from then on. Work that can wait goes on only when nothing is ready, and as long as not too much
of it waits not even in the gaps of a crowd, which would never catch up again. A loop that has had no time to wait for a
while does nothing but compute: it is told of all at once, which costs a third less.

Python's cyclic collector is kept to the quiet moments of a run. Left alone it scans everything that lives as long as
the run again and again (15 % of a fast run's time), and sets in while replies wait: some 5 ms each time, which every
reply of a crowd then comes late by.
"""

from __future__ import annotations

import gc
import selectors
import time
from collections import deque

from datagen_cli.llm.deferred_work import DeferredWork

AT_LAST = (50_000, 20, 50)
ENOUGH = (2_000, 20, 200)
BUSY_S = 0.1
QUIET_S = 0.001
MANY = 16
Event = tuple[selectors.SelectorKey, int]


class OneByOne(selectors.DefaultSelector):
    """The system's selector, but `select` returns one ready event at a time and keeps the others for the next call.

    It returns all ready events when the loop has been busy for `BUSY_S`, or when `deferred.together` is set. When no
    event is ready, it lets the next deferred task run before it waits; while many replies are arriving it first waits
    `QUIET_S` for another one, unless `deferred.enough` tasks are deferred. The `collector`, if any, runs last.
    """

    def __init__(self, deferred: DeferredWork, collector: Collector | None = None) -> None:
        super().__init__()
        self._deferred = deferred
        self._collector = collector
        self._waited = time.monotonic()
        self._quiet = False
        self._ready: deque[Event] = deque()

    def select(self, timeout: float | None = None) -> list[Event]:
        """See `selectors.BaseSelector.select`. What was unregistered or changed meanwhile is left out."""
        if not self._ready:
            found = super().select(0)
            busy = time.monotonic() - self._waited > BUSY_S
            if not found and timeout != 0:
                found = self._wait(timeout, busy)
            if found:
                self._quiet = False
            if busy or self._deferred.together or len(found) < 2:
                return found
            self._ready.extend(found)
        while self._ready:
            key, events = self._ready.popleft()
            current = self.get_map().get(key.fd)
            if current is not None and current.fileobj is key.fileobj and events & current.events:
                return [(current, events & current.events)]
        return []

    def _wait(self, timeout: float | None, busy: bool) -> list[Event]:
        """What is ready after a wait; nothing after work that was done instead."""
        deferred, collector = self._deferred, self._collector
        collects = collector is not None and collector.due
        long = timeout is None or timeout > QUIET_S
        if (deferred.waiting or collects) and long and not (busy or self._quiet or deferred.waiting >= deferred.enough):
            found = super().select(QUIET_S)
            if found:
                return found
            self._waited = time.monotonic()
            self._quiet = True
        done = 0
        while done < (MANY if busy else 1) and deferred.next():
            done += 1
        if done:
            return []
        if collector is not None and collects and self._quiet:
            collector.collect()
            return []
        found = super().select(timeout)
        self._waited = time.monotonic()
        return found


class Collector:
    """`start` leaves out all that is there; then `collect` is to be called in quiet moments when it is `due`. Where
    there are none the collector sets in by itself, rarely."""

    def start(self) -> None:
        """Looks only at what is new from then on; what is there stays (to look through it would take 40 ms)."""
        gc.freeze()
        gc.set_threshold(*AT_LAST)

    @property
    def due(self) -> bool:
        """Whether there is enough to look at."""
        return gc.get_count()[0] > ENOUGH[0]

    def collect(self) -> None:
        """Looks at what is youngest, now and then at what is older."""
        counts = gc.get_count()
        gc.collect(max((generation for generation in range(3) if counts[generation] > ENOUGH[generation]), default=0))
