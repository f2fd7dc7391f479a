"""The thread behind a local model: its order, its errors, and an end that waits for nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import Any

import pytest

from datagen_cli.llm.local.worker import Worker


async def test_work_is_done_in_order_and_errors_come_back() -> None:
    worker = Worker("test")
    done: list[Any] = []

    def fails() -> None:
        done.append("fails")
        raise KeyError("x")

    found = await asyncio.gather(
        worker.run(lambda: done.append(1)), worker.run(fails), worker.run(lambda: 3), return_exceptions=True
    )
    worker.close()
    assert done == [1, "fails"]
    assert (found[0], type(found[1]), found[2]) == (None, KeyError, 3)


async def test_closing_waits_for_nothing_and_drops_what_has_not_begun() -> None:
    worker, begun, go = Worker("test"), threading.Event(), threading.Event()
    first = asyncio.create_task(worker.run(lambda: (begun.set(), go.wait())))
    second = asyncio.create_task(worker.run(lambda: pytest.fail("was begun")))
    await asyncio.to_thread(begun.wait)
    worker.close()
    worker.close()
    assert not first.done()
    go.set()
    await first
    with pytest.raises(asyncio.CancelledError):
        await second
    with pytest.raises(asyncio.CancelledError):
        await worker.run(lambda: 1)


def test_the_interpreter_does_not_wait_for_work_under_way() -> None:
    code = """
import asyncio, threading
from datagen_cli.llm.local.worker import Worker
async def main():
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    def load():
        loop.call_soon_threadsafe(begun.set)
        threading.Event().wait()
    worker = Worker("test")
    task = asyncio.create_task(worker.run(load))
    await begun.wait()
    raise KeyboardInterrupt
asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", code], timeout=600, capture_output=True, check=False)
    assert b"KeyboardInterrupt" in ended.stderr
