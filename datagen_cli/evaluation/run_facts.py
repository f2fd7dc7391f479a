"""What the measures take from a run: its stored verdicts, its sampling, and which rows belong together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from datagen_cli.config.checks import Kind
from datagen_cli.core.registry import targets
from datagen_cli.metrics.dataset import RunFacts
from datagen_cli.runs.reader import RunReader

RUNNING = "running"
UNENDED = "the run has not ended, and its dataset is written when it does"
SECTIONS: tuple[Kind, ...] = get_args(Kind)


def facts_of(run: RunReader, accepted: list[Mapping[str, str]]) -> RunFacts:
    """The stored verdicts: the first ones of every generated record, and those of the accepted ones."""
    first = {(found.slot, found.attempt): found.first for found in run.checked()}
    names, constraints = _checks(run)
    if not run.recipe and not names:  # a run that was killed: its lock is written when it ends
        names = list(dict.fromkeys(name for verdicts in first.values() for name in verdicts))
        constraints = frozenset(names).intersection(targets(SECTIONS[0]))
    return RunFacts(list(first.values()), accepted, names, constraints, ended=run.manifest.state != RUNNING)


def correlated(run: RunReader) -> Mapping[str, Any]:
    """The recipe's `sampling.correlated`; empty without it."""
    found = run.sampling.get("correlated")
    return found if isinstance(found, dict) else {}


def temperature(run: RunReader) -> float | None:
    """The recipe's `sampling.temperature`."""
    found = run.sampling.get("temperature")
    return float(found) if isinstance(found, int | float) else None


def embedder_of(run: RunReader) -> str | None:
    """The embedder that the run was made with, where its lock names one."""
    dedup = run.recipe.get("dedup")
    named = (dedup.get("embedder") if isinstance(dedup, dict) else None) or run.recipe.get("embedder")
    return named if isinstance(named, str) else None


def groups_of(run: RunReader) -> dict[str, str]:
    """Record id → the group that it was sampled in, for runs with correlated sampling; empty for others."""
    return {line["id"]: line["group"] for line in run.lineage() if isinstance(line.get("group"), str) and "id" in line}


def _checks(run: RunReader) -> tuple[list[str], frozenset[str]]:
    """The names of the checks, which `run.json` has in the recipe's order, and those that are constraints."""
    names = list(run.manifest.checks)
    constraints, validators = (run.recipe.get(key) or [] for key in SECTIONS)
    if not names:  # a run that was killed has not written them yet
        names = [_check_name(item) for item in (*constraints, *validators)]
    if len(names) == len(constraints) + len(validators):
        return names, frozenset(names[: len(constraints)])
    return names, frozenset(names).intersection(targets(SECTIONS[0]))


def _check_name(written: Any) -> str:
    """The name of a check as the lock has it: its own, else what it is."""
    if not isinstance(written, dict) or not written:
        return str(written)
    kind, options = next(iter(written.items()))
    named = options.get("name") if isinstance(options, dict) else None
    return str(named or kind)
