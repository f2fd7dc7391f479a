"""Values of attributes that a recipe lets be found (`extract`) or asked for (`ask`): once, before anything is planned.

For `extract` the extractor sees rows of the base from different clusters, medoids first, some at a time, until enough
values are named; for `ask` it answers the recipe's question. Where the first list of an `extract` holds nothing usable,
as those of small models do, it is asked about one row at a time. Values that repeat one (the same up to case, or
neighbours by embedding) and those that read like orders are left out. What was found is kept in `attributes.json` of
the run folder, under the digest of all that it depends on, so that no later run asks again. Costs a call for about
`A_CALL` values, one by one `SINGLY` calls a value.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from datagen_cli.config.attributes import AttributeOptions
from datagen_cli.core.chat import Reply
from datagen_cli.core.digest import digest
from datagen_cli.core.errors import CallPending, CallRefused, GotNowhere, ProviderError
from datagen_cli.core.ports import Context
from datagen_cli.pipeline.build import Built
from datagen_cli.pipeline.plan_spec import plan_spec
from datagen_cli.prompts.values import (
    VALUES,
    is_value,
    read_value,
    read_values,
    value_prompt,
    values_end,
    values_format,
    values_prompt,
)
from datagen_cli.runs.folder import read_sealed, write_sealed
from datagen_cli.text.embed import Embedder, open_embedder

FILE = "attributes.json"
ROLE, PURPOSE = "extractor", "extract"
A_CALL = 10
"""Values that one call is asked for, and rows that it is shown."""
SINGLY = 2
"""Records that are asked about one at a time, for every value that is wanted."""
MOST_ROWS = 2_000
"""Rows of the base that are clustered; of a larger one as many, evenly spaced."""


@dataclass(frozen=True, slots=True)
class FoundValues:
    """Values by attribute, and how many were named that may not stand in a prompt."""

    values: Mapping[str, Sequence[str]]
    left_out: int = 0

    def notes(self, wanted: Mapping[str, AttributeOptions]) -> list[str]:
        """What a user should know."""
        few = [
            f"attributes.{name}: {len(self.values[name])} values found, {attribute.wanted} were asked for"
            for name, attribute in wanted.items()
            if len(self.values[name]) < attribute.wanted
        ]
        what = "they are no short plain words, give orders, or repeat the question"
        out = f"attributes: {self.left_out:,} named values left out: {what}"
        return [*few, *([out] if self.left_out else [])]


def most_lists(wanted: int) -> int:
    """How many lists are asked for at most for so many values."""
    return 2 + -(-wanted // (A_CALL // 2))


def most_calls(attribute: AttributeOptions) -> int:
    """How many calls are made at most for the values of an attribute."""
    return most_lists(attribute.wanted) + (SINGLY * attribute.wanted if attribute.extract else 0)


def key_of(built: Built) -> str:
    """Digest of all that the values depend on."""
    asked = [[name, attribute.identity()] for name, attribute in built.unknown.items()]
    description = built.recipe.options.description
    rows = built.fingerprints["load"] if any(one.extract for one in built.unknown.values()) else ""
    return digest(asked, description, rows, built.plan.seed, built.identities[ROLE], VALUES.digest)


def kept_values(folder: Path, key: str) -> FoundValues | None:
    """What an earlier run of the folder found under this key; None where that is nothing, other, or damaged."""
    found = read_sealed(folder / FILE, key)
    values = found.get("values")
    return FoundValues(values, found.get("left_out", 0)) if isinstance(values, dict) else None


def keep_values(folder: Path, key: str, found: FoundValues) -> None:
    """Writes them down."""
    values = {name: list(some) for name, some in found.values.items()}
    write_sealed(folder / FILE, {"key": key, "values": values, "left_out": found.left_out})


async def find_values(built: Built, context: Any) -> FoundValues:
    """Asks for the values of every attribute that has none. `context(number)` is the surroundings of one attribute.

    Raises `ProviderError` where no answer comes, `GotNowhere` where the replies name none.
    """
    found, left_out = {}, 0
    embedder = built.embedder or open_embedder("hashed", None)
    for number, (name, attribute) in enumerate(built.unknown.items()):
        try:
            values, bad, last = await _ask(built, name, attribute, embedder, context(number))
        except (CallPending, CallRefused) as error:
            hint = getattr(error, "hint", "") or "try again later; nothing was planned"
            raise ProviderError(f"attributes: no answer: {error}", hint=hint) from error
        if not values:
            raise _named_none(name, last)
        found[name], left_out = values, left_out + bad
    return FoundValues(found, left_out)


def _named_none(name: str, last: Reply) -> GotNowhere:
    """What replies without a value come to, by the last of them."""
    said = " ".join(last.text.split())[:200]
    hint = "give it another model (models.extractor), or write the values yourself"
    if last.finish_reason == "length":
        hint = "raise the extractor's max_tokens (--set model.max_tokens=8192), or turn its reasoning off (params)"
        said = f"cut off at max_tokens: {said}".rstrip(": ")
    return GotNowhere(f"attributes.{name}: the extractor named no value; its last reply: {said or 'empty'}", hint=hint)


async def _ask(
    built: Built, name: str, attribute: AttributeOptions, embedder: Embedder, ctx: Context
) -> tuple[list[str], int, Reply]:
    """Values of one attribute, how many were left out, and the last reply."""
    wanted, told = attribute.wanted, attribute.ask or attribute.description
    draw = _representatives(built, embedder) if attribute.extract else None
    fields = [spec.name for spec in built.composer.about.specs]
    kept: list[str] = []
    left_out = 0

    def keep(named: Sequence[str]) -> int:
        fit = [text for text in named if is_value(text, name, told, fields)]
        for text in fit:
            if len(kept) < wanted and not _repeats(text, kept, embedder):
                kept.append(text)
        return len(named) - len(fit)

    for turn in range(most_lists(wanted)):
        rows = draw(turn) if draw is not None else []
        count = min(A_CALL, wanted)
        prompt = values_prompt(built.composer.about, name, told, count, rows, kept)
        form, end = values_format(count), values_end(count)
        reply = await ctx.ask(ROLE, prompt, purpose=PURPOSE, k=turn, response_format=form, several=True, end=end)
        left_out += keep([text for text in read_values(reply.text) if text])
        if turn == 0 and not kept and draw is not None:
            left_out += keep(await _singly(built, name, told, draw, wanted, ctx))
            if kept:
                break
        if len(kept) >= wanted:
            break
    return kept, left_out, reply


async def _singly(built: Built, name: str, told: str, draw: Any, wanted: int, ctx: Context) -> list[str]:
    """The values that single rows are said to have, each asked about by itself."""
    number = SINGLY * wanted
    rows = islice(chain.from_iterable(map(draw, range(number))), number)
    prompts = [value_prompt(built.composer.about, name, told, row) for row in rows]
    start = most_lists(wanted)
    replies = await asyncio.gather(
        *(
            ctx.ask(ROLE, prompt, purpose=PURPOSE, k=start + k, several=True, end=values_end(1))
            for k, prompt in enumerate(prompts)
        )
    )
    return [value for reply in replies for value in read_value(reply.text) if value]


def _representatives(built: Built, embedder: Embedder) -> Any:
    """A function from turns to rows of the base, each turn from other clusters."""
    from datagen_cli.examples.clusters import Clusters

    rows = [row for _, row in built.base.rows]
    rows = rows[:: -(-len(rows) // MOST_ROWS)]
    vectors = embedder.encode([built.comparison.text(row) for row in rows])
    clusters = Clusters(seed=built.plan.seed, vectors=vectors, k=min(A_CALL, len(rows)))
    return lambda turn: [dict(rows[number]) for number in clusters.draw(turn, 1)]


def _repeats(text: str, kept: Sequence[str], embedder: Embedder) -> bool:
    """Whether a value is there already, up to case, or means the same as one that is."""
    if text.casefold() in map(str.casefold, kept):
        return True
    if not kept:
        return False
    vectors = embedder.encode([text, *kept])
    return bool((vectors[1:] @ vectors[0]).max() >= embedder.default_threshold)


def with_values(built: Built, found: FoundValues) -> Built:
    """The run with these values in its plan."""
    attributes = plan_spec(built.recipe, built.base, found.values).attributes
    return replace(built, plan=replace(built.plan, attributes=attributes), unknown={})
