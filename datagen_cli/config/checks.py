"""Constraints and validators as a recipe lists them: one name, its options, and what a failure leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from datagen_cli.core.options import Options
from datagen_cli.core.registry import load, names

OnFail = Literal["drop", "fix", "keep"]
OnUnknown = Literal["drop", "keep"]
Kind = Literal["constraints", "validators"]


class CheckOptions(Options):
    """What every check shares. The two `on_` keys are None until the defaults of the kind are filled in."""

    name: str | None = Field(
        None, min_length=1, pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", description="used in verdicts, metrics and --set"
    )
    on_fail: OnFail | None = Field(None, description="drop the attempt, fix it, or keep it with the verdict")
    on_unknown: OnUnknown | None = Field(None, description="what to do when the check cannot tell")


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a recipe. `name` is unique among all checks; `where` is its path, such as
    `constraints[1].length`.
    """

    kind: Kind
    type: str
    name: str
    options: CheckOptions
    on_fail: OnFail
    on_unknown: OnUnknown
    where: str

    def identity(self) -> dict[str, Any]:
        """What this check contributes to the fingerprint of the stage that runs it."""
        options = self.options.identity()
        return {**options, "type": self.type, "name": self.name, "on_fail": self.on_fail, "on_unknown": self.on_unknown}


def check_names(checks: Sequence[tuple[str | None, str]]) -> list[str]:
    """The name of each check from the name it was given (or None) and its type.

    Without a name it is called by its type, the second of a type `type_2`; a given name is never taken away.
    """
    taken = {name for name, _ in checks if name}
    names = []
    for given, kind in checks:
        name, number = given or kind, 1
        while not given and name in taken:
            number += 1
            name = f"{kind}_{number}"
        taken.add(name)
        names.append(name)
    return names


def short_option(kind: str, name: str) -> str | None:
    """The option that a single value stands for (`ask: TEXT` means `ask: {text: TEXT}`), or None."""
    return getattr(load(kind, name), "short", None) if name in names(kind) else None


def path_options(kind: str, name: str) -> list[str]:
    """The options of a check that name files: those declared with `json_schema_extra={"x-path": True}`."""
    fields = load(kind, name).options.model_fields if name in names(kind) else {}
    return [
        info.alias or option
        for option, info in fields.items()
        if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("x-path")
    ]
