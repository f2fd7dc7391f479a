"""Work on a reply is deferred until all replies that have arrived are read and the next requests are sent.

Reading a reply and sending the request that waits for its place takes about 0.1 ms. What follows (parsing, checks,
checkpoints, the next prompt) takes several times as long. That work runs in small pieces while nothing else is ready,
so that it never delays a request.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress


class DeferredWork:
    """Resumes deferred tasks one by one, in the order in which they came.

    `when_idle`: the owner of the event loop calls `next` whenever the loop has nothing else to do; without it one task
    is resumed at every turn of the loop. `enough` is how many tasks may be deferred while replies keep arriving; with
    more of them too few requests would be ready. `together`: all replies that have arrived are read before anything is
    sent, so that an endpoint which takes a fixed number of calls never gets one more while a reply lies unread.
    """

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

    async def take_within(self, most_s: float) -> None:
        """Returns when it is this task's turn, at the latest after `most_s`: a loop that only computes gives none."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.take(), most_s)

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
