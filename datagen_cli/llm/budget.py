"""Money and tokens: reserved before a call is sent, settled after it, so that calls in flight cannot overrun a cap.

A reservation is the most that the call can use. A call for which there is no room waits until others have settled;
only when nothing is in flight and there is still no room is the cap reached.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from datagen_cli.core.chat import Usage
from datagen_cli.core.errors import CapReached

TINY_USD = 1e-12
FIRST = 8
"""How many may begin under a cap before it is known what a call reserves."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one call may use at most; `cost_usd` is 0 where no price is known (then there is no `max_cost` either)."""

    tokens_in: int
    tokens_out: int
    cost_usd: float

    @property
    def tokens(self) -> int:
        """Tokens in both directions."""
        return self.tokens_in + self.tokens_out


class Budget:
    """The caps of a run folder. `spent` is what earlier runs of the folder used."""

    def __init__(
        self, max_cost: float | None = None, max_tokens: int | None = None, spent: Usage | None = None
    ) -> None:
        start = spent or Usage()
        self.max_cost = max_cost
        self.max_tokens = max_tokens
        self.cost_usd = start.cost_usd or 0.0
        self.tokens = start.tokens_in + start.tokens_out
        self._before = (self.cost_usd, self.tokens)
        self._held_usd = 0.0
        self._held_tokens = 0
        self._reservations = 0
        self._all = self._all_tokens = 0
        self._all_usd = 0.0
        self._waiting: deque[tuple[Reservation, asyncio.Future[None]]] = deque()

    def side_by_side(self, most: int) -> int:
        """How many things may be under way, at most `most`, so that what is left under the caps has room for a call of
        each: more would pay for beginnings that nothing is left to finish."""
        if self.max_cost is None and self.max_tokens is None:
            return most
        if not self._all:
            return min(most, FIRST)
        rooms = [most]
        if self.max_tokens is not None and self._all_tokens:
            rooms.append(int((self.max_tokens - self.tokens) * self._all / self._all_tokens))
        if self.max_cost is not None and self._all_usd:
            rooms.append(int((self.max_cost - self.cost_usd) * self._all / self._all_usd))
        return max(1, min(rooms))

    async def reserve(self, reservation: Reservation, *, patient: bool = True) -> None:
        """Waits for room and takes it. Raises `CapReached` when no settlement can make room any more, or at once where
        one takes hours, so that nobody is `patient`."""
        if not self._waiting and self._fits(reservation):
            self._take(reservation)
            return
        if not self._reservations or not patient:
            raise self._reached(reservation)
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((reservation, place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self.settle(reservation, 0, 0.0)
            raise

    def settle(self, reservation: Reservation, tokens: int, cost_usd: float | None) -> None:
        """Ends a reservation with what was used: nothing for a call that never ran, all of it for one that was lost."""
        self._reservations -= 1
        self._held_usd = self._held_usd - reservation.cost_usd if self._reservations else 0.0
        self._held_tokens -= reservation.tokens
        self.cost_usd += cost_usd or 0.0
        self.tokens += tokens
        while self._waiting:
            wanted, place = self._waiting[0]
            if place.done():
                self._waiting.popleft()
            elif self._fits(wanted):
                self._waiting.popleft()
                self._take(wanted)
                place.set_result(None)
            elif not self._reservations:
                self._waiting.popleft()
                place.set_exception(self._reached(wanted))
            else:
                return

    def _take(self, reservation: Reservation) -> None:
        self._reservations += 1
        self._held_usd += reservation.cost_usd
        self._held_tokens += reservation.tokens
        self._all += 1
        self._all_usd += reservation.cost_usd
        self._all_tokens += reservation.tokens

    def _fits(self, reservation: Reservation) -> bool:
        if (
            self.max_cost is not None
            and self.cost_usd + self._held_usd + reservation.cost_usd > self.max_cost + TINY_USD
        ):
            return False
        return self.max_tokens is None or self.tokens + self._held_tokens + reservation.tokens <= self.max_tokens

    def _reached(self, reservation: Reservation) -> CapReached:
        before = any(self._before) and self._before == (self.cost_usd, self.tokens)
        earlier = " by earlier runs of this folder" if before else ""
        if self.max_tokens is not None and self.tokens + reservation.tokens > self.max_tokens:
            return CapReached(
                f"max_total_tokens {self.max_tokens:,}: {self.tokens:,} used{earlier}, "
                f"the next call may need {reservation.tokens:,}",
                hint="raise it with --max-total-tokens and run the same command again; everything is kept",
            )
        return CapReached(
            f"max_cost ${self.max_cost:g}: ${self.cost_usd:.4f} spent{earlier}, "
            f"and the next call may cost ${reservation.cost_usd:.4f}",
            hint="raise it with --max-cost and run the same command again; everything is kept",
        )
