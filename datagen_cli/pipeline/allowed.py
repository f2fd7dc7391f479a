"""What the checks of a recipe allow the fields that a model writes, put together for the generation stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.core.fields import FieldSpec
from datagen_cli.stages.generate import Allowed
from datagen_cli.stages.validate import BoundCheck

TAKEN = {
    "text": ("minLength", "enum", "const"),
    "number": ("minimum", "maximum", "enum", "const"),
    "list": ("minItems", "maxItems"),
}
"""By the type of a field, what a model can be held to while it writes."""
MOST = 2_000
"""The largest least size of a list or text that is asked for: grammars of local servers take no larger one."""


def allowed_by(checks: Sequence[BoundCheck], specs: Sequence[FieldSpec]) -> Allowed:
    """What the checks that reject records allow; those with `on_fail: keep` do not count."""
    strict: list[Any] = [check.constraint or check.validator for check in checks if check.on_fail != "keep"]
    types = {spec.name: spec.type for spec in specs}
    bounds: dict[str, dict[str, Any]] = {}
    most: dict[str, int] = {}
    for made in strict:
        for name, part in made.json_bounds().items():
            taken = TAKEN.get(types.get(name, ""), ())
            held = {key: value for key, value in part.items() if key in taken and not _too_large(key, value)}
            if held:
                bounds[name] = _both(bounds.get(name, {}), held)
        for name, tokens in made.most_tokens().items():
            most[name] = min(tokens, most.get(name, tokens))

    def outgrown(fields: Mapping[str, Any]) -> bool:
        return any(made.outgrown(fields) for made in strict)

    return Allowed(bounds, most, outgrown)


def _both(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Bounds that hold where both do; the later `enum` stands for both."""
    found = {**first, **second}
    for key in first.keys() & second.keys():
        if key.startswith("m"):
            found[key] = max(first[key], second[key]) if key.startswith("min") else min(first[key], second[key])
    return found


def _too_large(key: str, value: Any) -> bool:
    return key.endswith(("Length", "Items")) and value > MOST
