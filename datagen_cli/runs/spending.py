"""What a folder has spent, in sums: by role and purpose, by stage, and for each accepted record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import add
from typing import Any

from datagen_cli.core.chat import Usage
from datagen_cli.core.flow import stage_of

COUNTED = ("calls", "cached_calls", "lost", "hedged", "tokens_in", "tokens_out", "tokens_cached", "cost_usd")
Spent = dict[str, dict[str, dict[str, Any]]]
"""`{role: {purpose: counts}}`, counts as in `COUNTED`; a cost of None is unknown."""


def is_count(value: Any) -> bool:
    """Whether a value may be a count, or a cost; an unknown one is None."""
    return value is None or (type(value) in (int, float) and 0 <= value < float("inf"))


def is_spending(value: Any) -> bool:
    """Whether a value read from a file is `{role: {purpose: counts}}`."""
    if not isinstance(value, dict) or not all(isinstance(purposes, dict) for purposes in value.values()):
        return False
    every = [counts for purposes in value.values() for counts in purposes.values()]
    return all(isinstance(counts, dict) and _are_counts(counts) for counts in every)


def _are_counts(counts: Mapping[str, Any]) -> bool:
    return all(is_count(value) and (value is not None or name == "cost_usd") for name, value in counts.items())


def cost_shares(spent: Mapping[str, Any], accepted: int) -> dict[str, Any]:
    """Cost in USD by stage, by role, and for each accepted record; None where it is not known or there is none."""
    by_stage: dict[str, Any] = {}
    by_role: dict[str, Any] = {}
    for role, purposes in spent.items():
        for purpose, counts in purposes.items():
            stage = stage_of(purpose)
            by_stage[stage] = _known(add, by_stage.get(stage, 0.0), counts.get("cost_usd", 0))
            by_role[role] = _known(add, by_role.get(role, 0.0), counts.get("cost_usd", 0))
    whole = total_of(spent)["cost_usd"]
    return {
        "by_stage": {name: rounded(cost) for name, cost in by_stage.items()},
        "by_role": {name: rounded(cost) for name, cost in by_role.items()},
        "per_accepted": rounded(whole / accepted) if whole is not None and accepted else None,
    }


def rounded(cost: float | None) -> float | None:
    """A cost in USD as it is told; None where it is not known."""
    return None if cost is None else round(cost, 9)


def add_spending(before: Mapping[str, Any], now: Mapping[str, Any]) -> Spent:
    """Two `{role: {purpose: counts}}` summed; a cost that is unknown on either side stays unknown."""
    return _joined(before, now, add)


def at_least(found: Mapping[str, Any], known: Mapping[str, Any]) -> Spent:
    """The larger of two counts, each for itself; a cost that is unknown on either side is unknown."""
    return _joined(found, known, max)


def _joined(one: Mapping[str, Any], other: Mapping[str, Any], join: Callable[[Any, Any], Any]) -> Spent:
    found = copied(one)
    for role, purposes in copied(other).items():
        for purpose, counts in purposes.items():
            into = found.setdefault(role, {}).setdefault(purpose, dict.fromkeys(COUNTED, 0))
            for name in COUNTED:
                into[name] = _known(join, into[name], counts[name])
    return found


def copied(spent: Mapping[str, Any]) -> Spent:
    """A copy, with all counts present."""
    return {
        role: {purpose: {name: counts.get(name, 0) for name in COUNTED} for purpose, counts in purposes.items()}
        for role, purposes in spent.items()
    }


def total_of(spent: Mapping[str, Any]) -> dict[str, Any]:
    """The sum over roles and purposes."""
    total: dict[str, Any] = dict.fromkeys(COUNTED, 0)
    for purposes in spent.values():
        for counts in purposes.values():
            for name in COUNTED:
                total[name] = _known(add, total[name], counts.get(name, 0))
    return total


def usage_of(spent: Mapping[str, Any]) -> Usage:
    """Tokens and cost of all roles and purposes."""
    whole = total_of(spent)
    return Usage(whole["tokens_in"], whole["tokens_out"], whole["cost_usd"], whole["tokens_cached"])


def tokens_of(whole: Mapping[str, Any]) -> dict[str, int]:
    """A sum's tokens as `run.json` and `--json` name them."""
    return {"in": whole["tokens_in"], "out": whole["tokens_out"], "cached": whole["tokens_cached"]}


def _known(join: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    return None if left is None or right is None else join(left, right)
