"""`reflect`: a reviewer model judges the record, gives reasons, and rewrites weak ones (DataGen's self-reflection).

A rewrite passes all other checks again and is itself reviewed; after `rounds` rewrites a record that is still not good
is dropped. A reply that is no verdict is asked for once more and then is unknown. "good" never counts as verified:
it is the reviewer's opinion.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from datagen_cli.config.checks import AskingCost, CheckOptions, ValidatorFacts
from datagen_cli.core.fields import About, FieldSpec, WrongType, coerce
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Slot, Verdict
from datagen_cli.prompts.checking import REVIEW, CheckPrompts, review_prompt
from datagen_cli.validators.asking import ask_verdict

ROLE = "reviewer"


class ReflectOptions(CheckOptions):
    """How often a record may be rewritten."""

    rounds: int = Field(2, ge=1, le=10, description="rewrites, each reviewed; still not good after the last: dropped")


class Reflect(ValidatorFacts):
    """The reviewer finds the record good within so many rounds."""

    options: ClassVar[type[CheckOptions]] = ReflectOptions
    short: ClassVar[str | None] = "rounds"
    roles: ClassVar[tuple[str, ...]] = (ROLE,)
    prompts: ClassVar[CheckPrompts] = REVIEW
    rewrites: ClassVar[bool] = True

    @classmethod
    def cost(cls, options: ReflectOptions) -> AskingCost:
        """One review, and one of every rewrite."""
        return AskingCost(calls=(1, 1 + options.rounds), reply=(30, 400), rewrites=True)

    def __init__(self, options: ReflectOptions, specs: Mapping[str, FieldSpec], about: About) -> None:
        self.mends = options.rounds
        self._about = about

    async def verify(self, record: Record, slot: Slot, ctx: Context) -> Verdict:
        """One review; the fix is the reviewer's rewrite, where it gave a whole one."""
        about = self._about
        shown = {spec.name: record.fields.get(spec.name) for spec in about.specs}
        found = await ask_verdict(ctx, ROLE, review_prompt(about, shown), purpose="review", known=("good", "bad"))
        if found is None:
            return Verdict("unknown", "the reviewer gave no verdict")
        reasons = [str(reason) for reason in found.get("reasons") or [] if isinstance(reason, str | int | float)]
        if found["verdict"] == "good":
            return Verdict("pass", "", None, {"reasons": reasons})
        detail = f"the reviewer: {'; '.join(reasons) or 'bad'}"
        return Verdict("fail", detail, rewrite_of(about, shown, found.get("rewrite")), {"reasons": reasons})


def rewrite_of(about: About, shown: Mapping[str, Any], rewrite: Any) -> dict[str, Any] | None:
    """The fields of a rewrite in their types; None when it is not whole or changes nothing."""
    if not isinstance(rewrite, dict):
        return None
    try:
        fields = {spec.name: coerce(spec, rewrite.get(spec.name, shown[spec.name])) for spec in about.written}
    except WrongType:
        return None
    return fields if any(shown[name] != value for name, value in fields.items()) else None
