"""The surroundings of one unit of work: asks models on its behalf and counts what it paid for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from datagen_cli.core.chat import Draw, Prompt, Reply, Request
from datagen_cli.core.record import Call

T = TypeVar("T")


class Asks(Protocol):
    """A client that answers requests."""

    async def ask(self, request: Request) -> Reply:
        """The reply to one request."""


@dataclass(slots=True, eq=False)
class UnitContext:
    """Implements `core.ports.Context` for one attempt at one slot.

    `calls` lists what was asked so far; ids of the models that answered are added to `seen`; notes go to `note`.
    """

    client: Asks
    blocking: Callable[..., Awaitable[Any]]
    slot: int
    attempt: int
    seen: set[str]
    unsafe_exec: bool = field(default=False, kw_only=True)
    note: Callable[[str], None] = field(default=lambda text: None, kw_only=True)
    calls: list[Call] = field(default_factory=list, init=False)
    _asked: dict[tuple[Any, ...], Reply] = field(default_factory=dict, init=False)

    async def ask(self, role: str, prompt: Prompt | None, *, purpose: str, k: int = 0, **more: Any) -> Reply:
        draw = Draw(self.slot, self.attempt, purpose, k)
        messages = prompt.messages if prompt else ()
        place = (role, draw, messages, more.get("more_tokens", 1))
        if place in self._asked:
            return self._asked[place]
        request = Request(role, messages, draw, task=prompt.task if prompt else None, **more)
        reply = self._asked[place] = await self.client.ask(request)
        self.seen.add(reply.model)
        usage = reply.usage
        self.calls.append(
            Call(reply.digest, role, purpose, reply.model, usage.tokens_in, usage.tokens_out, usage.cost_usd)
        )
        return reply

    async def run_blocking(self, function: Callable[..., T], *args: Any, anywhere: bool = False) -> T:
        result: T = await self.blocking(function, *args, anywhere=anywhere)
        return result
