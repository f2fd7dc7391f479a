"""What a program with threads finds: small stacks, few changes of thread, an event loop without sockets."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

_STACK_BYTES = 2 << 20
"""As many threads as a program may have fit into half of the memory that it has by default."""
_SWITCH_S = 0.5
"""A thread runs until it waits or ends, for the most part: the order of what threads print does not depend on load."""


def prepare(*, event_loop: bool) -> None:
    """Sets this process up for threads, and for `asyncio.run` where the program speaks of it."""
    threading.stack_size(_STACK_BYTES)
    sys.setswitchinterval(_SWITCH_S)
    if event_loop:
        _give_event_loop()


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
