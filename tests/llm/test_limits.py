"""Places and paces."""

from __future__ import annotations

import asyncio

import pytest

from datagen_cli.core.errors import CallPending
from datagen_cli.llm.limits import ConcurrencyLimiter, RateLimiter, pause
from tests.llm.virtual import run_virtual


async def test_no_more_than_the_limit_are_inside_and_the_order_is_kept() -> None:
    limiter, order, most = ConcurrencyLimiter(3), [], 0

    async def visit(n: int) -> None:
        nonlocal most
        await limiter.enter()
        most = max(most, limiter.in_flight)
        order.append(n)
        await asyncio.sleep(0)
        limiter.leave()

    await asyncio.gather(*(visit(n) for n in range(20)))
    assert (most, order, limiter.in_flight) == (3, list(range(20)), 0)


async def test_a_call_that_tries_again_goes_first() -> None:
    limiter, order = ConcurrencyLimiter(1), []

    async def visit(name: str, again: bool) -> None:
        await limiter.enter(again=again)
        order.append(name)
        limiter.leave()

    await limiter.enter()
    tasks = [asyncio.ensure_future(visit("new", False)), asyncio.ensure_future(visit("again", True))]
    await asyncio.sleep(0)
    limiter.leave()
    await asyncio.gather(*tasks)
    assert order == ["again", "new"]


async def test_a_cancelled_wait_takes_no_place() -> None:
    limiter = ConcurrencyLimiter(1)
    await limiter.enter()
    early, late = asyncio.ensure_future(limiter.enter()), asyncio.ensure_future(limiter.enter())
    await asyncio.sleep(0)
    limiter.leave()
    early.cancel()  # it was let in already, in this very tick
    await asyncio.wait([early, late], timeout=600)
    assert early.cancelled() and late.done() and not late.cancelled()
    limiter.leave()
    assert limiter.in_flight == 0


async def test_a_gate_can_be_widened_and_narrowed() -> None:
    limiter = ConcurrencyLimiter(1)
    tasks = [asyncio.ensure_future(limiter.enter()) for _ in range(4)]
    await asyncio.sleep(0)
    limiter.resize(3)
    assert limiter.in_flight == 3
    limiter.resize(0)
    assert limiter.limit == 1
    for _ in range(3):
        limiter.leave()
    await asyncio.gather(*tasks)
    assert limiter.in_flight == 1


def test_a_pace_spaces_calls_evenly_in_the_order_they_ask() -> None:
    pace = RateLimiter(60)
    assert [pace.delay_s(1, 100.0) for _ in range(3)] == [0.0, 1.0, 2.0]
    assert pace.delay_s(1, 200.0) == 0.0


def test_what_was_not_used_is_given_back() -> None:
    pace = RateLimiter(60)
    pace.delay_s(30, 0.0)
    pace.give_back(20)
    assert pace.delay_s(1, 0.0) == 10.0


def test_a_paused_caller_waits_on_the_loops_clock() -> None:
    async def main() -> list[float]:
        pace, times = RateLimiter(30), []
        for _ in range(3):
            await pause(pace, 1)
            times.append(asyncio.get_running_loop().time())
        await pause(None, 1)
        return times

    assert run_virtual(main()) == [0.0, 2.0, 4.0]


async def test_a_halted_gate_lets_nobody_in_and_keeps_those_who_hold_a_place() -> None:
    limiter = ConcurrencyLimiter(1)
    await limiter.enter()
    waiting = asyncio.ensure_future(limiter.enter())
    await asyncio.sleep(0)
    limiter.halt()
    with pytest.raises(CallPending):
        await waiting
    with pytest.raises(CallPending):
        await limiter.enter()
    assert limiter.in_flight == 1
    limiter.leave()
    assert limiter.in_flight == 0


def test_a_resting_place_is_not_used_until_its_rest_is_over_or_ended() -> None:
    async def main() -> list[float]:
        loop, limiter, times = asyncio.get_running_loop(), ConcurrencyLimiter(2), []

        async def visit() -> None:
            await limiter.enter()
            times.append(loop.time())
            await asyncio.sleep(1)
            limiter.leave()

        limiter.rest(1.5)
        tasks = [asyncio.ensure_future(visit()) for _ in range(6)]
        await asyncio.sleep(2.0)
        limiter.rest(100.0)
        await asyncio.sleep(1.75)
        limiter.wake()
        await asyncio.gather(*tasks)
        return times

    assert run_virtual(main()) == [0.0, 1.0, 1.5, 2.5, 3.5, 3.75]


def test_a_closed_gate_opens_after_the_longest_closure() -> None:
    async def main() -> list[float]:
        loop, limiter, times = asyncio.get_running_loop(), ConcurrencyLimiter(2), []

        async def visit() -> None:
            await limiter.enter()
            times.append(loop.time())
            limiter.leave()

        limiter.close_for(5.0)
        limiter.close_for(2.0)
        assert not limiter.spare
        await asyncio.gather(visit(), visit())
        assert limiter.spare
        return times

    assert run_virtual(main()) == [5.0, 5.0]
