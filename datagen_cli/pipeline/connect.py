"""A run's connections: which roles it uses, their identities, the call cache, the client, and what was spent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from datagen_cli.config.recipe import Recipe
from datagen_cli.core.chat import Usage
from datagen_cli.core.flow import stage_of
from datagen_cli.core.ports import Observer
from datagen_cli.llm.cache import CallCache
from datagen_cli.llm.client import Client
from datagen_cli.llm.deferred_work import DeferredWork
from datagen_cli.llm.identity import role_identity
from datagen_cli.llm.usage import Totals
from datagen_cli.pipeline.manifest import Manifest
from datagen_cli.pipeline.money import COUNTED, Journal, PayingClient


def roles(recipe: Recipe) -> tuple[str, ...]:
    """The roles that a run of this recipe asks: the generator, and those of its checks."""
    asked = {role for check in recipe.checks for role in check.facts.roles}
    return ("generator", *sorted(asked))


def identities(recipe: Recipe) -> dict[str, Any]:
    """Role → what identifies its models, for fingerprints."""
    return {role: role_identity(recipe.models, role, recipe.options.sampling) for role in roles(recipe)}


def open_client(
    recipe: Recipe,
    *,
    cache: CallCache | None,
    observer: Observer,
    environ: Mapping[str, str],
    allow_hosts: Collection[str],
    plant: Callable[[dict[str, Any]], None],
    journal: Journal | None = None,
    deferred: DeferredWork | None = None,
) -> Client:
    """The client of a run. What it spends goes to the folder's journal, if any, whose sums count for the caps."""
    models = {role: recipe.models[role] for role in roles(recipe)}
    options: dict[str, Any] = {
        "seed": recipe.options.seed,
        "sampling": recipe.options.sampling,
        "limits": recipe.options.limits,
        "cache": cache,
        "observer": observer,
        "environ": environ,
        "allow_hosts": allow_hosts,
        "plant": plant,
        "deferred": deferred,
    }
    if journal is None:
        return Client(models, **options)
    before = total_of(journal.before)
    spent = Usage(before["tokens_in"], before["tokens_out"], before["cost_usd"])
    return PayingClient(models, journal=journal, spent=spent, **options)


def record_spending(manifest: Manifest, before: Mapping[str, Any], totals: Totals) -> None:
    """Counts of this run, and cost and tokens of the folder across resumes, into the manifest.

    `before` is what the folder had spent when this run began.
    """
    manifest.spent = add_spending(before, totals.as_dict())
    whole = total_of(manifest.spent)
    manifest.calls, manifest.cached_calls = totals.calls, totals.cached_calls
    manifest.tokens = {"in": whole["tokens_in"], "out": whole["tokens_out"]}
    cost = whole["cost_usd"]
    manifest.cost_usd = None if cost is None else round(cost, 9)
    manifest.cost = cost_shares(manifest.spent, manifest.accepted)


def cost_shares(spent: Mapping[str, Any], accepted: int) -> dict[str, Any]:
    """Cost in USD by stage, by role, and for each accepted record; None where it is not known or there is none."""
    by_stage: dict[str, Any] = {}
    by_role: dict[str, Any] = {}
    for role, purposes in spent.items():
        for purpose, counts in purposes.items():
            stage = stage_of(purpose)
            by_stage[stage] = _plus(by_stage.get(stage, 0.0), counts.get("cost_usd", 0))
            by_role[role] = _plus(by_role.get(role, 0.0), counts.get("cost_usd", 0))
    whole = total_of(spent)["cost_usd"]
    return {
        "by_stage": {name: _rounded(cost) for name, cost in by_stage.items()},
        "by_role": {name: _rounded(cost) for name, cost in by_role.items()},
        "per_accepted": _rounded(whole / accepted) if whole is not None and accepted else None,
    }


def _rounded(cost: float | None) -> float | None:
    return None if cost is None else round(cost, 9)


def add_spending(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Two `{role: {purpose: counts}}` summed; a cost that is unknown on either side stays unknown."""
    summed: dict[str, Any] = {}
    for source in (before, now):
        for role, purposes in source.items():
            for purpose, counts in purposes.items():
                into = summed.setdefault(role, {}).setdefault(purpose, dict.fromkeys(COUNTED, 0))
                for name in COUNTED:
                    into[name] = _plus(into[name], counts.get(name, 0))
    return summed


def total_of(spent: Mapping[str, Any]) -> dict[str, Any]:
    """The sum over roles and purposes."""
    total: dict[str, Any] = dict.fromkeys(COUNTED, 0)
    for purposes in spent.values():
        for counts in purposes.values():
            for name in COUNTED:
                total[name] = _plus(total[name], counts.get(name, 0))
    return total


def _plus(left: Any, right: Any) -> Any:
    return None if left is None or right is None else left + right
