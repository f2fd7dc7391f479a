"""Values of attributes made known to a run before it plans anything: from its folder, else by asking the extractor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from datagen_cli.core.errors import CallPending, CallRefused, ProviderError
from datagen_cli.llm.cache import CallCache, open_cache
from datagen_cli.llm.client import Client
from datagen_cli.pipeline.build import Built
from datagen_cli.pipeline.context import UnitContext
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.pipeline.planned import Plan
from datagen_cli.pipeline.values import FoundValues, find_values, keep_values, kept_values, key_of, with_values
from datagen_cli.runs.folder import RunFolder
from datagen_cli.runs.ledger import SpendingLedger
from datagen_cli.runs.manifest import Manifest
from datagen_cli.runs.spending import add_spending


class Planning(Protocol):
    """What is needed of a session that is about to plan."""

    built: Built
    plan: Plan
    manifest: Manifest
    folder: RunFolder
    model_ids: set[str]

    @property
    def cache(self) -> str:
        """Where replies are kept, see `open_cache`."""

    def try_connections(self) -> None:
        """Raises for what would keep a model from answering."""

    def open_ledger(self, before: Mapping[str, Any]) -> SpendingLedger:
        """Opens what the folder has spent."""

    def connect(self, cache: CallCache | None) -> Client:
        """The client of the run."""

    def add_to_spent(self, spent: Mapping[str, Any]) -> None:
        """Keeps what was spent."""

    def say_once(self, note: str) -> None:
        """Tells the user."""


def know_values(session: Planning) -> bool:
    """Puts the values into the session's plan; the folder is locked. Returns whether anything was asked for that.

    Raises `ProviderError` where no answer came, `GotNowhere` where none was usable.
    """
    built = session.built
    if not built.unknown:
        return False
    key = key_of(built)
    found = kept_values(session.folder.path, key)
    asked = found is None
    if found is None:
        session.try_connections()
        engine = LocalEngine()
        try:
            found = engine.run(lambda: _search(session, engine))
        except (CallPending, CallRefused) as error:
            raise ProviderError(
                f"attributes: no answer: {error}", hint="try again later; nothing was planned"
            ) from error
        keep_values(session.folder.path, key, found)
    for note in found.notes(built.unknown):
        session.say_once(note)
    session.built = with_values(built, found)
    session.plan = Plan(session.built, session.plan.path)
    session.manifest.fingerprints = dict(session.built.fingerprints)
    return asked


async def _search(session: Planning, engine: LocalEngine) -> FoundValues:
    """Asks, and counts what it cost in the folder."""
    ledger = session.open_ledger(session.folder.state())
    cache = open_cache(session.cache, session.folder.path)
    client = session.connect(cache)
    try:
        return await find_values(
            session.built, lambda number: UnitContext(client, engine.run_blocking, number, 1, session.model_ids)
        )
    finally:
        await client.close()
        if cache is not None:
            cache.close()
        spent = add_spending(ledger.before, client.totals.as_dict())
        ledger.close(spent)
        session.add_to_spent(spent)
