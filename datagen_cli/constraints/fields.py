"""Fields as checks need them: whether they exist and fit the check, and their values as texts."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from datagen_cli.core.errors import RecipeError
from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.record import Verdict
from datagen_cli.core.registry import suggest

PASSED = Verdict("pass")


def check_fields(specs: Mapping[str, FieldSpec], names: Iterable[str], types: Collection[str] = ()) -> None:
    """Every name is a field and, where `types` are given, of one of them.

    A label counts as the type of its values, a list with a known item type as that type too.
    Raises `RecipeError` with the nearest field, or with the types that fit.
    """
    for name in names:
        if name not in specs:
            raise RecipeError(f"there is no field {name!r}", hint=suggest(name, specs))
        if types and not types_of(specs[name]) & set(types):
            fitting = " or ".join(kind for kind in types if kind != "label")
            raise RecipeError(
                f"field {name!r} is {specs[name].type}, not {fitting}", hint=f"name a field of type {fitting}"
            )


def types_of(spec: FieldSpec) -> set[str]:
    """The types a field can pass for: its own, and that of its label values or list items where they are known."""
    found = {spec.type}
    if spec.type == "label":
        found |= {_type_of(value) for value in spec.values} or {"text"}
    if spec.type == "list" and spec.item_type:
        found.add(spec.item_type)
    return found


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "text"


def items_of(value: Any) -> list[Any]:
    """The items of a list, or the value alone."""
    return list(value) if isinstance(value, list | tuple) else [value]


def quoted(values: Iterable[Any]) -> str:
    """JSON values joined by commas, as constraint sentences quote them: `"a", "b", 3`."""
    return ", ".join(json.dumps(value, ensure_ascii=False) for value in values)


def shortened(value: Any, limit: int = 60) -> str:
    """A value quoted for a message, cut after `limit` characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[:limit] + "…"


def item_name(values: list[Any], index: int) -> str:
    """`it`, or `item 2` where there are several."""
    return "it" if len(values) == 1 else f"item {index + 1}"
