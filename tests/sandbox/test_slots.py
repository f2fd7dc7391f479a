"""As many at once as there are slots, and one alone when it asks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from datagen_cli.sandbox.slots import Slots, core_count


def test_there_is_a_core() -> None:
    assert core_count() >= 1


def test_no_more_run_at_once_than_there_are_slots() -> None:
    slots, running, most, lock = Slots(3), 0, 0, threading.Lock()
    together = threading.Barrier(3)

    def work(_: int) -> None:
        nonlocal running, most
        with slots.one():
            with lock:
                running += 1
                most = max(most, running)
            together.wait(600)
            with lock:
                running -= 1

    with ThreadPoolExecutor(9) as pool:
        list(pool.map(work, range(9)))
    assert most == 3


def test_one_alone_waits_for_the_others_and_is_not_overtaken() -> None:
    slots, order, inside, go = Slots(2), [], threading.Event(), threading.Event()

    def first() -> None:
        with slots.one():
            inside.set()
            go.wait(600)
            order.append("first")

    def alone() -> None:
        with slots.all():
            order.append("alone")

    def late() -> None:
        with slots.one():
            order.append("late")

    threads = [threading.Thread(target=first)]
    threads[0].start()
    assert inside.wait(600)
    threads.append(threading.Thread(target=alone))
    threads[1].start()
    tick = threading.Event()
    while not slots._alone_waiting:  # the one alone asks before the late one does
        tick.wait(0.001)
    threads.append(threading.Thread(target=late))
    threads[2].start()
    go.set()
    for thread in threads:
        thread.join(600)
    assert order == ["first", "alone", "late"]


def test_an_error_inside_gives_the_slot_back() -> None:
    slots = Slots(1)
    for take in (slots.one, slots.all, slots.one):
        try:
            with take():
                raise RuntimeError
        except RuntimeError:
            pass
    with slots.all():
        assert slots._free == 0
