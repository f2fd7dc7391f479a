"""What every provider offers the client: one try of one chat call, with no retries and no state of the run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from datagen_cli.core.chat import Draw
from datagen_cli.core.task import Task

Heard = Callable[[Mapping[str, str]], None]
"""Told the headers of every reply, if a provider has an attribute `heard` of this type."""

Start = Callable[[], Awaitable[float]]
"""Waits until a request may be sent (its place, its pace, its money); returns the seconds that it may take then. To be
awaited once, right before anything is sent. It raises faults and errors of ours only, which are passed on."""


@dataclass(frozen=True, slots=True)
class RawReply:
    """A model's answer to one try. Token counts are None when the endpoint does not say them."""

    text: str
    finish_reason: str = "stop"
    tokens_in: int | None = None
    tokens_out: int | None = None
    model: str = ""


class Payload(dict[str, Any]):
    """The body of a request as a mapping, and as the JSON bytes that were made of it once.

    `task` is what the body asks, as data. It is no part of the body and is sent nowhere.
    """

    __slots__ = ("body", "task")

    def __init__(self, values: Mapping[str, Any], body: bytes, task: Task | None = None) -> None:
        super().__init__(values)
        self.body = body
        self.task = task


class Provider(Protocol):
    """Sends one request once. Raises the faults of `llm/faults.py` and nothing else."""

    async def complete(self, payload: Mapping[str, Any], draw: Draw, *, timeout_s: float) -> RawReply:
        """The reply to an OpenAI chat body: `model`, `messages`, `max_tokens`, `seed` and the like."""

    async def close(self) -> None:
        """Closes connections; may be called twice."""


@runtime_checkable
class Ready(Protocol):
    """A provider that can make a request ready while it waits for its place, which then goes out sooner."""

    async def complete_when(self, payload: Mapping[str, Any], draw: Draw, start: Start) -> RawReply:
        """`complete`, which sends once `start` has returned."""
