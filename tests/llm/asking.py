"""What the tests of the client share: an observer that remembers, a client for an endpoint, a short request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from datagen_cli.config.models import Limits, Sampling, SharedModel
from datagen_cli.core.chat import Draw, Message, Request
from datagen_cli.llm.client import Client
from tests.endpoint import HANG_S, Endpoint


class Told:
    """Remembers events."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def event(self, kind: str, **facts: Any) -> None:
        self.events.append((kind, facts))

    @property
    def notes(self) -> list[str]:
        """The texts of all notes."""
        return [facts["text"] for kind, facts in self.events if kind == "note"]


def model(endpoint: Endpoint | str, **more: Any) -> SharedModel:
    """A model served by the endpoint."""
    url = endpoint if isinstance(endpoint, str) else endpoint.url
    values = {"name": "hosted_vllm/tiny", "base_url": url, "timeout_s": HANG_S, "deadline_s": HANG_S, "max_tokens": 100}
    return SharedModel.model_validate({**values, **more})


def question(
    slot: int = 0, text: str = "write", *, role: str = "generator", purpose: str = "generate", **more: Any
) -> Request:
    """A request of two messages for one slot."""
    messages = (Message("system", "you write records"), Message("user", f"{text} {slot}"))
    return Request(role, messages, Draw(slot, more.pop("attempt", 1), purpose, more.pop("k", 0)), **more)


@asynccontextmanager
async def asking(*models: SharedModel, role: str = "generator", **more: Any) -> AsyncIterator[Client]:
    """A client of one role, closed at the end, with the cache if there is one."""
    settings: dict[str, Any] = {
        "seed": 7,
        "sampling": Sampling(),
        "limits": Limits(),
        "cache": None,
        "observer": Told(),
        "environ": {},
    }
    roles: Mapping[str, tuple[SharedModel, ...]] = more.pop("roles", None) or {role: models}
    client = Client(roles, **{**settings, **more})
    try:
        yield client
    finally:
        await client.close()
        if more.get("cache") is not None:
            more["cache"].close()
