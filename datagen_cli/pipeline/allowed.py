"""What the constraints of a recipe allow the fields that a model writes, put together for the generation stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.config.checks import Check
from datagen_cli.core.fields import FieldSpec
from datagen_cli.stages.generate import Allowed


def allowed_by(constraints: Sequence[tuple[Check, Any]], specs: Sequence[FieldSpec]) -> Allowed:
    """Those count that turn a record away; one with `on_fail: keep` does not."""
    strict = [made for check, made in constraints if check.on_fail != "keep"]
    types = {spec.name: spec.type for spec in specs}
    bounds: dict[str, dict[str, Any]] = {}
    most: dict[str, int] = {}
    for made in strict:
        for name, part in made.json_bounds().items():
            if types.get(name) in ("text", "number"):
                bounds[name] = {**bounds.get(name, {}), **part}
        for name, tokens in made.most_tokens().items():
            most[name] = min(tokens, most.get(name, tokens))

    def outgrown(fields: Mapping[str, Any]) -> bool:
        return any(made.outgrown(fields) for made in strict)

    return Allowed(bounds, most, outgrown)
