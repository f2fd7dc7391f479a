"""The engine's event loop: one event at a time, work that can wait when nothing is ready, and no event lost."""

from __future__ import annotations

import asyncio
import gc
import selectors
import socket
import threading
import weakref
from collections.abc import Iterator

import pytest

from datagen_cli.llm.deferred_work import DeferredWork
from datagen_cli.pipeline.engines import selector as selector_module
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.pipeline.engines.selector import Collector, OneByOne


def test_events_that_are_ready_together_are_handed_over_one_by_one_and_none_is_lost() -> None:
    pairs = [socket.socketpair() for _ in range(5)]
    with OneByOne(DeferredWork()) as selector:
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
    with OneByOne(DeferredWork()) as selector:
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


class Counted(DeferredWork):
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
    async def main(deferred: DeferredWork) -> list[int]:
        done: list[int] = []

        async def work(number: int) -> None:
            await deferred.take()
            done.append(number)

        await asyncio.gather(*(work(number) for number in range(50)))
        await work(50)
        return done

    engine = LocalEngine()
    assert engine.run(lambda: main(engine.deferred)) == list(range(51))
    assert asyncio.run(main(DeferredWork())) == list(range(51))


def test_a_reply_that_comes_meanwhile_goes_before_work_that_waits() -> None:
    order: list[str] = []

    async def main(deferred: DeferredWork) -> None:
        near, far = socket.socketpair()
        near.setblocking(False)
        loop = asyncio.get_running_loop()
        loop.add_reader(near, lambda: (near.recv(1), order.append("reply")))

        async def work(number: int) -> None:
            await deferred.take()
            order.append(f"work {number}")
            far.send(b"x")

        await asyncio.gather(work(1), work(2), work(3))
        loop.remove_reader(near)
        near.close()
        far.close()

    engine = LocalEngine()
    engine.run(lambda: main(engine.deferred))
    assert order[:5] == ["work 1", "reply", "work 2", "reply", "work 3"]


def test_a_task_that_is_cancelled_while_it_waits_loses_nobody_elses_turn() -> None:
    async def main(deferred: DeferredWork) -> str:
        first = asyncio.ensure_future(deferred.take())
        second = asyncio.ensure_future(deferred.take())
        await asyncio.sleep(0)
        first.cancel()
        await second
        return "done"

    engine = LocalEngine()
    assert engine.run(lambda: main(engine.deferred)) == "done"
    assert asyncio.run(main(DeferredWork())) == "done"


@pytest.mark.parametrize("together", [False, True])
def test_a_loop_that_only_computes_or_is_asked_to_is_told_of_all_at_once(
    together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [socket.socketpair() for _ in range(3)]
    now = [100.0]
    monkeypatch.setattr(selector_module.time, "monotonic", lambda: now[0])  # type: ignore[attr-defined]
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


class Waiting(Counted):
    """As many tasks wait as are due."""

    @property
    def waiting(self) -> int:
        return max(0, self.due)


class Asked:
    """A collector that always has something to do."""

    due = True

    def __init__(self) -> None:
        self.collected = 0

    def collect(self) -> None:
        self.collected += 1


def test_a_crowd_of_replies_goes_before_work_that_waits_even_where_it_has_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selector_module, "QUIET_S", 20.0)
    near, far = socket.socketpair()
    turns = Waiting(2)
    turns.enough = 3
    with OneByOne(turns) as selector:
        selector.register(near, selectors.EVENT_READ)
        sender = threading.Timer(0.02, far.send, (b"x",))
        sender.start()
        assert len(selector.select(None)) == 1
        assert turns.asked == 0
        sender.join()
    near.close()
    far.close()


def test_after_a_quiet_moment_all_that_waits_goes_on_until_the_next_reply() -> None:
    near, far = socket.socketpair()
    turns, collector = Waiting(2), Asked()
    turns.enough = 3
    with OneByOne(turns, collector) as selector:  # type: ignore[arg-type]
        selector.register(near, selectors.EVENT_READ)
        assert selector.select(None) == []
        assert (turns.due, collector.collected) == (1, 0)
        assert selector.select(None) == []
        assert (turns.due, collector.collected) == (0, 0)
        far.send(b"x")
        assert len(selector.select(None)) == 1
        assert collector.collected == 0
        near.recv(1)
        assert selector.select(None) == []
        assert collector.collected == 1
    near.close()
    far.close()


def test_once_enough_tasks_wait_they_go_on_without_a_quiet_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selector_module, "QUIET_S", 20.0)
    turns = Waiting(3)
    turns.enough = 3
    with OneByOne(turns) as selector:
        assert selector.select(None) == []
        assert turns.due == 2


def test_the_collector_frees_cycles_when_it_is_due_and_leaves_alone_what_was_there(thresholds: None) -> None:
    class Node:
        def __init__(self) -> None:
            self.me = self

    old = Node()
    gone = weakref.ref(old)
    collector = Collector()
    collector.start()
    assert not collector.due
    del old
    several = [Node() for _ in range(3000)]
    assert collector.due
    fresh = weakref.ref(several[0])
    del several
    collector.collect()
    assert fresh() is None
    assert gone() is not None
    assert not collector.due


@pytest.fixture
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()
