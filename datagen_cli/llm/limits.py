"""How many calls are in flight, and how fast they are sent. Time is read from the event loop only.

`Gate` is first come, first served; calls that try again go before new ones. Its limit starts at `limits.concurrency`
and a random 429 does not change it; `resize` is where an adaptive limit plugs in. `Pace` spreads requests or tokens
over a minute (the virtual scheduling of GCRA: one number, no queue).
"""

from __future__ import annotations

import asyncio
from collections import deque

from datagen_cli.core.errors import CallPending

HALTED = "the run is stopping"


class Gate:
    """At most `limit` holders at a time."""

    __slots__ = ("_halted", "_waiting", "in_flight", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._halted = False

    async def enter(self, *, again: bool = False) -> None:
        """Waits for a place. `again` puts a call that was sent before at the head of the queue.

        Raises `CallPending` once the gate is halted.
        """
        if self._halted:
            raise CallPending(HALTED)
        if self.in_flight < self.limit and not self._waiting:
            self.in_flight += 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if again:
            self._waiting.appendleft(place)
        else:
            self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self.leave()
            raise

    def leave(self) -> None:
        """Gives the place back."""
        self.in_flight -= 1
        self._admit()

    def halt(self) -> None:
        """Lets nobody in any more; those who hold a place keep it."""
        self._halted = True
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_exception(CallPending(HALTED))

    def resize(self, limit: int) -> None:
        """Changes the limit (at least 1); those in flight stay."""
        self.limit = max(1, limit)
        self._admit()

    def _admit(self) -> None:
        while self._waiting and self.in_flight < self.limit:
            place = self._waiting.popleft()
            if not place.done():
                self.in_flight += 1
                place.set_result(None)


class Pace:
    """So many units (requests or tokens) a minute, evenly spaced, without bursts."""

    __slots__ = ("_due", "per_s")

    def __init__(self, per_minute: float) -> None:
        self.per_s = per_minute / 60.0
        self._due = float("-inf")

    def delay_s(self, units: float, now: float) -> float:
        """Takes `units` and says how long to wait before using them; callers are spaced in the order they ask."""
        due = max(self._due, now)
        self._due = due + units / self.per_s
        return due - now

    def give_back(self, units: float) -> None:
        """Returns units that were taken and turned out not to be used (negative: more were used)."""
        self._due -= units / self.per_s


async def pause(pace: Pace | None, units: float) -> None:
    """Takes units from a pace and waits until they may be used."""
    if pace is not None:
        wait = pace.delay_s(units, asyncio.get_running_loop().time())
        if wait > 0:
            await asyncio.sleep(wait)
