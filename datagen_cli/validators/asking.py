"""Asking a checker for a verdict: one JSON object, asked for once more in other words when the reply is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from datagen_cli.core.chat import Prompt
from datagen_cli.core.ports import Context
from datagen_cli.prompts.checking import read_verdict

AGAIN = 100
"""Draw of the second question, far from those of independent draws."""


async def ask_verdict(
    ctx: Context,
    role: str,
    prompt: Callable[[bool], Prompt],
    *,
    purpose: str,
    known: tuple[str, ...],
    form: Mapping[str, Any],
) -> dict[str, Any] | None:
    """The object whose `verdict` is one of `known`, in lower case; None when two replies hold none.

    `prompt(again)` is the first question and the second. The second is another draw, which makes the model warmer, so
    that it does not repeat the first reply; it has twice the tokens where that one was cut off.
    """
    cut = False
    for k in (0, AGAIN):
        reply = await ctx.ask(role, prompt(k > 0), purpose=purpose, k=k, response_format=form, more_tokens=1 + cut)
        cut = reply.finish_reason == "length"
        found = None if cut else read_verdict(reply.text, known)
        if found is not None:
            return found
    return None
