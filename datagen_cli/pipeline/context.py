"""The surroundings of one unit of work: asks models on its behalf and counts what it paid for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from datagen_cli.core.chat import Draw, End, Prompt, Reply, Request
from datagen_cli.core.record import Call

T = TypeVar("T")


class Asks(Protocol):
    """A client that answers requests."""

    async def ask(self, request: Request) -> Reply:
        """The reply to one request."""


class UnitContext:
    """Implements `core.ports.Context` for one attempt at one slot.

    `calls` lists what was asked so far; ids of the models that answered are added to `seen`; notes go to `note`.
    """

    __slots__ = ("_asked", "_blocking", "_client", "_seen", "attempt", "calls", "note", "slot", "unsafe_exec")

    def __init__(
        self,
        client: Asks,
        blocking: Callable[..., Awaitable[Any]],
        slot: int,
        attempt: int,
        seen: set[str],
        *,
        unsafe_exec: bool = False,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._client = client
        self._blocking = blocking
        self._seen = seen
        self.slot = slot
        self.attempt = attempt
        self.unsafe_exec = unsafe_exec
        self.note = note
        self.calls: list[Call] = []
        self._asked: dict[tuple[Any, ...], Reply] = {}

    async def ask(
        self,
        role: str,
        prompt: Prompt | None,
        *,
        purpose: str,
        k: int = 0,
        response_format: Mapping[str, Any] | None = None,
        more_tokens: int = 1,
        end: End | None = None,
        several: bool = False,
        group: Mapping[str, Any] | None = None,
    ) -> Reply:
        draw = Draw(self.slot, self.attempt, purpose, k)
        messages = prompt.messages if prompt else ()
        place = (role, draw, messages, more_tokens)
        if place in self._asked:
            return self._asked[place]
        request = Request(
            role,
            messages,
            draw,
            response_format,
            more_tokens=more_tokens,
            end=end,
            several=several,
            group=group,
            task=prompt.task if prompt else None,
        )
        reply = self._asked[place] = await self._client.ask(request)
        self._seen.add(reply.model)
        usage = reply.usage
        self.calls.append(
            Call(reply.digest, role, purpose, reply.model, usage.tokens_in, usage.tokens_out, usage.cost_usd)
        )
        return reply

    async def run_blocking(self, function: Callable[..., T], *args: Any, anywhere: bool = False) -> T:
        result: T = await self._blocking(function, *args, anywhere=anywhere)
        return result
