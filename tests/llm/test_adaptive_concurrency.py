"""How many calls go out at a time when an endpoint answers 429: whole clients against simulated endpoints."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from datagen_cli.config.models import Limits
from datagen_cli.core.chat import Draw, Request
from datagen_cli.core.errors import CallPending, ProviderError
from datagen_cli.llm.adaptive_concurrency import AdaptiveConcurrency, Permit, boundary
from datagen_cli.llm.faults import AuthRefused
from datagen_cli.llm.limits import ConcurrencyLimiter
from tests.grids import mostly_slow
from tests.llm.simulated import MESSAGES, Simulated, ask_all
from tests.llm.virtual import run_virtual


def serve(world: Simulated, units: int, concurrency: int = 100, **more: Any) -> float:
    """The span of so many units, in virtual seconds."""
    return run_virtual(world.serve(units, Limits(concurrency=concurrency), **more))


def sometimes(share: float) -> Any:
    """Refuses this share of all calls, whatever the load."""
    drawn = random.Random(1)
    return lambda n: drawn.random() < share


def test_the_boundary_is_where_refusals_lead_the_most() -> None:
    assert boundary([0, 1, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]) == (4, 2)
    assert boundary([0, 1, 1, 1, 1, 1], [0, 0, 1, 0, 0, 0]) == (0, 0)
    assert boundary([0, 1, 0, 9], [0, 1, 1, 3]) == (0, 0)
    assert boundary([0], [0]) == (0, 0)


def test_an_endpoint_that_takes_fifty_at_a_time_gets_fifty_and_refuses_few_more() -> None:
    world = Simulated(capacity=50)
    assert serve(world, 5000) <= 20.0 * 1.02
    assert len(world.refused) < 75
    assert sum(at > 1.0 for at in world.refused) < 20


def test_more_429s_than_answers_narrow_what_is_sent_at_once() -> None:
    world = Simulated(lambda n: 0.02, capacity=5, retry_after_s=0.1)

    async def main() -> int:
        async with world.client(Limits(concurrency=40)) as client:
            await ask_all(client, 200, 40)
            return next(iter(client._channels.values())).limiter.limit

    assert run_virtual(main()) <= 20
    assert len(world.sent) < 800  # 1,600 were all forty sent again and again


@pytest.mark.slow
@pytest.mark.parametrize("retry_after_s", [None, 0.0, 20.0])
def test_the_boundary_is_found_whatever_the_endpoint_asks_for(retry_after_s: float | None) -> None:
    world = Simulated(capacity=50, retry_after_s=retry_after_s)
    assert serve(world, 5000) <= 23.0
    assert len(world.refused) < 120


@pytest.mark.parametrize(("share", "most_s"), mostly_slow([(0.05, 5.5), (0.1, 8.0), (0.2, 10.0)]))
def test_random_429s_do_not_lower_the_concurrency(share: float, most_s: float) -> None:
    world = Simulated(refuses=sometimes(share))
    span_s = serve(world, 2000)
    assert world.most_in_flight == 100
    assert span_s < most_s  # 4 s of work; a call that is refused thrice waits for 3 s
    answered_by_then = sum(at <= 4.0 / (1 - share) for at in world.sent) - len(world.refused)
    assert answered_by_then > 0.9 * 2000 or share > 0.1


def test_random_429s_on_top_of_a_boundary_do_not_hide_it() -> None:
    world = Simulated(capacity=50, refuses=sometimes(0.05))
    assert serve(world, 1000) < 7.0
    assert len(world.refused) < 180


def test_an_endpoint_that_counts_by_the_second_is_not_flooded() -> None:
    world = Simulated(per_s=10)
    assert serve(world, 300) < 33.0
    assert len(world.refused) < 200


@pytest.mark.slow
def test_places_come_back_when_the_endpoint_takes_more() -> None:
    world = Simulated(capacity=50)

    def latency(number: int) -> float:
        if number > 3000:
            world.capacity = 100
        return 0.2

    world.latency = latency
    assert serve(world, 10_000) < 33.0  # 12 s at 50, then 14 s at 100
    assert world.most_in_flight == 100


def test_one_place_is_left_when_everything_is_refused() -> None:
    world = Simulated(capacity=50)

    async def main() -> Sequence[float]:
        async def recover() -> None:
            await asyncio.sleep(30)
            world.capacity = 50

        world.capacity = -1
        mended = asyncio.ensure_future(recover())
        await world.serve(500, Limits(concurrency=50))
        await mended
        return world.refused

    refused = run_virtual(main())
    assert sum(10 < at < 30 for at in refused) < 60
    assert max(world.sent) < 50


def test_x_ratelimit_headers_stop_the_sending_until_the_reset() -> None:
    def headers(number: int) -> dict[str, str]:
        return {"x-ratelimit-remaining-requests": str(max(0, 99 - number)), "x-ratelimit-reset-requests": "30s"}

    world = Simulated(headers=headers)
    serve(world, 150, concurrency=10)
    late = [at for at in world.sent if at > 10]
    assert len(world.sent) == 150
    assert 100 <= 150 - len(late) <= 110
    assert min(late) >= 30.0


def test_requests_per_minute_are_kept_without_a_single_429() -> None:
    world = Simulated(per_s=10)
    span_s = serve(world, 300, requests_per_minute=600.0)
    assert len(world.refused) == 0
    assert 29.0 <= span_s < 31.0


def test_tokens_per_minute_are_kept_by_what_the_endpoint_counts() -> None:
    world = Simulated()
    span_s = serve(world, 300, concurrency=4, tokens_per_minute=15 * 600.0)  # each call uses 15
    assert 25.0 < span_s < 45.0


def test_a_quota_of_the_day_that_is_spent_ends_the_run() -> None:
    world = Simulated(capacity=-1, retry_after_s=3600.0)
    with pytest.raises(ProviderError, match="the quota is spent"):
        serve(world, 10)


def test_a_call_sent_before_the_last_change_says_nothing() -> None:
    async def main() -> int:
        gate = ConcurrencyLimiter(20)
        width = AdaptiveConcurrency(gate)
        permits = [width.sent() for _ in range(20)]
        for ticket in permits[10:]:
            width.refused(ticket, 0.0)
        await asyncio.sleep(0.1)
        assert gate.limit == 10
        for ticket in permits[:10]:
            width.refused(ticket, 0.0)
        await asyncio.sleep(0.1)
        return gate.limit

    assert run_virtual(main()) == 10


async def one_step_up() -> tuple[ConcurrencyLimiter, AdaptiveConcurrency, list[Permit]]:
    """A gate that was narrowed to ten and tries eleven, with eleven calls on the wire."""
    gate = ConcurrencyLimiter(20)
    width = AdaptiveConcurrency(gate)
    permits = [width.sent() for _ in range(20)]
    for ticket in permits[10:]:
        width.refused(ticket, 0.0)
    await asyncio.sleep(2)
    width.answered(permits[0])  # old, and says nothing
    permits = [*permits[1:10], width.sent()]
    width.answered(permits.pop())
    assert gate.limit == 11
    permits += [width.sent(), width.sent()]
    return gate, width, permits


def answer(width: AdaptiveConcurrency, permits: list[Permit], calls: int) -> None:
    """The calls sent last are answered, each followed by another."""
    for _ in range(calls):
        width.answered(permits.pop())
        permits.append(width.sent())


def test_a_step_up_that_was_taken_by_luck_does_not_flood_the_endpoint() -> None:
    async def main() -> tuple[int, int, int]:
        gate, width, permits = await one_step_up()
        answer(width, permits, 4)
        assert gate.limit == 13  # eleven were taken four times
        refused = 0
        while gate.resting < 2 and refused < 50:
            width.refused(permits.pop(), 1.0)
            refused += 1
            permits.append(width.sent())
        return gate.limit, gate.resting, refused

    assert run_virtual(main()) == (13, 2, 6)


def test_a_step_up_with_a_refusal_above_is_not_proved_by_a_few_answers() -> None:
    async def main() -> int:
        gate, width, permits = await one_step_up()
        width.refused(permits.pop(), 1.0)
        permits.append(width.sent())
        answer(width, permits, 7)
        assert gate.limit == 11
        answer(width, permits, 5)
        return gate.limit

    assert run_virtual(main()) == 13


def test_other_faults_change_nothing() -> None:
    async def main() -> int:
        gate = ConcurrencyLimiter(20)
        width = AdaptiveConcurrency(gate)
        for ticket in [width.sent() for _ in range(20)]:
            width.ended(ticket)
        await asyncio.sleep(1)
        return gate.limit

    assert run_virtual(main()) == 20


def test_a_call_that_waits_for_its_pace_is_not_sent_once_a_fault_has_ended_the_run() -> None:
    world = Simulated(fault=lambda draw, now: AuthRefused(401, "no such key"))

    async def main() -> list[Any]:
        async with world.client(Limits(concurrency=4), requests_per_minute=30.0) as client:
            asked = (client.ask(Request("generator", MESSAGES, Draw(slot, 1, "generate"))) for slot in range(4))
            return list(await asyncio.gather(*asked, return_exceptions=True))

    found = run_virtual(main())
    assert [type(error) for error in found] == [ProviderError, CallPending, CallPending, CallPending]
    assert len(world.sent) == 1
