"""Labels that a dataset of the Hugging Face hub keeps as numbers, by their names.

`datasets` stores a class as its place in a list of names (`ClassLabel`) and writes that list into the dataset's
features and into the metadata of Parquet files. Rows then say 0 where a person wrote World. -1 is that library's "no
label".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

Naming = Callable[[Any], Any]
METADATA = b"huggingface"
_SHOWN = 20


def namings(features: Any) -> dict[str, Naming]:
    """For each column that holds classes, itself or inside: what puts names in place of a value's numbers.

    `features` as `Features.to_dict()` has them; anything else has none.
    """
    found = {str(column): _classes(feature) for column, feature in _items(features)}
    return {column: partial(_by_name, classes) for column, classes in found.items() if classes is not None}


def stored_features(metadata: Mapping[bytes, bytes] | None) -> Any:
    """The features in the metadata of a Parquet file; None where there are none that can be read."""
    try:
        return json.loads((metadata or {})[METADATA])["info"]["features"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None


def named_values(features: Any) -> list[str]:
    """What the numbers of each column of classes stand for, in words."""
    return [
        f"{column} is read by its names: {_listed(feature['names'])}"
        for column, feature in _items(features)
        if _is_class(feature)
    ]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"{number} is {name}" for number, name in enumerate(names[:_SHOWN]))
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN:,} more"


def _classes(feature: Any) -> Any:
    """What of a feature are classes, looked up once for all its values: the names of one, or of an object those of its
    parts; None where there are none. Lists are as what they hold."""
    if _is_class(feature):
        return tuple(feature["names"])
    if isinstance(feature, list):
        return _classes(feature[0]) if len(feature) == 1 else None
    if not isinstance(feature, dict):
        return None
    if "_type" in feature:
        return _classes(feature.get("feature"))
    return {name: classes for name, one in feature.items() if (classes := _classes(one)) is not None} or None


def _by_name(classes: Any, value: Any) -> Any:
    """A value with names in place of the numbers of its classes; a list of objects may be stored as an object of
    lists."""
    if isinstance(value, list):
        return [_by_name(classes, item) for item in value]
    if not isinstance(classes, dict):
        return _name(value, classes)
    if not isinstance(value, dict):
        return value
    return {name: _by_name(classes[name], item) if name in classes else item for name, item in value.items()}


def _name(value: Any, names: Sequence[str]) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    return None if value == -1 else names[value] if 0 <= value < len(names) else value


def _is_class(feature: Any) -> bool:
    if not isinstance(feature, dict) or feature.get("_type") != "ClassLabel":
        return False
    names = feature.get("names")
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _items(features: Any) -> Sequence[tuple[Any, Any]]:
    return list(features.items()) if isinstance(features, dict) else []
