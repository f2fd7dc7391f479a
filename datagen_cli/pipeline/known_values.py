"""Values of attributes made known to a run before it plans anything: from its folder, else by asking the extractor."""

from __future__ import annotations

from typing import Protocol

from datagen_cli.core.errors import CallPending, CallRefused, ProviderError
from datagen_cli.pipeline.ahead import Paying, client_ahead
from datagen_cli.pipeline.build import Built
from datagen_cli.pipeline.context import UnitContext
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.pipeline.planned import Plan
from datagen_cli.pipeline.values import FoundValues, find_values, keep_values, kept_values, key_of, with_values
from datagen_cli.runs.manifest import Manifest


class Planning(Paying, Protocol):
    """What is needed of a session that is about to plan."""

    built: Built
    plan: Plan
    manifest: Manifest
    model_ids: set[str]

    def try_connections(self) -> None:
        """Raises for what would keep a model from answering."""

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
                f"attributes: no answer: {error}",
                hint=getattr(error, "hint", "") or "try again later; nothing was planned",
            ) from error
        keep_values(session.folder.path, key, found)
    for note in found.notes(built.unknown):
        session.say_once(note)
    session.built = with_values(built, found)
    session.plan = Plan(session.built, session.plan.path)
    session.manifest.fingerprints = dict(session.built.fingerprints)
    return asked


async def _search(session: Planning, engine: LocalEngine) -> FoundValues:
    async with client_ahead(session, engine) as client:
        return await find_values(
            session.built, lambda number: UnitContext(client, engine.run_blocking, number, 1, session.model_ids)
        )
