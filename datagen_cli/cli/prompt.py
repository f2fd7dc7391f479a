"""`datagen prompt`: the exact messages of the first units of the plan, with their token counts; nothing is sent.

Of a correlated run: the prompts of every row of the first group, in both forms.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Annotated, Any

from datagen_cli.cli import console
from datagen_cli.cli import options as given
from datagen_cli.cli.invocation import Invocation
from datagen_cli.core.errors import UsageError
from datagen_cli.pipeline.build import Built, build
from datagen_cli.pipeline.connect import identities
from datagen_cli.pipeline.estimate import shared_prefix
from datagen_cli.pipeline.groups import Groups
from datagen_cli.text.tokens import estimate_tokens

STAGES = ("generate",)
EXAMPLES = ("datagen prompt quickstart", "datagen prompt my.yaml -n 1 --json")


def command(
    recipe: given.RecipeArgument,
    number: given.Number = 2,
    stage: Annotated[
        str, given.option(None, "STAGE", "Which stage's prompts; generate is the one that asks.")
    ] = "generate",
    model: given.Model = None,
    seed: given.Seed = None,
    set_: given.Set = None,
    json_: given.Json = False,
) -> int:
    """Show the exact messages; nothing is sent."""
    if stage not in STAGES:
        raise UsageError(f"--stage: there are no prompts of {stage!r}", hint=f"known: {', '.join(STAGES)}")
    invocation = Invocation(recipe, None, model or (), None, seed, set_ or ())
    loaded = invocation.load()
    built = build(loaded, identities(loaded))
    if built.groups:
        prompts = list(_rows(built, built.groups, number))
    else:
        prompts = list(islice(_prompts(built), max(number, 0)))
    if built.unknown:
        console.note(
            f"values of {', '.join(built.unknown)} are found when the run begins: here numbers stand in their place"
        )
    if json_:
        console.emit_json({"stage": stage, "prompts": prompts, "shared_prefix": shared_prefix(built)})
        return 0
    for item in prompts:
        console.paragraph(f"── {', '.join(item['ids'])} · about {item['tokens']:,} tokens ──")
        for message in item["messages"]:
            console.paragraph(f"[{message['role']}]")
            console.quotation(message["content"])
        if "text" in item:
            console.paragraph("[or, without a chat template]")
            console.quotation(f"{item['text']}\n")
    shared = shared_prefix(built)
    if shared["tokens"]:
        console.paragraph(
            f"the first {shared['tokens']:,} tokens, {shared['share']:.0%} of a prompt, are the same in all"
        )
    console.next_step(invocation.line("preview"))
    return 0


def _rows(built: Built, groups: Groups, number: int) -> Iterator[dict[str, Any]]:
    """The prompts of the first rows of a correlated run, of whole groups: at least the first one's, at most all."""
    most = built.recipe.options.count
    wanted = -(-min(max(number, 1), most) // groups.size) * groups.size
    cut = groups.cut
    slots = list(built.slots(cut.end(wanted)))
    units = (groups.unit(slots[start : start + cut.width(start)], 1) for start in cut.starts(wanted))
    rows = (zip(unit.rows, groups.generate.request(unit)["rows"], strict=True) for unit in units)
    for row, asked in islice(chain.from_iterable(rows), wanted):
        prompt = asked["prompt"]
        yield {
            "ids": [row.slot.id],
            "group": row.group,
            "label": row.slot.label,
            "examples": list(row.examples),
            "tokens": sum(estimate_tokens(message["content"]) for message in prompt["messages"]),
            "messages": prompt["messages"],
            "text": prompt["text"],
            "negatives": [other["messages"] for other in asked.get("negatives", ())],
        }


def _prompts(built: Built) -> Iterator[dict[str, Any]]:
    per_call = built.recipe.options.records_per_call
    slots = built.slots(-(-built.recipe.options.count // per_call) * per_call)
    while batch := tuple(islice(slots, per_call)):
        unit = built.unit(batch, 1)
        messages = built.chat.prompt(unit).messages
        yield {
            "ids": [slot.id for slot in unit.slots],
            "examples": list(unit.examples),
            "tokens": sum(estimate_tokens(message.content) for message in messages),
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "response_format": built.chat.format(len(batch)),
        }
