"""One thread that does work for an event loop, in the order in which it was asked for.

The thread is a daemon: an interpreter that ends does not wait for it, as it would for that of an executor, so a second
Ctrl-C ends a run whose model is still being loaded.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[], Any]
    reply: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class Worker:
    """Its thread starts with the first work."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    async def run(self, work: Callable[[], Any]) -> Any:
        """What `work` returns or raises. Work is left out when nobody waits for it any more as its turn comes.

        Raises `CancelledError` on a closed worker.
        """
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Any] = loop.create_future()
        if self._closed.is_set():
            reply.cancel()
            return await reply
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._thread.start()
        self._jobs.put(_Job(work, reply, loop))
        return await reply

    def close(self) -> None:
        """Takes no more work and drops what has not begun; does not wait for what has. May be called twice."""
        self._closed.set()
        self._jobs.put(None)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            if self._closed.is_set():
                _hand_over(job, job.reply.cancel)
            elif not job.reply.cancelled():
                _do(job)
            del job  # it holds the prompts


class OneThread:
    """Implements `core.ports.Workers` in this process: one object, made by its thread with the first call."""

    size = 1

    def __init__(self, name: str, make: Callable[[], Any]) -> None:
        self._worker = Worker(name)
        self._made = cache(make)

    async def call(self, method: str, *args: Any, stop: Callable[[], bool]) -> Any:
        return await self._worker.run(lambda: getattr(self._made(), method)(*args, stop))

    def close(self) -> None:
        """Takes no more work; waits for none."""
        self._worker.close()


def _do(job: _Job) -> None:
    try:
        result = job.work()
    except BaseException as error:  # it belongs to the one who waits, whatever it is
        failure = error if isinstance(error, Exception) else RuntimeError(repr(error))
        _hand_over(job, lambda: _settle(job.reply, None, failure))
    else:
        _hand_over(job, lambda: _settle(job.reply, result, None))


def _settle(reply: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if reply.done():
        return
    if error is not None:
        reply.set_exception(error)
    else:
        reply.set_result(result)


def _hand_over(job: _Job, settle: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # of a loop that is closed: nobody waits
        job.loop.call_soon_threadsafe(settle)
