"""Asks a checking model for a verdict, once more where the reply holds none; or for a reply that is not cut off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from datagen_cli.core.chat import End, Prompt, Reply
from datagen_cli.core.ports import Context
from datagen_cli.core.record import Verdict
from datagen_cli.prompts.checking import read_begun_verdict, read_verdict
from datagen_cli.prompts.dialogue import settled
from datagen_cli.prompts.ends import OF_VERDICT
from datagen_cli.prompts.quoted import data_in
from datagen_cli.text.repetition import repeats_at_end

T = TypeVar("T")
AGAIN = 100
"""The draw of the second question: a number that no independent draw has."""
EXAMPLE_CHARS = 300


@dataclass(frozen=True, slots=True)
class Unread:
    """A checker's replies in which no verdict can be read: the last one's text, and the digests of all."""

    text: str
    calls: tuple[str, ...]
    cut: bool = False

    @classmethod
    def of(cls, replies: Sequence[Reply]) -> Unread:
        """What these replies to one question came to."""
        digests = tuple(reply.digest for reply in replies)
        return cls(replies[-1].text, digests, all(reply.finish_reason == "length" for reply in replies))

    @classmethod
    def of_all(cls, parts: Sequence[Unread]) -> Unread:
        """Several questions of one check, in whose replies nothing can be read."""
        calls = tuple(digest for part in parts for digest in part.calls)
        return cls(parts[-1].text, calls, all(part.cut for part in parts))

    def verdict(self, detail: str) -> Verdict:
        """*Unknown*, with what came as its evidence: `unread` (the reply's beginning), `calls`, and whether all were
        `cut` off. A run in which a check gets nothing else stops by it."""
        return Verdict(
            "unknown", detail, None, {"unread": self.text[:EXAMPLE_CHARS], "cut": self.cut, "calls": list(self.calls)}
        )


async def ask_verdict(
    ctx: Context,
    role: str,
    prompt: Callable[[bool], Prompt],
    *,
    purpose: str,
    known: tuple[str, ...],
    form: Mapping[str, Any],
) -> dict[str, Any] | Unread:
    """The object whose `verdict` is one of `known`, in lower case; `Unread` when two replies hold none. A verdict
    before a cut counts: small models give reasons without end."""

    def read(asked: Prompt, text: str, cut: bool) -> dict[str, Any] | None:
        return (read_begun_verdict if cut else read_verdict)(text, known, data_in(asked))

    return await ask_twice(ctx, role, prompt, read, purpose=purpose, form=form, end=OF_VERDICT)


async def ask_twice(
    ctx: Context,
    role: str,
    prompt: Callable[[bool], Prompt],
    read: Callable[[Prompt, str, bool], T | None],
    *,
    purpose: str,
    form: Mapping[str, Any],
    end: End,
) -> T | Unread:
    """What `read(prompt, text, cut)` finds in a reply; `Unread` when it finds nothing in two of them.

    `prompt(again)` is the first question and the second. The second is another draw, which makes the model warmer, so
    that it does not repeat the first reply; it has twice the tokens where that one was cut off, and not only repeated
    itself.
    """
    more, replies = 1, []
    for k in (0, AGAIN):
        asked = prompt(k > 0)
        reply = await ctx.ask(role, asked, purpose=purpose, k=k, response_format=form, more_tokens=more, end=end)
        replies.append(reply)
        cut = reply.finish_reason == "length"
        more = 2 if cut and not repeats_at_end(reply.text) else 1
        if (found := read(asked, reply.text, cut)) is not None:
            return found
    return Unread.of(replies)


async def ask_whole(
    ctx: Context,
    role: str,
    prompt: Prompt,
    *,
    purpose: str,
    k: int = 0,
    form: Mapping[str, Any] | None = None,
    several: bool = False,
    end: End | None = None,
    enough: Callable[[Reply], bool] = lambda reply: False,
) -> Reply:
    """The reply; one that was cut off is asked for once more with twice the tokens, and may be cut off again, unless
    it only repeated itself or what came before the cut is `enough`."""
    reply = await ctx.ask(role, prompt, purpose=purpose, k=k, response_format=form, several=several, end=end)
    reply = settled(reply) if form is not None else reply
    if reply.finish_reason == "length" and not enough(reply) and not repeats_at_end(reply.text):
        reply = await ctx.ask(
            role, prompt, purpose=purpose, k=k, response_format=form, several=several, more_tokens=2, end=end
        )
    return reply
