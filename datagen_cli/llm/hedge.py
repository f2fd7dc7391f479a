"""Hedging (Dean and Barroso, The Tail at Scale, 2013): the slowest calls are asked twice, the first answer counts.

A call is slow when it takes longer than 95 of 100 calls so far. While places are free it gets a second request then;
while all are taken, which a second request would take from a call that has not been sent yet, only when it is three
times as slow. At most a tenth of the calls are asked twice. The loser is cancelled; what it may have cost is settled at
its reservation. Off by default: it costs about 0.1 CPU ms a call, and money.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from datagen_cli.llm.faults import TransportError
from datagen_cli.llm.limits import ConcurrencyLimiter
from datagen_cli.llm.provider import RawReply

QUANTILE = 0.95
ALL_TAKEN_FACTOR = 3.0
MOST_SHARE = 0.1
FEWEST = 20
REMEMBERED = 512
POLL_S = 0.25
TICK_S = 0.001

Try = Coroutine[Any, Any, RawReply]


class Hedge:
    """Latencies of one endpoint and model, and the race of two requests. `extra` counts second requests."""

    __slots__ = ("_latencies", "_limiter", "_sorted", "calls", "extra")

    def __init__(self, limiter: ConcurrencyLimiter) -> None:
        self._limiter = limiter
        self._latencies: deque[float] = deque()
        self._sorted: list[float] = []
        self.calls = 0
        self.extra = 0

    @property
    def slow_s(self) -> float | None:
        """Seconds after which a call is slow; None while too few are known (twice as many as there are places)."""
        if self.calls < max(FEWEST, 2 * self._limiter.limit):
            return None
        return self._sorted[int(QUANTILE * (len(self._sorted) - 1))]

    async def race(self, first: Try, second: Callable[[Callable[[], None]], Try]) -> RawReply:
        """The reply of the first try, or of its double, whichever comes first.

        `second` makes the double once the first try is slow. The double calls the function that it is given as soon as
        it has a place under the concurrency limit. A double that fails changes nothing. When the first try fails, the
        double's reply is waited for only if the double has its place: without one it could be waiting for the place
        that the first try still holds.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        original: asyncio.Task[RawReply] = loop.create_task(first)
        double: asyncio.Task[RawReply] | None = None
        acquired = asyncio.Event()
        try:
            while True:
                racing = [task for task in (original, double) if task is not None and not task.done()]
                wait_s = None if double is not None else self._wait_s(loop.time() - started)
                done, _ = await asyncio.wait(racing, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    if double is None and self._is_due(loop.time() - started):
                        self.extra += 1
                        double = loop.create_task(second(acquired.set))
                    continue
                winner = _winner(original, double, acquired.is_set())
                if winner is not None:
                    if winner is double or winner.exception() is None:
                        self._note(loop.time() - started)
                    return winner.result()
        finally:
            await _end(original, double)

    def _wait_s(self, age_s: float) -> float:
        slow_s = self.slow_s
        if slow_s is None:
            return POLL_S
        return max(TICK_S, slow_s - age_s if age_s < slow_s else slow_s / 4)

    def _is_due(self, age_s: float) -> bool:
        slow_s = self.slow_s
        if slow_s is None or self.extra >= MOST_SHARE * self.calls:
            return False
        return age_s >= (slow_s if self._limiter.spare else ALL_TAKEN_FACTOR * slow_s)

    def _note(self, latency_s: float) -> None:
        self.calls += 1
        self._latencies.append(latency_s)
        insort(self._sorted, latency_s)
        if len(self._latencies) > REMEMBERED:
            del self._sorted[bisect_left(self._sorted, self._latencies.popleft())]


def _winner(
    original: asyncio.Task[RawReply], double: asyncio.Task[RawReply] | None, acquired: bool
) -> asyncio.Task[RawReply] | None:
    """The task whose outcome counts; None while that is open. `acquired`: the double has a place."""
    if double is not None and double.done() and not double.cancelled() and double.exception() is None:
        return double
    if not original.done():
        return None
    open_double = double is not None and not double.done()
    if open_double and acquired and not original.cancelled() and isinstance(original.exception(), TransportError):
        return None
    return original


async def _end(*tasks: asyncio.Task[RawReply] | None) -> None:
    """Cancels what still runs, and waits until its place and its money are given back."""
    left = [task for task in tasks if task is not None]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
