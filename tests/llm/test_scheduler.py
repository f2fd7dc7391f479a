"""The scheduler as a whole in virtual time: whole clients against simulated endpoints, minutes in no time."""

from __future__ import annotations

import asyncio
import math
import random

import pytest

from benchmarks.laws import greedy_span
from datagen_cli.config.models import Limits
from datagen_cli.core.errors import CallPending, ProviderError
from datagen_cli.llm.faults import TransportError
from tests.grids import mostly_slow
from tests.llm.asking import question
from tests.llm.simulated import Simulated, ask_all
from tests.llm.virtual import run_virtual


@pytest.mark.parametrize(("units", "in_flight"), mostly_slow([(5000, 500), (3000, 7), (100, 1000)]))
def test_a_heavy_tail_takes_no_longer_than_the_greedy_schedule_of_the_same_draws(units: int, in_flight: int) -> None:
    drawn = random.Random(5)
    world = Simulated(lambda n: 0.2 * math.exp(1.2 * drawn.gauss(0, 1)))
    span_s = run_virtual(world.serve(units, Limits(concurrency=in_flight)))
    assert len(world.sent) == units
    assert world.most_in_flight == min(units, in_flight)
    assert span_s <= 1.001 * greedy_span(world.drawn, in_flight)


def test_nothing_is_kept_of_calls_that_are_over() -> None:
    async def main() -> None:
        world = Simulated(lambda n: 0.1, refuses=lambda n: n % 20 == 0)
        async with world.client(Limits(concurrency=50)) as client:
            await ask_all(client, 2000, 100)
            (channel,) = client._channels.values()
            assert channel.limiter.in_flight == channel.limiter.resting == 0
            assert not channel.limiter._waiting
            assert not channel.health.failing and not channel.health._sleepers
            assert len(asyncio.all_tasks()) == 1

    run_virtual(main())


def test_calls_that_back_off_come_back_as_soon_as_the_endpoint_does() -> None:
    def away(draw: object, now: float) -> Exception | None:
        return TransportError("server", "down", None, 503) if 1.0 <= now < 21.0 else None

    world = Simulated(lambda n: 0.2, fault=away)
    span_s = run_virtual(world.serve(1000, Limits(concurrency=100)))
    assert world.answers == 1000
    assert span_s < 2.0 + 20.0 + 3.0


@pytest.mark.slow
def test_an_endpoint_that_is_away_for_the_patience_ends_the_run() -> None:
    def gone(draw: object, now: float) -> Exception | None:
        return TransportError("dropped", "gone", sent=False) if now >= 1.0 else None

    world = Simulated(lambda n: 0.2, fault=gone)
    with pytest.raises(ProviderError, match="nothing has answered for 300 s"):
        run_virtual(world.serve(1000, Limits(concurrency=100, patience_s=300.0), deadline_s=900.0))


def test_one_slot_that_is_never_answered_stalls_nobody_and_ends_without_a_reply() -> None:
    async def main() -> tuple[list[object], float]:
        loop = asyncio.get_running_loop()
        world = Simulated()
        world.latency = lambda n: math.inf if n == 500 else 0.2
        async with world.client(Limits(concurrency=100, patience_s=100.0), timeout_s=60.0, deadline_s=300.0) as client:
            ends: list[float] = []

            async def ask(slot: int) -> object:
                try:
                    return await client.ask(question(slot))
                except CallPending as pending:
                    return pending
                finally:
                    ends.append(loop.time())

            world.fault = lambda draw, now: TransportError("timeout", "none") if draw.slot == 500 else None
            found = await asyncio.gather(*(ask(slot) for slot in range(1000)))
            return list(found), sorted(ends)[-2]

    found, others_end = run_virtual(main())
    pending = found[500]
    assert isinstance(pending, CallPending)
    assert pending.no_reply
    assert others_end <= 2.4


def test_an_endpoint_that_hangs_altogether_ends_the_run_although_it_only_times_out() -> None:
    world = Simulated()
    world.latency = lambda n: 0.2 if n < 300 else math.inf
    with pytest.raises(ProviderError, match="nothing has answered for 150 s"):
        run_virtual(world.serve(1000, Limits(concurrency=100, patience_s=150.0), deadline_s=900.0))
