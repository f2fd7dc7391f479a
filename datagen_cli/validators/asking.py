"""Asking a checker for a verdict: one JSON object, asked for once more when the reply is none."""

from __future__ import annotations

from typing import Any

from datagen_cli.core.chat import Prompt
from datagen_cli.core.ports import Context
from datagen_cli.prompts.checking import read_object

AGAIN = 100
"""Draw of the second question, far from those of independent draws."""


async def ask_verdict(
    ctx: Context, role: str, prompt: Prompt, *, purpose: str, known: tuple[str, ...]
) -> dict[str, Any] | None:
    """The object whose `verdict` is one of `known`, in lower case; None when two replies hold none."""
    for k in (0, AGAIN):
        reply = await ctx.ask(role, prompt, purpose=purpose, k=k)
        if reply.finish_reason == "length":
            reply = await ctx.ask(role, prompt, purpose=purpose, k=k, more_tokens=2)
        found = read_object(reply.text) if reply.finish_reason != "length" else None
        verdict = str(found.get("verdict", "")).lower() if found is not None else ""
        if found is not None and verdict in known:
            return {**found, "verdict": verdict}
    return None
