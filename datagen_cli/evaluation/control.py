"""The control of a correlated run beside it: what its measures are worth is seen only against a plain run at T / δ.

The control lies in `<run>-control` (`datagen generate --control`). A number without its control is not a result, so a
contrasted run without one is said to have none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from datagen_cli.config.load import load_recipe
from datagen_cli.config.recipe import Recipe
from datagen_cli.core.errors import DataError, UsageError
from datagen_cli.evaluation.document import entry
from datagen_cli.evaluation.evaluate import evaluate, metric
from datagen_cli.evaluation.load import Loaded, Wanted, load_dataset
from datagen_cli.evaluation.run_facts import correlated, temperature
from datagen_cli.pipeline.control import control_folder, plan_control
from datagen_cli.runs.reader import RunReader
from datagen_cli.text.embed import Embedder

LOCK = "recipe.lock.yaml"
NOT_RUN = "not run"


def control_of(
    loaded: Loaded,
    reference: Loaded | None,
    wanted: Sequence[str],
    *,
    columns: Wanted,
    embedder: Embedder,
    say: Callable[[str], None],
) -> dict[str, Any] | str | None:
    """The same measures of the run's control: `{"dataset", "n", "temperature", "metrics"}`.

    `not run` where there is none, with a reason where it is of another recipe or size; None for what needs
    none: a file, a run without correlated sampling, a plain one.
    """
    if loaded.run is None or correlated(loaded.run).get("variant", "plain") == "plain":
        return None
    folder = control_folder(loaded.run.folder)
    try:
        control = RunReader(folder)
        found = load_dataset(str(folder), columns)
    except DataError:
        return NOT_RUN
    if correlated(control).get("variant") != "plain" or not len(found.dataset):
        return NOT_RUN
    why = _stale(loaded.run, control)
    if not why and found.total != loaded.total:
        why = f"{folder} has {found.total:,} rows, the run {loaded.total:,}"
    if why:
        return f"{NOT_RUN} ({why}; generate --control makes it anew)"
    chosen = [name for name in wanted if metric(name).compared]
    measured = evaluate(found, reference, chosen, embedder=embedder, given={}, say=say)
    return {
        "dataset": str(folder),
        "n": found.total,
        "temperature": temperature(control),
        "metrics": {name: entry(measure) for name, measure in measured.measures.items()},
    }


def control_line(control: Mapping[str, Any] | str) -> str:
    """The control on one line: where it is and its headline values."""
    if isinstance(control, str):
        return f"control: {control}"
    values = [
        f"{name} {measure['value']:.4g}" for name, measure in control["metrics"].items() if measure["value"] is not None
    ]
    at = "" if control["temperature"] is None else f"plain at T = {control['temperature']:.4g}, "
    return f"control: {control['dataset']} ({at}{control['n']:,} rows): {', '.join(values) or 'no measure'}"


def _stale(run: RunReader, control: RunReader) -> str:
    """Why the control is not that of the run as it is now; empty when it is."""
    locks = [run.folder / LOCK, control.folder / LOCK]
    try:
        recipe, other = (load_recipe(str(lock), environ=os.environ, cwd=Path.cwd()) for lock in locks)
        wanted = load_recipe(
            str(locks[0]), overrides=plan_control(recipe).overrides, environ=os.environ, cwd=Path.cwd()
        )
    except UsageError:
        return ""  # a lock that cannot be read today (an unset variable, no control possible) proves nothing
    if _compared(wanted) != _compared(other):
        return f"{control.folder} is the control of another recipe"
    return ""


def _compared(recipe: Recipe) -> dict[str, Any]:
    return {name: part for name, part in recipe.source.items() if name not in ("limits", "count")}
