"""What a program with threads finds: small stacks, few changes of thread, an event loop without sockets."""

from __future__ import annotations

import _thread
import errno
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from datagen_cli.sandbox.protocol import MAX_THREADS

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

_STACK_BYTES = 2 << 20
"""Bytes of a stack: those of as many threads as a program may have fit into half of its default memory."""
_SWITCH_S = 0.5
"""A thread runs until it waits or ends, for the most part: the order of what threads print does not depend on load."""


def prepare(source: bytes) -> None:
    """Sets this process up for threads, and for `asyncio.run` and a `ThreadPool` where the program speaks of them."""
    threading.stack_size(_STACK_BYTES)
    sys.setswitchinterval(_SWITCH_S)
    _count_threads()
    if b"asyncio" in source:
        _give_event_loop()
    if b"multiprocessing" in source:
        _give_thread_pool()


def _count_threads() -> None:
    """Refuses one thread too many where it is started: the server counts too, but from time to time."""

    def counted(start: Callable[..., Any]) -> Callable[..., Any]:
        def start_counted(*given: Any, **more: Any) -> Any:
            if _thread._count() >= MAX_THREADS - 1:  # all but the first
                raise PermissionError(errno.EPERM, f"more than {MAX_THREADS} threads at once")
            return start(*given, **more)

        return start_counted

    for name in ("start_new_thread", "start_joinable_thread"):
        if hasattr(_thread, name):
            ours = counted(getattr(_thread, name))
            setattr(_thread, name, ours)
            if hasattr(threading, f"_{name}"):
                setattr(threading, f"_{name}", ours)


def _give_event_loop() -> None:
    """Makes `asyncio` run its tasks in a loop that wakes by a lock: the usual one has a pair of sockets for that."""
    import asyncio

    class Selector:
        """Waits until another thread hands something over, or for the time given: there are no files to watch."""

        def __init__(self) -> None:
            self.woken = threading.Event()

        def select(self, timeout: float | None = None) -> list[Any]:
            self.woken.wait(timeout)
            self.woken.clear()
            return []

    class EventLoop(asyncio.BaseEventLoop):
        """Tasks, timers and threads; no sockets, processes or signals."""

        def __init__(self) -> None:
            super().__init__()
            self._selector = Selector()

        def _process_events(self, events: list[Any]) -> None:
            """There are none."""

        def _write_to_self(self) -> None:
            self._selector.woken.set()

    class Policy(asyncio.DefaultEventLoopPolicy):
        def new_event_loop(self) -> AbstractEventLoop:
            return EventLoop()

    asyncio.set_event_loop_policy(Policy())


def _give_thread_pool() -> None:
    """Has `multiprocessing`'s pool of threads wake by a queue of this process: the usual one has a pipe for that."""
    import queue
    from multiprocessing import pool

    class Alone:
        """Has nothing of what other processes need."""

        def __getattr__(self, name: str) -> Any:
            raise PermissionError(errno.EPERM, "no other process is started")

    class Notifier(Alone, queue.SimpleQueue[Any]):
        """What a pool asks of the queue that wakes it."""

        def __init__(self) -> None:
            self.woken, self._reader = threading.Event(), self

        def put(self, item: Any, *more: Any, **options: Any) -> None:
            super().put(item)
            self.woken.set()

        def close(self) -> None:
            """Nothing is open."""

    def wait(notifiers: list[Notifier], timeout: float | None = None) -> None:
        notifiers[0].woken.wait(timeout)
        notifiers[0].woken.clear()

    class Context(Alone):
        """What a pool of threads asks of its context; one of processes has another."""

        SimpleQueue = Notifier

    pool.get_context, pool.wait = Context, wait  # type: ignore[attr-defined]
