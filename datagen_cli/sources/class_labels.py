"""Labels that a dataset of the Hugging Face hub keeps as numbers, by their names.

`datasets` stores a class as its place in a list of names (`ClassLabel`) and writes that list into the dataset's
features and into the metadata of Parquet files. Rows then say 0 where a person wrote World. -1 is that library's "no
label".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Naming = Callable[[Any], Any]
METADATA = b"huggingface"
_SHOWN = 20


def namings(features: Any) -> dict[str, Naming]:
    """For each column that holds classes, itself or inside: what puts names in place of a value's numbers.

    `features` as `Features.to_dict()` has them; anything else has none.
    """
    found = {str(column): _naming(feature) for column, feature in _items(features)}
    return {column: naming for column, naming in found.items() if naming is not None}


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


def _naming(feature: Any) -> Naming | None:
    if _is_class(feature):
        names = feature["names"]
        return lambda value: _name(value, names)
    if isinstance(feature, list) and len(feature) == 1:
        return _each(_naming(feature[0]))
    if not isinstance(feature, dict):
        return None
    if "_type" not in feature:
        return _inside({name: naming for name, one in feature.items() if (naming := _naming(one)) is not None})
    return _each(_naming(feature.get("feature")))


def _each(naming: Naming | None) -> Naming | None:
    """Of a list of values; a list of objects may be stored as an object of lists."""
    if naming is None:
        return None

    def of(value: Any) -> Any:
        return [naming(item) for item in value] if isinstance(value, list) else naming(value)

    return of


def _inside(parts: Mapping[str, Naming]) -> Naming | None:
    def of(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: parts[name](item) if name in parts else item for name, item in value.items()}

    return of if parts else None


def _name(value: Any, names: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_name(item, names) for item in value]
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
