"""The engine's event loop: one event at a time, work that can wait when nothing is ready, and no event lost."""

from __future__ import annotations

import asyncio
import selectors
import socket

import pytest

from datagen_cli.llm.turns import Turns
from datagen_cli.pipeline.engines import selector as selector_module
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.pipeline.engines.selector import OneByOne


def test_events_that_are_ready_together_are_handed_over_one_by_one_and_none_is_lost() -> None:
    pairs = [socket.socketpair() for _ in range(5)]
    with OneByOne(Turns()) as selector:
        for number, (near, far) in enumerate(pairs):
            selector.register(near, selectors.EVENT_READ, number)
            far.send(b"x")
        seen = []
        for _ in pairs:
            [(key, events)] = selector.select(1)
            key.fileobj.recv(1)  # type: ignore[union-attr]
            seen.append(key.data)
            assert events == selectors.EVENT_READ
        assert sorted(seen) == [0, 1, 2, 3, 4]
        assert selector.select(0) == []
    for near, far in pairs:
        near.close()
        far.close()


def test_an_event_of_what_was_unregistered_or_changed_meanwhile_is_left_out() -> None:
    pairs = [socket.socketpair() for _ in range(3)]
    with OneByOne(Turns()) as selector:
        for number, (near, far) in enumerate(pairs):
            selector.register(near, selectors.EVENT_READ, number)
            far.send(b"x")
        [(first, _)] = selector.select(1)
        others = [pair[0] for number, pair in enumerate(pairs) if number != first.data]
        selector.unregister(others[0])
        selector.modify(others[1], selectors.EVENT_WRITE, "changed")
        pairs[first.data][0].recv(1)
        found = [selector.select(0), selector.select(0)]
        assert [event for several in found for event in several if event[1] & selectors.EVENT_READ] == []
    for near, far in pairs:
        near.close()
        far.close()


class Counted(Turns):
    """Turns of which some are due; `asked` counts how often they were asked for."""

    def __init__(self, due: int) -> None:
        super().__init__(when_idle=True)
        self.due, self.asked = due, 0

    def next(self) -> bool:
        self.asked += 1
        self.due -= 1
        return self.due >= 0


def test_idle_work_goes_on_only_where_the_loop_would_wait() -> None:
    near, far = socket.socketpair()
    turns = Counted(5)
    with OneByOne(turns) as selector:
        selector.register(near, selectors.EVENT_READ)
        far.send(b"x")
        assert len(selector.select(None)) == 1
        assert turns.asked == 0
        near.recv(1)
        assert selector.select(0) == []
        assert turns.asked == 0
        assert selector.select(None) == []
        assert turns.asked == 1
    near.close()
    far.close()


def test_work_that_waits_for_its_turn_goes_on_in_the_order_it_came_on_any_loop() -> None:
    async def main(turns: Turns) -> list[int]:
        done: list[int] = []

        async def work(number: int) -> None:
            await turns.take()
            done.append(number)

        await asyncio.gather(*(work(number) for number in range(50)))
        await work(50)
        return done

    engine = LocalEngine()
    assert engine.run(lambda: main(engine.turns)) == list(range(51))
    assert asyncio.run(main(Turns())) == list(range(51))


def test_a_reply_that_comes_meanwhile_goes_before_work_that_waits() -> None:
    order: list[str] = []

    async def main(turns: Turns) -> None:
        near, far = socket.socketpair()
        near.setblocking(False)
        loop = asyncio.get_running_loop()
        loop.add_reader(near, lambda: (near.recv(1), order.append("reply")))

        async def work(number: int) -> None:
            await turns.take()
            order.append(f"work {number}")
            far.send(b"x")

        await asyncio.gather(work(1), work(2), work(3))
        loop.remove_reader(near)
        near.close()
        far.close()

    engine = LocalEngine()
    engine.run(lambda: main(engine.turns))
    assert order[:5] == ["work 1", "reply", "work 2", "reply", "work 3"]


def test_a_task_that_is_cancelled_while_it_waits_loses_nobody_elses_turn() -> None:
    async def main(turns: Turns) -> str:
        first = asyncio.ensure_future(turns.take())
        second = asyncio.ensure_future(turns.take())
        await asyncio.sleep(0)
        first.cancel()
        await second
        return "done"

    engine = LocalEngine()
    assert engine.run(lambda: main(engine.turns)) == "done"
    assert asyncio.run(main(Turns())) == "done"


@pytest.mark.parametrize("together", [False, True])
def test_a_loop_that_only_computes_or_is_asked_to_is_told_of_all_at_once(
    together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [socket.socketpair() for _ in range(3)]
    now = [100.0]
    monkeypatch.setattr(selector_module.time, "monotonic", lambda: now[0])
    turns = Counted(2)
    turns.together = together
    with OneByOne(turns) as selector:
        now[0] += 0.0 if together else 1.0
        for near, far in pairs:
            selector.register(near, selectors.EVENT_READ)
            far.send(b"x")
        assert len(selector.select(0)) == 3
        for near, _ in pairs:
            near.recv(1)
        assert selector.select(None) == []
        assert turns.asked == (1 if together else 3)
    for near, far in pairs:
        near.close()
        far.close()
