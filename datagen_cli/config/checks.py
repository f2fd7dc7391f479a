"""Constraints and validators as a recipe lists them, and what the class of each says of itself.

Whatever another part must know of a check (whom it asks, with which prompts, what that costs, what a failure leads to)
stands in its class, so that no table elsewhere names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from pydantic import Field

from datagen_cli.core.options import Options
from datagen_cli.core.registry import is_name, load

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
class AskingCost:
    """What asking for one record takes, each as (low, high): calls, and tokens of one call.

    `prompt` counts the tokens beside the record. `rewrites` says that a reply may hold the whole record again.
    """

    calls: tuple[float, float] = (1, 2)
    prompt: tuple[int, int] = (150, 700)
    reply: tuple[int, int] = (20, 300)
    rewrites: bool = False


class Prompts(Protocol):
    """The prompts of a check; `digest` changes whenever one of them does."""

    @property
    def digest(self) -> str:
        """Part of the fingerprint of the stage that checks."""


class CheckFacts:
    """What the class of every check says of itself; a class states what differs from these defaults.

    `short` is the option that a single value stands for. `roles` are the models it asks, and `prompts` are all that it
    asks them. `scope` is `set` for a constraint that is judged over the accepted records. `finds_answers` says that it
    works an answer out by itself, so that it can measure correctness; `runs_programs` that it runs what a model wrote.
    `mends` is how often it may change the record itself; one that `rewrites` does so whatever `on_fail` says. One that
    `learns` is shown the base's rows before the run by `learn(rows)`. `on_fail` and `on_unknown` are used where the
    recipe says nothing. `asks` are the purposes of its calls, `finds` the faults of the simulated model that it is made
    for.
    """

    options: ClassVar[type[CheckOptions]]
    short: ClassVar[str | None] = None
    scope: ClassVar[Literal["record", "set"]] = "record"
    roles: ClassVar[tuple[str, ...]] = ()
    prompts: ClassVar[Prompts | None] = None
    finds_answers: ClassVar[bool] = False
    runs_programs: ClassVar[bool] = False
    asks: ClassVar[tuple[str, ...]] = ()
    finds: ClassVar[tuple[str, ...]] = ()
    rewrites: ClassVar[bool] = False
    learns: ClassVar[bool] = False
    on_fail: ClassVar[OnFail] = "drop"
    on_unknown: ClassVar[OnUnknown] = "keep"
    mends: int = 1

    @classmethod
    def cost(cls, options: Any) -> AskingCost:
        """What asking costs with these options."""
        return AskingCost()

    @classmethod
    def hosts(cls, options: Any) -> tuple[str, ...]:
        """The hosts that it contacts beside those of models. One that names any has `stay_home()`, which stops it."""
        return ()

    @classmethod
    def trained_on(cls, options: Any) -> str | None:
        """The file whose rows a check that `learns` is shown; None for the base."""
        return None

    @classmethod
    def reads(cls, options: Any) -> tuple[str, ...]:
        """The fields that a check which `finds_answers` needs."""
        return ()

    def json_bounds(self) -> Mapping[str, Mapping[str, Any]]:
        """What it says of the values of fields, as parts of a JSON Schema by field; only what providers take."""
        return {}

    def most_tokens(self) -> Mapping[str, int]:
        """By field, more tokens than any value has that it lets pass; nothing of fields that it lets grow."""
        return {}

    def outgrown(self, fields: Mapping[str, Any]) -> bool:
        """Whether values are longer than it lets pass, so that nothing which follows could mend them."""
        return False


Facts = type[CheckFacts]


class ConstraintFacts(CheckFacts):
    """A failed constraint is asked for again once."""

    on_fail: ClassVar[OnFail] = "fix"


class ValidatorFacts(CheckFacts):
    """A failed validator drops the attempt."""


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

    @property
    def facts(self) -> Facts:
        """The class behind it."""
        return facts_of(self.kind, self.type)

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


def facts_of(kind: str, name: str) -> Facts:
    """The class of a check, which says all there is to know of it."""
    found: Facts = load(kind, name)
    return found


def short_option(kind: str, name: str) -> str | None:
    """The option that a single value stands for (`ask: TEXT` means `ask: {text: TEXT}`), or None."""
    return facts_of(kind, name).short if is_name(kind, name) else None


def path_options(kind: str, name: str) -> list[str]:
    """The options of a check that name files: those declared with `json_schema_extra={"x-path": True}`."""
    fields = load(kind, name).options.model_fields if is_name(kind, name) else {}
    return [
        info.alias or option
        for option, info in fields.items()
        if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("x-path")
    ]
