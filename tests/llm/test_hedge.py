"""Asking the slowest calls twice."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.config.models import Limits, Price
from datagen_cli.core.chat import Draw
from datagen_cli.llm.cache import CallCache
from datagen_cli.llm.faults import RequestRefused, TransportError
from datagen_cli.llm.hedge import Hedge
from datagen_cli.llm.limits import ConcurrencyLimiter
from datagen_cli.llm.provider import RawReply
from tests.endpoint import Answer, Endpoint
from tests.llm.asking import asking, model, question
from tests.llm.simulated import Simulated, ask_all
from tests.llm.virtual import run_virtual

HEDGED = Limits(concurrency=100, hedge=True)


def heavy(seed: int = 3) -> Callable[[int], float]:
    drawn = random.Random(seed)
    return lambda n: 0.2 * math.exp(0.8 * drawn.gauss(0, 1))


@pytest.mark.slow
def test_a_heavy_tail_is_cut_and_few_calls_are_asked_twice() -> None:
    def slowest_last(number: int) -> float:
        return 30.0 if number in (400, 990) else latency(number)

    latency = heavy()
    plain = run_virtual(Simulated(slowest_last).serve(1000, Limits(concurrency=100)))
    latency = heavy()
    world = Simulated(slowest_last)
    hedged = run_virtual(world.serve(1000, HEDGED))
    assert plain > 30.0
    assert hedged < 6.0
    assert 2 <= len(world.sent) - 1000 <= 100
    assert world.cancelled == len(world.sent) - 1000
    assert world.most_in_flight <= 100


def test_without_slow_calls_nothing_is_asked_twice() -> None:
    world = Simulated(lambda n: 0.2)
    assert run_virtual(world.serve(1000, HEDGED)) == pytest.approx(2.0)
    assert len(world.sent) == 1000


def test_extra_calls_are_counted_and_paid_at_their_reservation() -> None:
    price = Price(input_per_million=0.0, output_per_million=1e6)  # a reply costs 5, a reservation 100

    async def main() -> tuple[Any, Any]:
        world = Simulated(lambda n: 9.0 if n == 250 else 0.2)
        async with world.client(HEDGED, price=price) as client:
            await ask_all(client, 300, 200)
            return client.totals.all, client._budget

    total, budget = run_virtual(main())
    assert (total.calls, total.hedged, total.lost) == (300, 1, 1)
    assert total.usage.cost_usd == budget.cost_usd == 300 * 5.0 + 100.0
    assert budget._reservations == 0


def test_a_cap_on_cost_holds_for_both_requests_of_a_call() -> None:
    price = Price(input_per_million=0.0, output_per_million=1e6)

    async def main() -> float:
        world = Simulated(heavy())
        limits = Limits(concurrency=20, hedge=True, max_cost=2000.0)
        async with world.client(limits, price=price) as client:
            results = await asyncio.gather(
                *(client.ask(question(n)) for n in range(1000)), return_exceptions=True
            )  # fmt: skip
            assert {type(result).__name__ for result in results} == {"Reply", "CapReached"}
            return client._budget.cost_usd

    assert 1800.0 < run_virtual(main()) <= 2000.0


async def test_one_draw_has_one_reply_in_the_cache_and_it_is_the_one_that_was_given(tmp_path: Path) -> None:
    def script(body: dict[str, Any], attempt: int) -> Answer:
        slow = attempt == 1 and body["messages"][1]["content"] == "write 45"
        return Answer(f"try {attempt}", never=slow)

    with Endpoint(script) as endpoint:
        cache = CallCache(tmp_path / "c.sqlite")
        async with asking(
            model(endpoint, timeout_s=5.0), limits=Limits(concurrency=4, hedge=True), cache=cache
        ) as client:
            replies = [await client.ask(question(n)) for n in range(50)]
            stored = [cache.history(reply.digest) for reply in replies]
            assert client.totals.all.hedged >= 1
    assert replies[45].text == "try 2"
    assert [found[1].text for found in stored if found] == [reply.text for reply in replies]
    assert 51 <= endpoint.count <= 55


class Tries:
    """A first try and its double, each with how long it takes and how it ends."""

    def __init__(self, *ends: tuple[float, Exception | str]) -> None:
        self.ends = list(ends)
        self.ended: list[str] = []

    async def next(self) -> RawReply:
        seconds, outcome = self.ends.pop(0)
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        self.ended.append("done")
        if isinstance(outcome, Exception):
            raise outcome
        return RawReply(outcome)

    async def race(self) -> RawReply:
        hedge = Hedge(ConcurrencyLimiter(10))
        for _ in range(100):
            hedge._note(1.0)
        return await hedge.race(self.next(), self.double)

    def double(self, acquired: Callable[[], None]) -> Coroutine[Any, Any, RawReply]:
        acquired()
        return self.next()


DROPPED = TransportError("dropped", "gone")


@pytest.mark.parametrize(
    ("first", "double", "text", "ended"),
    [
        ((0.5, "first"), (0.0, "unused"), "first", ["done"]),
        ((9.0, "first"), (0.1, "double"), "double", ["done", "cancelled"]),
        ((3.0, "first"), (9.0, "double"), "first", ["done", "cancelled"]),
        ((3.0, "first"), (0.1, DROPPED), "first", ["done", "done"]),
        ((3.0, "first"), (0.1, RequestRefused(400, "no")), "first", ["done", "done"]),
        ((3.0, DROPPED), (9.0, "double"), "double", ["done", "done"]),
    ],
)
def test_the_first_answer_wins_whatever_becomes_of_the_other(
    first: Any, double: Any, text: str, ended: list[str]
) -> None:
    tries = Tries(first, double)
    assert run_virtual(tries.race()).text == text
    assert tries.ended == ended


def test_a_call_that_fails_twice_fails_as_its_first_try_did() -> None:
    with pytest.raises(TransportError, match="gone"):
        run_virtual(Tries((3.0, DROPPED), (4.0, TransportError("server", "oops"))).race())
    with pytest.raises(RequestRefused):
        run_virtual(Tries((3.0, RequestRefused(400, "no")), (9.0, "late")).race())


def test_a_double_that_waits_for_the_place_of_a_call_that_failed_does_not_hold_it_up() -> None:
    def fault(draw: Draw, now: float) -> Exception | None:
        return TransportError("server", "oops") if world.answers == 30 and len(world.sent) == 31 else None

    world = Simulated(lambda n: 3.0 if n == 30 else 0.2, fault=fault)
    run_virtual(world.serve(40, Limits(concurrency=1, hedge=True)))
    assert world.answers == 40
    assert len(world.sent) == 41


def test_a_cancelled_race_cancels_both() -> None:
    async def main() -> list[str]:
        tries = Tries((9.0, "first"), (9.0, "double"))
        task = asyncio.ensure_future(tries.race())
        await asyncio.sleep(2.0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        return tries.ended

    assert run_virtual(main()) == ["cancelled", "cancelled"]
