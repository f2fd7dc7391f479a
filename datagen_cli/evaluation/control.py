"""The control of a correlated run beside it: what its measures are worth is seen only against a plain run at T / δ.

The control lies in `<run>-control` (`datagen generate --control`). A number without its control is not a result, so a
contrasted run without one is said to have none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from datagen_cli.core.errors import DataError
from datagen_cli.evaluation.document import entry
from datagen_cli.evaluation.evaluate import ONE_SIDED, evaluate
from datagen_cli.evaluation.load import Loaded, Wanted, load_dataset
from datagen_cli.evaluation.run_facts import RunRecord
from datagen_cli.text.embed import Embedder

NOT_RUN = "not run"
MEASURES = (*ONE_SIDED, "mauve", "leakage", "entity_overlap")


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

    `not run` where there is none, None for what needs none: a file, a run without correlated sampling, a plain one.
    """
    if loaded.run is None or loaded.run.correlated.get("variant", "plain") == "plain":
        return None
    folder = _beside(loaded.run.folder)
    try:
        control = RunRecord(folder)
        found = load_dataset(str(folder), columns)
    except DataError:
        return NOT_RUN
    if control.correlated.get("variant") != "plain" or not len(found.dataset):
        return NOT_RUN
    chosen = [name for name in wanted if name in MEASURES]
    measured = evaluate(found, reference, chosen, embedder=embedder, given={}, say=say)
    return {
        "dataset": str(folder),
        "n": found.total,
        "temperature": control.temperature,
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


def _beside(folder: Path) -> Path:
    folder = folder if folder.name not in ("", "..") else folder.resolve()
    return folder.with_name(f"{folder.name}-control")
