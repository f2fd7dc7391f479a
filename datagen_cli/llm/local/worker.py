"""One thread that does work for an event loop, in the order in which it was asked for.

The thread is a daemon: an interpreter that ends does not wait for it, as it would for that of an executor, so a second
Ctrl-C ends a run whose model is still being loaded.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from typing import Any


class Worker:
    """Its thread starts with the first work."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    async def run(self, work: Callable[[], Any]) -> Any:
        """What `work` returns or raises. Work is left out when nobody waits for it any more as its turn comes.

        Raises `CancelledError` on a closed worker.
        """
        if self._closed.is_set():
            raise asyncio.CancelledError
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._thread.start()
        reply: Future[Any] = Future()
        self._jobs.put((reply, work))
        return await asyncio.wrap_future(reply)

    def close(self) -> None:
        """Takes no more work and drops what has not begun; does not wait for what has. May be called twice."""
        self._closed.set()
        self._jobs.put(None)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            reply, work = job
            if self._closed.is_set():
                reply.cancel()
            elif reply.set_running_or_notify_cancel():
                try:
                    reply.set_result(work())
                except BaseException as error:  # it belongs to the one who waits, whatever it is
                    reply.set_exception(error if isinstance(error, Exception) else RuntimeError(repr(error)))
            del job, reply, work  # they hold the prompts


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
