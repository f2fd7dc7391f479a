"""The first slots of a run, made before the rest: its cache keeps the replies, and the run does not pay for them."""

from __future__ import annotations

from dataclasses import dataclass

from datagen_cli.core.errors import CallPending, ProviderError
from datagen_cli.pipeline.ahead import client_ahead
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.pipeline.known_bad import find_planted, keep_found
from datagen_cli.pipeline.known_values import know_values
from datagen_cli.pipeline.preview import Trace, preview
from datagen_cli.pipeline.session import Session
from datagen_cli.runs.previous_run import refuse_other_recipe

AGAIN = "try again later; what was answered is kept"


@dataclass(frozen=True, slots=True)
class First:
    """Traces of the first slots, how many answers were cached, and what checks said of planted records."""

    traces: list[Trace]
    cached: int
    planted: dict[str, dict[str, int]]


def make_first(session: Session, number: int, *, plant: bool = False) -> First:
    """The first slots, kept in the run's cache and counted by its folder; with `plant` known-bad records are checked.

    Closes the session. Raises `UsageError` for a folder of another recipe, `ProviderError` where no answer came.
    """
    session.folder.lock()
    try:
        refuse_other_recipe(session.folder.path, session.folder.state(), session.built.recipe.options.name)
        know_values(session)
        engine = LocalEngine()
        first = engine.run(lambda: _ask_first(session, engine, number, plant))
        if first.planted:
            keep_found(session.folder.path, session.built.fingerprints["validate"], first.planted)
        return first
    except CallPending as pending:
        raise ProviderError(f"no answer: {pending}", hint=pending.hint or AGAIN) from pending
    finally:
        session.plants.close()
        session.close()


async def _ask_first(session: Session, engine: LocalEngine, number: int, plant: bool) -> First:
    async with client_ahead(session, engine) as client:
        unsafe = session.options.unsafe_exec
        traces = await preview(session.built, client, engine, number, unsafe_exec=unsafe)
        cached = client.totals.cached_calls
        kept = [(trace.slot, trace.last) for trace in traces if trace.last.rejection is None] if plant else []
        return First(traces, cached, await find_planted(session.built, client, engine, kept, unsafe_exec=unsafe))
