"""Calls made before a run begins, as for a preview: its cache keeps the replies, its folder counts what they cost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from datagen_cli.llm.cache import CallCache, open_cache
from datagen_cli.llm.client import Client
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.runs.folder import RunFolder
from datagen_cli.runs.ledger import SpendingLedger
from datagen_cli.runs.spending import add_spending


class Paying(Protocol):
    """What is needed of a session that makes calls."""

    folder: RunFolder

    @property
    def cache(self) -> str:
        """Where replies are kept, see `open_cache`."""

    def open_ledger(self, before: Mapping[str, Any]) -> SpendingLedger:
        """Opens what the folder has spent."""

    def connect(self, cache: CallCache | None, engine: LocalEngine) -> Client:
        """The client of the run."""

    def add_to_spent(self, spent: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        """Keeps what the folder spent, and what of it just `now`."""


@asynccontextmanager
async def client_ahead(session: Paying, engine: LocalEngine) -> AsyncIterator[Client]:
    """A client of the session, whose folder is locked; at the end what it spent is in the folder."""
    ledger = session.open_ledger(session.folder.state())
    cache = open_cache(session.cache, session.folder.path)
    client = session.connect(cache, engine)
    try:
        yield client
    finally:
        await client.close()
        if cache is not None:
            cache.close()
        spent = add_spending(ledger.before, now := client.totals.as_dict())
        ledger.close(spent)
        session.add_to_spent(spent, now)
