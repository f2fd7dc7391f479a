"""The JSON of `eval` as contracts.md has it, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.core.json_text import json_value
from datagen_cli.evaluation.evaluate import Evaluation, metric
from datagen_cli.metrics.measure import Measure

SHOWN = 20


def document(found: Evaluation, gates: Sequence[Mapping[str, Any]], *, shown: int | None = SHOWN) -> dict[str, Any]:
    """One object; lists in `detail` stop at `shown` with their `total` (None: all of them)."""
    loaded = found.views.loaded
    data = loaded.dataset
    result: dict[str, Any] = {
        "dataset": data.name,
        "n": loaded.total,
        "text_fields": list(data.text_fields),
        "label_field": data.label_field,
        "reference": found.reference.loaded.dataset.name if found.reference else None,
        "simulated": data.simulated,
        "metrics": {name: entry(measure, shown) for name, measure in found.measures.items()},
        "reference_metrics": {name: entry(measure, shown) for name, measure in found.reference_measures.items()},
        "gates": list(gates),
    }
    if loaded.total > len(data):
        result["sampled"] = len(data)
    if found.reference_n:
        result["reference_n"] = found.reference_n
    if loaded.notes:
        result["notes"] = list(loaded.notes)
    return result


def at_equal_n(found: Evaluation, result: Mapping[str, Any], n: int) -> dict[str, Any]:
    """The same object for a table beside other datasets: what grows with n is measured on n rows (`equal_n`)."""
    growing = [name for name, one in found.measures.items() if metric(name).grows_with_n and one.value is not None]
    equal = {name: entry(found.at_size(name, n)) for name in growing}
    return {**result, "metrics": {**result["metrics"], **equal}, "equal_n": n}


def entry(measure: Measure, shown: int | None = SHOWN) -> dict[str, Any]:
    """A measure as JSON: value, interval, direction, signature and detail, or null and the reason."""
    detail = {"detail": cut(json_value(measure.detail), shown)} if measure.detail else {}
    if measure.value is None:
        return {"value": None, "reason": measure.reason, **detail}
    interval: dict[str, Any] = {}
    if measure.interval:
        interval["interval"] = [float(edge) for edge in measure.interval]
    elif measure.no_interval:
        interval["no_interval"] = measure.no_interval
    if measure.bound:
        interval["bound"] = [float(edge) for edge in measure.bound]
    return {
        "value": float(measure.value),
        **interval,
        "direction": measure.direction,
        "signature": measure.signature,
        **detail,
    }


def cut(value: Any, shown: int | None) -> Any:
    """Long lists stop at `shown`; `total` beside one says how many there were (`NAME_total` where there are more)."""
    if isinstance(value, Mapping):
        long = [name for name, item in value.items() if isinstance(item, list) and shown and len(item) > shown]
        result = {name: cut(item, shown) for name, item in value.items()}
        for name in long:
            result.setdefault("total" if len(long) == 1 else f"{name}_total", len(value[name]))
        return result
    if isinstance(value, list):
        return [cut(item, shown) for item in (value[:shown] if shown else value)]
    return value
