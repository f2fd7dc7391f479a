"""The provider of models in this process: chat requests that wait together, and groups that are sampled together.

Payloads are OpenAI chat bodies. With `group` they ask for several texts at once (correlated sampling):

    {"variant", "contrast", "intra_share", "guidance", "plausibility", "gamma",
     "rows": [{"key", "group": int, "label", "prompt": PROMPT, "negatives": [PROMPT, ...] (cfg), "peer": true}, ...]}

PROMPT is a prompt of `llm/local/model.py`; where it does not fit into the context the first of its `shorter` ones that
does is taken, and said. The reply's text is JSON: {"rows": [{"text", "finish": stop | length | left, "steps",
"tokens_in", "tokens_out"}, ...], "forward_rows", "notes": [...]}. A row ends where the model says so, or at the blank
line that ends a text (`prompts/free_text.py`), which is in the reply then; one that is marked as a peer is left off
when those that are none have ended. Rows draw from (payload seed, row key) only.

The model is loaded with the first request (`llm/local/host.py`); one thread does all the work, lowest slot first,
or the workers of an engine with other machines, a batch each. A group is a batch of its own; chat requests that wait
and agree in their sampling go together, as many as `concurrency`, divided by the workers. Time-outs do not apply.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from datagen_cli.config.models import ModelOptions
from datagen_cli.core.chat import Draw
from datagen_cli.core.ports import MakeWorkers
from datagen_cli.llm.faults import RequestRefused
from datagen_cli.llm.keys import Target
from datagen_cli.llm.local.host import ModelHost, as_anywhere
from datagen_cli.llm.local.rows import Halted
from datagen_cli.llm.local.worker import OneThread
from datagen_cli.llm.provider import RawReply, writes

LIMITS = ("max_tokens", "max_completion_tokens", "stop")
TAKEN = ("model", "messages", "prompt", *LIMITS, "seed", "temperature", "top_p", "top_k", "group")


@dataclass(eq=False, slots=True)
class _Waiting:
    payload: Mapping[str, Any]
    draw: Draw
    reply: asyncio.Future[RawReply]
    number: int

    @property
    def place(self) -> tuple[int, int, int]:
        return self.draw.slot, self.draw.attempt, self.number

    @property
    def sampling(self) -> tuple[Any, ...]:
        return "prompt" in self.payload, *(self.payload.get(name) for name in ("temperature", "top_p", "top_k"))


class LocalBatches:
    """A model in this process: requests that wait together are answered together."""

    def __init__(
        self, options: ModelOptions, target: Target, *, concurrency: int = 1, workers: MakeWorkers | None = None
    ) -> None:
        make = partial(ModelHost, as_anywhere(target.model), options.device, options.dtype)
        self._workers = OneThread("local-model", make) if workers is None else workers(make)
        self._most = max(1, concurrency // self._workers.size)
        self._waiting: list[_Waiting] = []
        self._count = 0
        self._serving: set[asyncio.Task[None]] = set()
        self._closed = threading.Event()
        self._told, self._loaded = workers is None, False
        self._rows = self._steps = 0

    @property
    def writing(self) -> str:
        """See `llm/provider.py`; not known of other machines."""
        return writes(self._rows, self._steps) if self._loaded or not self._rows else "is being loaded"

    async def complete(self, payload: Mapping[str, Any], draw: Draw, *, timeout_s: float) -> RawReply:
        """The reply. Raises `RequestRefused` (an unknown parameter, a prompt longer than the context), `UsageError`
        (no model there, no chat template, no room for a group's prompts) and `ProviderError` (out of memory)."""
        unknown = next((name for name in payload if name not in TAKEN), None)
        if unknown is not None:
            raise RequestRefused(None, f"a model in this process takes no {unknown}")
        waiting = _Waiting(payload, draw, asyncio.get_running_loop().create_future(), self._count)
        self._count += 1
        self._waiting.append(waiting)
        if len(self._serving) < self._workers.size:
            task = asyncio.create_task(self._serve())
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        return await waiting.reply

    async def close(self) -> None:
        """Ends the work under way after its step, and waits for none of it; may be called twice."""
        self._closed.set()
        for task in self._serving:
            task.cancel()
        for one in self._waiting:
            one.reply.cancel()
        self._workers.close()

    async def _serve(self) -> None:
        """Batch after batch, until nobody waits."""
        await asyncio.sleep(0)  # what is asked for in the same turn of the loop goes together
        while batch := self._next_batch():
            work = "group" if "group" in batch[0].payload else "chat"
            asked = [(dict(one.payload), one.draw) for one in batch]
            stop = partial(self._stops, [one.reply for one in batch])
            texts = (len(one.payload["group"]["rows"]) if "group" in one.payload else 1 for one in batch)
            self._rows, self._steps = sum(texts) if self._told else 0, -1
            try:
                results: Sequence[RawReply | Exception] = await self._workers.call(work, asked, stop=stop)
            except (asyncio.CancelledError, Halted) as ended:
                for one in batch:
                    one.reply.cancel()
                if isinstance(ended, Halted):
                    continue
                raise
            except Exception as error:  # it belongs to those who wait, whatever it is
                results = [error] * len(batch)
            finally:
                self._rows = 0
            for one, result in zip(batch, results, strict=True):
                if one.reply.done():
                    continue
                if isinstance(result, Exception):
                    one.reply.set_exception(result)
                else:
                    one.reply.set_result(result)

    def _next_batch(self) -> list[_Waiting]:
        """The request of the lowest slot, and those that can go with it; they wait no longer."""
        alive = sorted((one for one in self._waiting if not one.reply.done()), key=lambda one: one.place)
        batch = alive[:1]
        if batch and "group" not in batch[0].payload:
            same = [one for one in alive if "group" not in one.payload and one.sampling == batch[0].sampling]
            batch = same[: self._most]
        taken = set(map(id, batch))
        self._waiting = [one for one in alive if id(one) not in taken]
        return batch

    def _stops(self, replies: Sequence[asyncio.Future[RawReply]]) -> bool:
        """Asked before every step, each of which adds a token to every reply: whether nobody waits any more."""
        self._loaded = True
        self._steps += 1
        return self._closed.is_set() or all(reply.cancelled() for reply in replies)
