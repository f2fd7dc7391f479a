"""The first slots of a run, made before the rest: its cache keeps the replies, and the run does not pay for them."""

from __future__ import annotations

from datagen_cli.core.errors import CallPending, ProviderError
from datagen_cli.llm.cache import open_cache
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.pipeline.preview import Trace, preview
from datagen_cli.pipeline.session import Session
from datagen_cli.runs.spending import add_spending


def make_first(session: Session, number: int) -> tuple[list[Trace], int]:
    """Traces of the first slots, kept in the run's cache and counted by its folder; how many answers were cached.

    Closes the session. Raises `UsageError` for a folder of another recipe, `ProviderError` where no answer came.
    """
    session.folder.lock()
    try:
        session.refuse_other_recipe(session.folder.state())
        engine = LocalEngine()
        return engine.run(lambda: _ask_first(session, engine, number))
    except CallPending as pending:
        raise ProviderError(f"no answer: {pending}", hint="try again later; what was answered is kept") from pending
    finally:
        session.plants.close()
        session.close()


async def _ask_first(session: Session, engine: LocalEngine, number: int) -> tuple[list[Trace], int]:
    ledger = session.open_ledger(session.folder.state())
    cache = open_cache(session.options.cache, session.folder.path)
    client = session.connect(cache)
    try:
        unsafe = session.options.unsafe_exec
        traces = await preview(session.built, client, engine, number, unsafe_exec=unsafe)
        return traces, client.totals.cached_calls
    finally:
        await client.close()
        if cache is not None:
            cache.close()
        spent = add_spending(ledger.before, client.totals.as_dict())
        ledger.close(spent)
        session.add_to_spent(spent)
