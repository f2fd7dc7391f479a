"""`ask`: a sentence in free words, judged by the reviewer model. It stands in the prompt as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from datagen_cli.config.checks import AskingCost, CheckOptions, ConstraintFacts
from datagen_cli.core.chat import Prompt
from datagen_cli.core.fields import About, FieldSpec
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Record, Slot, Verdict
from datagen_cli.prompts.checking import ASK, CheckPrompts, ask_prompt, verdict_format
from datagen_cli.validators.asking import Unread, ask_verdict

ROLE = "reviewer"
OUTCOMES: dict[str, Literal["pass", "fail", "unknown"]] = {"yes": "pass", "no": "fail", "unclear": "unknown"}

FORM = verdict_format(tuple(OUTCOMES), {"reason": {"type": "string"}})


class AskOptions(CheckOptions):
    """`ask: The problem has exactly one question.` or the same under `text`."""

    text: str = Field(min_length=1, description="what must hold of every record, in words")


class Ask(ConstraintFacts):
    """A sentence that the reviewer model finds true of the record."""

    options: ClassVar[type[CheckOptions]] = AskOptions
    asks: ClassVar[tuple[str, ...]] = ("ask",)
    short: ClassVar[str | None] = "text"
    roles: ClassVar[tuple[str, ...]] = (ROLE,)
    prompts: ClassVar[CheckPrompts] = ASK

    @classmethod
    def cost(cls, options: AskOptions) -> AskingCost:
        """One question, asked once more where the reply is no verdict."""
        return AskingCost(reply=(10, 120))

    def __init__(self, options: AskOptions, specs: Mapping[str, FieldSpec], about: About) -> None:
        self._text = options.text
        self._about = about

    def describe(self) -> str:
        """The sentence itself."""
        return self._text

    async def verify(self, record: Record, slot: Slot, ctx: Context) -> Verdict:
        """`yes` is a pass, `no` a fail, anything else unknown."""
        shown = {spec.name: record.fields.get(spec.name) for spec in self._about.specs}

        def prompt(again: bool) -> Prompt:
            return ask_prompt(self._about, shown, self._text, again=again)

        found = await ask_verdict(ctx, ROLE, prompt, purpose="ask", known=tuple(OUTCOMES), form=FORM)
        if isinstance(found, Unread):
            return found.verdict(self._said("the reviewer gave no verdict"))
        reason = str(found.get("reason") or "")
        return Verdict(OUTCOMES[found["verdict"]], self._said(reason))

    def _said(self, reason: str) -> str:
        """The sentence, and what was said of it."""
        return f"{self._text.rstrip(' .:')}: {reason}" if reason else self._text
