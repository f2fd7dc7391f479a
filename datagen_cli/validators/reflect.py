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
from datagen_cli.core.chat import Prompt
from datagen_cli.core.fields import About, FieldSpec, WrongType
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Slot, Verdict
from datagen_cli.prompts.checking import (
    REVIEW,
    CheckPrompts,
    form_of_rewrite,
    review_prompt,
    rewrite_prompt,
    verdict_format,
)
from datagen_cli.prompts.dialogue import settled
from datagen_cli.prompts.ends import end_of_rewrite
from datagen_cli.prompts.parse import read_record, response_format
from datagen_cli.prompts.sections import parse_as
from datagen_cli.validators.asking import Unread, ask_verdict

ROLE = "reviewer"
KNOWN = ("good", "bad")
FORM = verdict_format(KNOWN, {"reasons": {"type": "array", "items": {"type": "string"}, "maxItems": 3}})


class ReflectOptions(CheckOptions):
    """How often a record may be rewritten."""

    rounds: int = Field(2, ge=1, le=10, description="rewrites, each reviewed; still not good after the last: dropped")


class Reflect(ValidatorFacts):
    """The reviewer finds the record good within so many rounds."""

    options: ClassVar[type[CheckOptions]] = ReflectOptions
    asks: ClassVar[tuple[str, ...]] = ("review", "rewrite")
    finds: ClassVar[tuple[str, ...]] = ("wrong_label", "unsolvable", "contradicted", "injected")
    short: ClassVar[str | None] = "rounds"
    roles: ClassVar[tuple[str, ...]] = (ROLE,)
    prompts: ClassVar[CheckPrompts] = REVIEW
    rewrites: ClassVar[bool] = True

    @classmethod
    def cost(cls, options: ReflectOptions) -> AskingCost:
        """One review, and for every round a rewrite and its review."""
        return AskingCost(calls=(1, 1 + 2 * options.rounds), reply=(15, 200), rewrites=True)

    def __init__(self, options: ReflectOptions, specs: Mapping[str, FieldSpec], about: About) -> None:
        self.mends = options.rounds
        self._about = about

    async def verify(self, record: Record, slot: Slot, ctx: Context) -> Verdict:
        """One review. A rewrite in its reply is the fix; without one `rewrite` asks for it."""
        about = self._about
        shown = {spec.name: record.fields.get(spec.name) for spec in about.specs}

        def prompt(again: bool) -> Prompt:
            return review_prompt(about, shown, again=again)

        found = await ask_verdict(ctx, ROLE, prompt, purpose="review", known=KNOWN, form=FORM)
        if isinstance(found, Unread):
            return found.verdict("the reviewer gave no verdict")
        given = found.get("reasons") or found.get("reason") or []
        reasons = [str(one) for one in (given if isinstance(given, list) else [given]) if isinstance(one, str | int)]
        if found["verdict"] == "good":
            return Verdict("pass", "", None, {"reasons": reasons})
        detail = f"the reviewer: {'; '.join(reasons) or 'bad'}"
        given_along = "rewrite" in found
        fix = (rewrite_of(about, shown, found["rewrite"]) or {}) if given_along else None
        return Verdict("fail", detail, fix, {"reasons": reasons})

    async def rewrite(self, record: Record, verdict: Verdict, ctx: Context) -> Mapping[str, Any] | None:
        """The record without the faults that a review found, asked for in a call of its own; None when no whole one
        came."""
        about = self._about
        shown = {spec.name: record.fields.get(spec.name) for spec in about.specs}
        reasons = [str(reason) for reason in (verdict.evidence or {}).get("reasons", ())] or ["it is bad"]
        asked = form_of_rewrite(about)
        form = response_format(about.asked, 1) if asked == "json" else None
        # Each rewrite of an attempt is another question, since the record that it is about has changed.
        prompt, end = rewrite_prompt(about, shown, reasons), end_of_rewrite(shown)
        reply = await ctx.ask(ROLE, prompt, purpose="rewrite", response_format=form, end=end)
        reply = settled(reply) if form is not None else reply
        parsed = parse_as(asked, reply.text, reply.finish_reason, about.asked, 1)
        return rewrite_of(about, shown, parsed.records[0]) if parsed.records else None


def rewrite_of(about: About, shown: Mapping[str, Any], rewrite: Any) -> dict[str, Any] | None:
    """The fields of a rewrite in their types; None when it is not whole or changes nothing."""
    if not isinstance(rewrite, dict):
        return None
    try:
        whole = {spec.name: rewrite.get(spec.name, shown[spec.name]) for spec in about.asked}
        fields = read_record(whole, about.asked)
    except WrongType:
        return None
    return fields if any(shown[name] != value for name, value in fields.items()) else None
