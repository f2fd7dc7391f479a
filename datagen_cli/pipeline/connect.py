"""A run's connections: its roles, what identifies their models, the call cache and the client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import Problems, ProviderError, RecipeError, UsageError
from datagen_cli.core.ports import Unobserved
from datagen_cli.core.registry import load
from datagen_cli.llm.client import Client
from datagen_cli.llm.identity import role_identity
from datagen_cli.pipeline.engines.local import LocalEngine
from datagen_cli.runs.ledger import SpendingLedger
from datagen_cli.runs.spending import total_of, usage_of

A = TypeVar("A")
B = TypeVar("B")


def roles(recipe: Recipe) -> tuple[str, ...]:
    """The roles that a run of this recipe asks: the generator, those of its checks, who measures difficulty, and the
    extractor where attributes have no values yet."""
    asked = {role for check in recipe.checks for role in check.facts.roles}
    difficulty = recipe.options.difficulty
    asked |= {"solver"} if difficulty is not None and difficulty.share and difficulty.measure else set()
    asked |= {"extractor"} if any(one.values is None for one in recipe.options.attributes.values()) else set()
    return ("generator", *sorted(asked))


def simulated(recipe: Recipe) -> bool:
    """Whether the offline model plays any role that a run of this recipe asks."""
    return any(model.provider.simulated for role in roles(recipe) for model in recipe.models[role])


def check_models(recipe: Recipe, *, to_run: bool = True) -> None:
    """Raises `UsageError` for a model that cannot play its role; with `to_run` also for a machine that cannot
    run it. `MissingExtra` without what runs the model. Loads no weights. All problems are told together.
    """
    problems = Problems()
    sampled = recipe.options.sampling.correlated is not None
    for role in roles(recipe):
        for model in recipe.models[role]:
            with problems:
                model.provider.check(model, role, chats=not (sampled and role == "generator"), to_run=to_run)
    problems.tell()


def refuse_mixed(recipe: Recipe) -> None:
    """Simulated and real records never share a dataset."""
    generators = {model.provider.simulated for model in recipe.models["generator"]}
    if len(generators) > 1:
        raise RecipeError(
            "models.generator: offline and a real model cannot write one dataset",
            hint="simulated and real rows never share a dataset: name one kind only",
            place=recipe.place("models.generator"),
        )


TELL_S = 1.0
LOCAL = "local"
"""The engine without an address."""


@dataclass(frozen=True, slots=True)
class Where:
    """Which engine, and where its cluster is; this machine alone, unless it says another."""

    engine: str = LOCAL
    ray_address: str | None = None


HERE = Where()


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is carried out; nothing here changes what is written. `command` is what resumes it."""

    environ: Mapping[str, str]
    allow_hosts: Collection[str] = ()
    cache: str = "run"
    fresh: bool = False
    command: str = ""
    unsafe_exec: bool = False
    where: Where = HERE


def engine_at(name: str, address: str | None) -> Where:
    """The engine that a user names. Raises `UsageError` for one that there is none of, that misses packages, or that
    has no address."""
    if address is not None and name == LOCAL:
        raise UsageError("--ray-address goes with --engine ray", hint="add it, or leave --ray-address out")
    load("engines", name)(address=address)
    return Where(name, address)


def open_engine(recipe: Recipe, where: Where, on_signal: Callable[[int, int], None]) -> LocalEngine:
    """The engine of a run, started. Raises `UsageError` where there is no cluster at the address."""
    patience_s = recipe.options.limits.patience_s
    engine: LocalEngine = load("engines", where.engine)(on_signal, address=where.ray_address, patience_s=patience_s)
    engine.start()
    return engine


def spread(function: Callable[[A], B], items: Sequence[A], where: Where) -> list[B]:
    """What a function makes of each item: in turn on the local engine, else side by side on the engine's machines."""
    if where.engine == LOCAL or not items:
        return [function(one) for one in items]
    engine: LocalEngine = load("engines", where.engine)(address=where.ray_address)
    engine.start()

    async def everywhere() -> list[B]:
        return await asyncio.gather(*(engine.run_blocking(function, one, anywhere=True) for one in items))

    return engine.run(everywhere)


def identities(recipe: Recipe) -> dict[str, Any]:
    """Role → what identifies its models, for fingerprints."""
    return {role: role_identity(recipe.models, role, recipe.options.sampling) for role in roles(recipe)}


def models_of(recipe: Recipe) -> dict[str, list[str]]:
    """Role → the names of its models."""
    return {role: [model.name for model in recipe.models[role]] for role in roles(recipe)}


def licences(recipe: Recipe) -> dict[str, str]:
    """Name → the licence of a model, for those whose own files state it."""
    stated = {model.name: model.provider.licence(model) for role in roles(recipe) for model in recipe.models[role]}
    return {name: licence for name, licence in stated.items() if licence}


def open_client(recipe: Recipe, *, ledger: SpendingLedger | None = None, **more: Any) -> Client:
    """The client of a run. What it spends goes to the folder's ledger, if any, whose sums count for the caps; `more` is
    what else a `Client` takes: `cache`, `observer`, `environ` and the rest."""
    before = ledger.before if ledger is not None else {}
    options = recipe.options
    return Client(
        {role: recipe.models[role] for role in roles(recipe)},
        seed=options.seed,
        sampling=options.sampling,
        limits=options.limits,
        spent=usage_of(before),
        ledger=ledger,
        answered_before=total_of(before)["calls"] > 0,
        **more,
    )


def begins_not(recipe: Recipe, environ: Mapping[str, str], allow_hosts: Collection[str]) -> str:
    """Why no model of a run could be asked, such as for want of a key; empty where they can. Nothing is sent."""
    try:
        open_client(recipe, cache=None, observer=Unobserved(), environ=environ, allow_hosts=allow_hosts)
    except ProviderError as error:
        return str(error)
    return ""


async def all_of(client: Client, calls: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Runs all of them at once and reports what they wait for, as a run does; an error of one ends the others."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    telling = asyncio.ensure_future(_tell_waits(client))
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in (*tasks, telling):
            task.cancel()
        await asyncio.gather(*tasks, telling, return_exceptions=True)


async def _tell_waits(client: Client) -> None:
    while True:
        await asyncio.sleep(TELL_S)
        client.tell_waits(asyncio.get_running_loop().time())


def refuse_unconfined(recipe: Recipe, *, unsafe_exec: bool) -> None:
    """Raises `UsageError` where every program would be refused, and its record dropped, after both were paid for."""
    from datagen_cli.sandbox.confine import confinement_missing

    check = next((check for check in recipe.checks if check.facts.runs_programs), None)
    if check is not None and not unsafe_exec and (missing := confinement_missing()):
        hint = "run it on Linux 5.13 or newer, or accept the risk with --unsafe-exec"
        raise UsageError(f"{missing}, so that programs of a model cannot be run safely: {check.where}", hint=hint)
