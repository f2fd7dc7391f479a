"""How many calls are in flight, and how fast they are sent. Time is read from the event loop only.

`ConcurrencyLimiter` admits calls first come, first served; calls that try again or mend a record go before new ones.
Its limit starts at `limits.concurrency`, and `AdaptiveConcurrency` lowers and raises it. `RateLimiter` spreads requests
or tokens over a minute (the virtual scheduling of GCRA: one number, no queue).
"""

from __future__ import annotations

import asyncio
from collections import deque

from datagen_cli.core.errors import CallPending

HALTED = "the run is stopping"


class ConcurrencyLimiter:
    """At most `limit` holders at a time. `resting` places are out of use for a while; `close_for` admits nobody."""

    __slots__ = ("_closed_until", "_halted", "_rests", "_waiting", "in_flight", "limit", "resting")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_flight = 0
        self.resting = 0
        self._rests = 0
        self._closed_until = float("-inf")
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._halted = False

    @property
    def spare(self) -> bool:
        """Whether a newcomer would be let in at once."""
        return not self._waiting and self._open and self.in_flight + self.resting < self.limit

    async def enter(self, *, again: bool = False) -> None:
        """Waits for a place. `again` puts a call that was sent before, or mends a record, at the head of the queue.

        Raises `CallPending` once the limiter is halted.
        """
        if self._halted:
            raise CallPending(HALTED)
        if self.spare:
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
        if self.halted:  # since the place was given
            self.leave()
            raise CallPending(HALTED)

    def leave(self) -> None:
        self.in_flight -= 1
        self._admit()

    @property
    def halted(self) -> bool:
        return self._halted

    def halt(self) -> None:
        """Lets nobody in any more; those who hold a place keep it."""
        self._halted = True
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_exception(CallPending(HALTED))

    def resize(self, limit: int) -> None:
        """Changes the limit (at least 1); those in flight stay, resting places are no longer counted."""
        self.limit = max(1, limit)
        self.wake()

    def rest(self, seconds: float) -> None:
        """Takes a place out of use for so long."""
        if seconds > 0:
            self.resting += 1
            asyncio.get_running_loop().call_later(seconds, self._rested, self._rests)

    def wake(self) -> None:
        self.resting = 0
        self._rests += 1
        self._admit()

    def closed_s(self, now: float) -> float:
        """For how many seconds nobody is admitted yet."""
        return max(0.0, self._closed_until - now)

    def close_for(self, seconds: float) -> None:
        """Admits nobody for so long; a longer closure wins."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if seconds > 0 and until > self._closed_until:
            self._closed_until = until
            loop.call_at(until, self._reopen, until)

    @property
    def _open(self) -> bool:
        return self._closed_until == float("-inf")

    def _reopen(self, until: float) -> None:
        if until >= self._closed_until:
            self._closed_until = float("-inf")
            self._admit()

    def _rested(self, rests: int) -> None:
        if rests == self._rests and self.resting:
            self.resting -= 1
            self._admit()

    def _admit(self) -> None:
        while self._waiting and self._open and self.in_flight + self.resting < self.limit:
            place = self._waiting.popleft()
            if not place.done():
                self.in_flight += 1
                place.set_result(None)


class RateLimiter:
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


async def pause(pace: RateLimiter | None, units: float) -> None:
    """Takes units from a pace and waits until they may be used."""
    if pace is not None:
        wait = pace.delay_s(units, asyncio.get_running_loop().time())
        if wait > 0:
            await asyncio.sleep(wait)
