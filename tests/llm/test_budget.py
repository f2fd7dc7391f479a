"""Money and tokens: what is in flight cannot overrun a cap."""

from __future__ import annotations

import asyncio

import pytest

from datagen_cli.core.chat import Usage
from datagen_cli.core.errors import CapReached
from datagen_cli.llm.budget import Budget, Reservation

HOLD = Reservation(100, 100, 1.0)


async def test_without_caps_nothing_waits() -> None:
    budget = Budget()
    for _ in range(100):
        await budget.reserve(HOLD)


async def test_lack_of_room_waits_for_settlements_before_it_stops() -> None:
    budget = Budget(max_cost=2.5)
    await budget.reserve(HOLD)
    await budget.reserve(HOLD)
    third = asyncio.ensure_future(budget.reserve(HOLD))
    await asyncio.sleep(0)
    assert not third.done()
    budget.settle(HOLD, 20, 0.1)
    await third
    budget.settle(HOLD, 200, 1.0)
    budget.settle(HOLD, 200, 1.0)
    assert budget.cost_usd == pytest.approx(2.1)
    with pytest.raises(CapReached) as raised:
        await budget.reserve(HOLD)
    assert raised.value.exit_code == 4
    assert "max_cost $2.5" in raised.value.message


async def test_those_who_wait_are_told_when_no_settlement_can_help() -> None:
    budget = Budget(max_cost=1.5)
    await budget.reserve(HOLD)
    waiting = [asyncio.ensure_future(budget.reserve(HOLD)) for _ in range(3)]
    await asyncio.sleep(0)
    budget.settle(HOLD, 200, 1.0)
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [CapReached] * 3


async def test_those_who_wait_are_served_in_order() -> None:
    budget, order = Budget(max_tokens=300), []
    await budget.reserve(HOLD)

    async def spend(name: str, reservation: Reservation) -> None:
        await budget.reserve(reservation)
        order.append(name)
        budget.settle(reservation, 0, 0.0)

    tasks = [
        asyncio.ensure_future(spend(n, h))
        for n, h in (("big", Reservation(300, 0, 0.0)), ("small", Reservation(1, 0, 0.0)))
    ]
    await asyncio.sleep(0)
    budget.settle(HOLD, 0, 0.0)
    await asyncio.gather(*tasks)
    assert order == ["big", "small"]


async def test_caps_count_what_earlier_runs_spent() -> None:
    with pytest.raises(CapReached):
        await Budget(max_cost=2.0, spent=Usage(10, 10, 1.5)).reserve(HOLD)
    with pytest.raises(CapReached, match="max_total_tokens 250: 60 used by earlier runs of this folder, the next"):
        await Budget(max_tokens=250, spent=Usage(30, 30, None)).reserve(HOLD)
    budget = Budget(max_tokens=290, spent=Usage(30, 30, None))
    await budget.reserve(HOLD)
    budget.settle(HOLD, 200, None)
    with pytest.raises(CapReached, match="max_total_tokens 290: 260 used, the next"):
        await budget.reserve(HOLD)
    await Budget(max_tokens=260, spent=Usage(30, 30, None)).reserve(HOLD)


async def test_a_cancelled_wait_holds_nothing() -> None:
    budget = Budget(max_tokens=200)
    await budget.reserve(HOLD)
    waiting = asyncio.ensure_future(budget.reserve(HOLD))
    await asyncio.sleep(0)
    budget.settle(HOLD, 0, 0.0)
    waiting.cancel()
    await asyncio.wait([waiting], timeout=600)
    await budget.reserve(HOLD)


async def test_two_hundred_calls_in_flight_stay_under_the_cap() -> None:
    budget, most = Budget(max_cost=10.0), 0.0

    async def call() -> None:
        nonlocal most
        await budget.reserve(HOLD)
        await asyncio.sleep(0)
        budget.settle(HOLD, 200, 1.0)
        most = max(most, budget.cost_usd)

    results = await asyncio.gather(*(call() for _ in range(200)), return_exceptions=True)
    assert most == pytest.approx(10.0)
    assert sum(isinstance(result, CapReached) for result in results) == 190


async def test_no_more_begins_than_the_caps_have_room_for() -> None:
    assert Budget().side_by_side(64) == 64
    budget = Budget(max_tokens=2_000, max_cost=100.0)
    assert (budget.side_by_side(64), budget.side_by_side(4)) == (8, 4)
    await budget.reserve(HOLD)  # 200 tokens and a dollar
    assert budget.side_by_side(64) == 10
    budget.settle(HOLD, 500, 1.0)
    assert budget.side_by_side(64) == 7
    await budget.reserve(HOLD)
    budget.settle(HOLD, 1_500, 1.0)
    assert budget.side_by_side(64) == 1  # which then says that the cap is reached
    assert Budget(max_cost=5.0, spent=Usage(0, 0, 4.0)).side_by_side(64) == 8


async def test_what_costs_nothing_begins_under_a_cap_on_cost_as_without_one() -> None:
    budget, free = Budget(max_cost=1.0), Reservation(100, 100, 0.0)
    await budget.reserve(free)
    assert budget.side_by_side(64) == 64
