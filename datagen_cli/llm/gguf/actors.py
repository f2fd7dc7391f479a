"""A GGUF model on the machines of an engine: a llama.cpp server for each of its workers.

A server starts with the first call that its worker gets and ends with the worker's process. Without other machines
`llm/gguf/provider.py` runs the one server. llama.cpp keeps the start of the last prompt, which rounds the numbers of
the next one otherwise: replies are the same wherever they are made where `cache_prompt: false` is among the `params`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from datagen_cli.core.chat import Draw
from datagen_cli.core.ports import MakeWorkers
from datagen_cli.llm.provider import Provider, RawReply


class ServerHost:
    """What a worker holds: a model's server, and the loop that speaks to it, in a thread of its own. Calls block."""

    def __init__(self, make: Callable[[], Provider]) -> None:
        self._model = make()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="gguf", daemon=True).start()

    def complete(self, payload: Mapping[str, Any], draw: Draw, timeout_s: float, stop: Callable[[], bool]) -> RawReply:
        """The reply. Raises what the model's `complete` does."""
        work = self._model.complete(payload, draw, timeout_s=timeout_s)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class GgufOnWorkers:
    """One model, run by all workers; `make` makes what each of them holds, and must be picklable."""

    def __init__(self, make: Callable[[], Provider], workers: MakeWorkers) -> None:
        self._workers = workers(partial(ServerHost, make))

    async def complete(self, payload: Mapping[str, Any], draw: Draw, *, timeout_s: float) -> RawReply:
        """One call. Raises the faults of `llm/faults.py`, and `ProviderError` when no server can run."""
        reply: RawReply = await self._workers.call("complete", dict(payload), draw, timeout_s, stop=bool)
        return reply

    async def close(self) -> None:
        """Ends the workers, and the servers with them."""
        self._workers.close()
