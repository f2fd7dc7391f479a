"""A selector that hands over what is ready one by one, so that the event loop finishes one reply before the next.

An event loop that is told of a hundred replies at once takes all of them through every step side by side: all hundred
next requests are then sent when the last reply has been dealt with, come back as one crowd, and the delay repeats with
every wave. Taken one after the other, the first request leaves after one reply's worth of work, the crowd is drawn out
once, and nothing waits from then on. Work that can wait goes on only when nothing is ready. A loop that has had no time
to wait for a while does nothing but compute: it is told of all at once, which costs a third less.
"""

from __future__ import annotations

import selectors
import time
from collections import deque

from datagen_cli.llm.turns import Turns

BUSY_S = 0.1
MANY = 16


class OneByOne(selectors.DefaultSelector):
    """The system's selector; `select` returns one of the events that are ready, the others next time, or all of them
    when it has not had to wait for `BUSY_S` or `turns` say so. Where it would have to wait the next turn is due first.
    """

    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns
        self._waited = time.monotonic()
        self._ready: deque[tuple[selectors.SelectorKey, int]] = deque()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See `selectors.BaseSelector.select`. What was unregistered or changed meanwhile is left out."""
        if not self._ready:
            found = super().select(0)
            busy = time.monotonic() - self._waited > BUSY_S
            if not found and timeout != 0 and not self._idled(MANY if busy else 1):
                found = super().select(timeout)
                self._waited = time.monotonic()
            if busy or self._turns.together or len(found) < 2:
                return found
            self._ready.extend(found)
        while self._ready:
            key, events = self._ready.popleft()
            current = self.get_map().get(key.fd)
            if current is not None and current.fileobj is key.fileobj and events & current.events:
                return [(current, events & current.events)]
        return []

    def _idled(self, most: int) -> bool:
        """Whether there was something to do."""
        done = 0
        while done < most and self._turns.next():
            done += 1
        return done > 0
