"""The local engine: one event loop for calls, threads beside it for work that computes, and signals.

The first Ctrl-C (SIGINT), SIGTERM or SIGHUP asks the run to stop: calls in flight finish. The second stops at once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from datagen_cli.core.errors import EXIT_INTERRUPTED
from datagen_cli.core.leaving import STOP_SIGNALS, remembered_stops
from datagen_cli.core.ports import MakeWorkers
from datagen_cli.llm.deferred_work import DeferredWork
from datagen_cli.pipeline.engines.selector import Collector, OneByOne

T = TypeVar("T")

_WAITING = 16  # threads beside one a core, for programs that sleep


class LocalEngine:
    """One process: an event loop for calls, threads for work that computes.

    `deferred` are to be given to clients: they go on when no event is ready. `on_signal(exit_code, count)` is told of
    every stop signal, counted from 1. `address` and `patience_s` are for engines of several machines: where they are,
    and how long a run waits for one when all are lost.
    """

    def __init__(
        self,
        on_signal: Callable[[int, int], None] | None = None,
        *,
        address: str | None = None,
        patience_s: float = 300.0,
    ) -> None:
        self.deferred = DeferredWork(when_idle=True)
        self.address, self.patience_s = address, patience_s
        self._collector = Collector()
        self._on_signal = on_signal
        self._signals = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads: ThreadPoolExecutor | None = None

    def run(self, main: Callable[[], Awaitable[T]]) -> T:
        """Runs a coroutine to its end."""
        with asyncio.Runner(
            loop_factory=lambda: asyncio.SelectorEventLoop(OneByOne(self.deferred, self._collector))
        ) as runner:
            return runner.run(self._main(main))

    def start(self) -> None:
        """Makes ready what it runs on; nothing is needed here."""

    @property
    def workers(self) -> MakeWorkers | None:
        """What makes workers for models that run on the engine's machines; None: each keeps its own thread."""
        return None

    async def run_blocking(self, function: Callable[..., T], *args: Any, anywhere: bool = False) -> T:
        """Runs a function in a thread. Most are waits: the sandbox itself sees to it that cores are not crowded."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor((os.cpu_count() or 1) + _WAITING, thread_name_prefix="datagen")
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)

    def interrupt(self) -> None:
        """As Ctrl-C does; to be called from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the run is over
                self._loop.call_soon_threadsafe(self._signalled, EXIT_INTERRUPTED)

    async def _main(self, main: Callable[[], Awaitable[T]]) -> T:
        loop = self._loop = asyncio.get_running_loop()
        self._collector.start()
        listens = self._on_signal is not None and threading.current_thread() is threading.main_thread()
        before = {number: signal.getsignal(number) for number in STOP_SIGNALS} if listens else {}
        with suppress(NotImplementedError):  # Windows: a signal ends the run as it ends any other command
            for number in before:
                loop.add_signal_handler(number, self._signalled, STOP_SIGNALS[number])
        for number in remembered_stops() if listens else ():
            loop.call_soon(self._signalled, STOP_SIGNALS[number])
        try:
            return await main()
        finally:
            if self._threads is not None:
                self._threads.shutdown(wait=False, cancel_futures=True)
            for number, handler in before.items():
                with suppress(NotImplementedError):
                    loop.remove_signal_handler(number)
                signal.signal(number, handler)

    def _signalled(self, exit_code: int) -> None:
        self._signals += 1
        assert self._on_signal is not None
        self._on_signal(exit_code, self._signals)
