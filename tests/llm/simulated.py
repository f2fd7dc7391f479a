"""A model endpoint in virtual time: how long each call takes, and what it refuses. No sockets, no waiting.

`run_virtual(Simulated(lambda n: 0.2, capacity=50).serve(1000, Limits(concurrency=100)))` is the span of 1,000 calls.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from datagen_cli.config.models import Limits, SharedModel
from datagen_cli.core.chat import Draw, Message, Request
from datagen_cli.llm.client import Client
from datagen_cli.llm.faults import TransportError
from datagen_cli.llm.provider import RawReply
from tests.llm.asking import asking

REPLY = RawReply("ok", "stop", 10, 5, "m")
MESSAGES = (Message("user", "write"),)
MODEL = SharedModel.model_validate({"name": "hosted_vllm/m", "base_url": "http://127.0.0.1:9/v1", "max_tokens": 100})


class Deaf:
    """An observer that keeps nothing."""

    def event(self, kind: str, **facts: Any) -> None:
        pass


class Simulated:
    """A provider. `latency(n)` is the seconds that the n-th call takes (from 0, in the order sent).

    Refused at once with a 429: what comes while `capacity` calls are in flight, what exceeds `per_s` (a bucket that
    holds a second's worth), and where `refuses(n)` is true. `fault(slot, now)` may raise instead of an answer, after
    the latency. `headers(n)` are heard with the n-th answer.
    """

    def __init__(
        self,
        latency: Callable[[int], float] = lambda n: 0.2,
        *,
        capacity: int = 0,
        per_s: float = 0.0,
        refuses: Callable[[int], bool] = lambda n: False,
        retry_after_s: float | None = 1.0,
        fault: Callable[[Draw, float], Exception | None] = lambda draw, now: None,
        headers: Callable[[int], Mapping[str, str]] | None = None,
    ) -> None:
        self.latency, self.capacity, self.per_s, self.refuses = latency, capacity, per_s, refuses
        self.retry_after_s, self.fault, self.headers = retry_after_s, fault, headers
        self.heard: Any = None
        self.sent, self.drawn, self.refused = array("d"), array("d"), array("d")
        self.in_flight = self.most_in_flight = self.answers = self.cancelled = 0
        self._bucket, self._filled_at = per_s, 0.0

    async def complete(self, payload: Mapping[str, Any], draw: Draw, *, timeout_s: float) -> RawReply:
        loop = asyncio.get_running_loop()
        number = len(self.sent)
        self.sent.append(loop.time())
        if (
            (self.capacity and self.in_flight >= self.capacity)
            or self.refuses(number)
            or not self._takes_from_bucket(loop.time())
        ):
            self.refused.append(loop.time())
            await asyncio.sleep(0.001)
            raise TransportError("rate", "slow down", self.retry_after_s, 429)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            latency_s = self.latency(number)
            self.drawn.append(latency_s)
            await asyncio.sleep(min(latency_s, timeout_s))
            if latency_s > timeout_s:
                raise TransportError("timeout", f"no answer within {timeout_s:g} s")
            fault = self.fault(draw, loop.time())
            if fault is not None:
                raise fault
            if self.headers is not None:
                self.heard(self.headers(number))
            self.answers += 1
            return REPLY
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1

    async def close(self) -> None:
        pass

    async def serve(self, units: int, limits: Limits, *, ahead: int = 2, **model: Any) -> float:
        """Asks for so many units, `ahead` times the concurrency at once; the span in virtual seconds."""
        async with self.client(limits, **model) as client:
            await ask_all(client, units, ahead * limits.concurrency)
        return asyncio.get_running_loop().time()

    @asynccontextmanager
    async def client(self, limits: Limits, **model: Any) -> AsyncIterator[Client]:
        """A client whose only model is this endpoint."""
        async with asking(MODEL.model_copy(update=model), limits=limits, observer=Deaf()) as client:
            channel = next(iter(client._channels.values()))
            channel._provider = self
            self.heard = channel._heard
            yield client

    def _takes_from_bucket(self, now: float) -> bool:
        if not self.per_s:
            return True
        self._bucket = min(self.per_s, self._bucket + (now - self._filled_at) * self.per_s)
        self._filled_at = now
        if self._bucket < 1.0:
            return False
        self._bucket -= 1.0
        return True


async def ask_all(client: Client, units: int, at_once: int) -> None:
    """Slots 0 … units − 1, each asked for as soon as one of `at_once` askers is free."""
    slots = iter(range(units))

    async def work() -> None:
        for slot in slots:
            await client.ask(Request("generator", MESSAGES, Draw(slot, 1, "generate")))

    await asyncio.gather(*(work() for _ in range(min(at_once, units))))
