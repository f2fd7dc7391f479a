"""How many calls an endpoint takes at a time, learned from its 429s.

Each call has a level: how many calls were on the wire when it was sent, itself among them. An endpoint that takes so
many at a time refuses what is sent above that level and answers what is sent below; a random 429 falls on any level.
So the boundary is the level at and above which refusals outnumber the other calls the most, those still unanswered
counted as taken; with a lead of `LEAD` calls it is believed. Random refusals of a twentieth of the calls lead by five
about once in two million times, and then cost one place, not a factor. Where more than half of all calls are
refused (an endpoint that counts by the minute) the limit shrinks by up to a half besides.

A place whose call was refused rests for as long as the endpoint asks, unless most calls are being answered: then the
refusal was a random one, and the place is used by the next call. What was lowered is tried again after a while: one
place more, then two, four, ...; after each failure the while doubles. All steps are O(1) but the search for the
boundary: a pass over the levels, at most one in `SETTLING_S`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from datagen_cli.llm.limits import ConcurrencyLimiter

LEAD = 5
PROBE_LEAD = 2
ENOUGH_ANSWERS = 8
RANDOM_SHARE = 0.25
REST_S = 1.0
FIRST_PROBE_S = 1.0
LONGEST_PROBE_S = 60.0
AGAINST = 8
"""How many answers above the limit before a step up one refusal there outweighs."""
AGED = 4
"""How many calls a place the evidence spans; then older evidence counts half."""

SETTLING_S = 0.05

Permit = tuple[int, int, float]
"""Level and epoch of a call on the wire, and when it was sent."""


def boundary(taken: list[int], refused: list[int]) -> tuple[int, int]:
    """(level, lead): the level at and above which refusals lead the most over calls taken, the lowest of several.

    Both lists are indexed by level. (0, 0) when refusals never lead.
    """
    lead = best = level = 0
    for number in range(len(taken) - 1, 0, -1):
        lead += refused[number] - taken[number]
        if lead > best or (lead == best and best and refused[number]):
            best, level = lead, number
    return level, best


class AdaptiveConcurrency:
    """Narrows and widens a limiter. `sent` before a call goes out; then one of `answered`, `refused` and `ended`.

    `turned` is called after every change of the limit. Levels are counted by what was heard: whoever narrows the limit
    should not send while answers lie unread, or they count as calls on the wire."""

    __slots__ = (
        "_answers", "_before", "_epoch", "_failures", "_judging", "_limiter", "_on_wire", "_probe_at", "_proof",
        "_refusals", "_refused", "_rest_s", "_step", "_taken", "most", "turned",
    )  # fmt: skip

    def __init__(self, limiter: ConcurrencyLimiter) -> None:
        self.most = limiter.limit
        self.turned: Callable[[], None] = lambda: None
        self._limiter = limiter
        self._on_wire = 0
        self._epoch = 0
        self._failures = 0
        self._step = 1
        self._before = 0  # the limit before the probe under way; 0 without one
        self._probe_at = 0.0
        self._taken: list[int] = []
        self._refused: list[int] = []
        self._answers = self._refusals = self._proof = 0
        self._rest_s = REST_S
        self._judging = False
        self._forget()

    @property
    def busy(self) -> bool:
        """Whether calls are on the wire."""
        return self._on_wire > 0

    def sent(self) -> Permit:
        """A call goes out."""
        self._on_wire += 1
        level = min(self._on_wire, self.most)
        self._taken[level] += 1
        return level, self._epoch, asyncio.get_running_loop().time()

    def answered(self, ticket: Permit) -> None:
        """The call had an answer."""
        self._on_wire -= 1
        level, epoch, _ = ticket
        if epoch != self._epoch:
            return
        self._answers += 1
        if self._limiter.resting and not self._before and self._looks_random():
            self._limiter.wake()
        if self._answers > AGED * max(self.most, 64):
            self._age()
        if self._before:
            self._proof += level > self._before
            if self._proof >= max(4, 2 * self._step):
                self._widen()
        elif (
            self._limiter.limit < self.most
            and self._on_wire + 1 >= self._limiter.limit
            and asyncio.get_running_loop().time() >= self._probe_at
        ):
            self._turn(self._limiter.limit + self._step, before=self._limiter.limit)

    def refused(self, ticket: Permit, retry_after_s: float | None) -> None:
        """The call got a 429, which asks to wait so long. To be called before its place is given back."""
        self._on_wire -= 1
        level, epoch, sent_at = ticket
        if epoch != self._epoch:
            return
        self._taken[level] = max(0, self._taken[level] - 1)
        self._refused[level] += 1
        self._refusals += 1
        self._proof -= AGAINST if 0 < self._before < level else 0
        self._rest_s = REST_S if retry_after_s is None else retry_after_s
        if self._is_no_accident(level):
            self._limiter.rest(max(self._rest_s, SETTLING_S))
        if not self._judging:
            self._judging = True
            loop = asyncio.get_running_loop()
            loop.call_later(max(2 * (loop.time() - sent_at), SETTLING_S), self._judge, epoch)

    def ended(self, ticket: Permit) -> None:
        """The call ended in another way, which says nothing about load."""
        self._on_wire -= 1
        level, epoch, _ = ticket
        if epoch == self._epoch and self._taken[level]:
            self._taken[level] -= 1

    def _is_no_accident(self, level: int) -> bool:
        """Whether the place of a refused call rests. While a step up is tried, levels below it were taken before; but
        that may have been luck: a call whose answer lay unread counted as on the wire."""
        if self._before and level <= self._before and self._refusals < LEAD:
            return False
        return (0 < self._before < level) or not self._looks_random()

    def _looks_random(self) -> bool:
        return self._answers >= ENOUGH_ANSWERS and self._refusals <= RANDOM_SHARE * (self._answers + self._refusals)

    def _judge(self, epoch: int) -> None:
        """Looks for a boundary, once what was sent with the first refused call has been refused too."""
        if epoch != self._epoch:
            return
        self._judging = False
        found, lead = boundary(self._taken, self._refused)
        if lead >= (PROBE_LEAD if self._before else LEAD) and self._limiter.limit > 1:
            self._narrow(found - 1)

    def _narrow(self, limit: int) -> None:
        if self._before:
            limit = min(limit, self._before)
            self._failures += 1
        share = self._refusals / max(1, self._refusals + self._answers + self._on_wire)
        if share > 0.5 and not self._before:
            limit = min(limit, math.ceil(self._limiter.limit * (1.0 - share / 2)))
        wait_s = min(LONGEST_PROBE_S, max(FIRST_PROBE_S, self._rest_s) * 2.0 ** min(self._failures, 10))
        self._probe_at = asyncio.get_running_loop().time() + wait_s
        self._step = 1
        self._turn(limit, before=0)

    def _widen(self) -> None:
        """The step up has proved itself: a larger one, or the end of it."""
        self._failures = 0
        self._step *= 2
        if self._limiter.limit < self.most:
            self._turn(min(self.most, self._limiter.limit + self._step), before=self._limiter.limit)
        else:
            self._before = 0

    def _turn(self, limit: int, *, before: int) -> None:
        """Starts a new epoch at another limit: evidence from the old one is void."""
        self._epoch += 1
        self._before = before
        self._forget()
        self._limiter.resize(max(1, limit))
        self.turned()

    def _age(self) -> None:
        self._taken = [count // 2 for count in self._taken]
        self._refused = [count // 2 for count in self._refused]
        self._answers //= 2
        self._refusals //= 2

    def _forget(self) -> None:
        self._taken = [0] * (self.most + 1)
        self._refused = [0] * (self.most + 1)
        self._answers = self._refusals = self._proof = 0
        self._judging = False
