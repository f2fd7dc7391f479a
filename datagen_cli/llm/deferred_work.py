"""What is done with a reply waits until the replies beside it are taken and the next requests sent.

When many replies come at once, taking one and sending what waits for its place costs some 0.1 ms, and what follows
(parsing, checks, checkpoints, the next prompt) several times that. Such work goes on piece by piece when nothing else
is ready, so that a request is never sent late because of work that nobody waits for.
"""

from __future__ import annotations

import asyncio
from collections import deque


class DeferredWork:
    """Lets waiting tasks go on one by one, first come, first served. `when_idle` says that whoever runs the event loop
    calls `next` whenever the loop has nothing else to do; otherwise one goes on at every turn of the loop.

    `enough` is how many tasks may wait while replies keep coming; with more of them fewer requests would stand ready.
    `together` asks that all replies which are there be taken before anything is sent: an endpoint that takes only so
    many at a time is then never sent one more while a reply lies unread."""

    __slots__ = ("_waiting", "enough", "together", "when_idle")

    def __init__(self, *, when_idle: bool = False) -> None:
        self.when_idle = when_idle
        self.together = False
        self.enough = 1
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many tasks wait, those that were cancelled since among them."""
        return len(self._waiting)

    async def take(self) -> None:
        """Returns when it is this task's turn."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        if not self._waiting and not self.when_idle:
            loop.call_soon(self._turned, loop)
        self._waiting.append(turn)
        await turn

    def next(self) -> bool:
        """Lets the next task go on; False when none waits."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return True
        return False

    def _turned(self, loop: asyncio.AbstractEventLoop) -> None:
        if self.next() and self._waiting:
            loop.call_soon(self._turned, loop)
