"""What a run says of damage in its folder: how many lines of which file, and what is made again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from datagen_cli.metrics.wording import counted
from datagen_cli.runs.checkpoint import Checkpoint

DAMAGED = "damaged line"
FREE = "replies in the call cache cost nothing"
STATE_LOST = "run.json was damaged: what it said is made again from the checkpoints, the plan and spending.jsonl"
LASTING = frozenset({"plants.jsonl"})
"""What is written when it happens, and cannot be made again."""


def told(checkpoints: Iterable[Checkpoint], plan: int, spending: int) -> Iterator[str]:
    """A sentence for each file with damaged lines; `plan` and `spending` are counts of theirs."""
    for checkpoint in checkpoints:
        if checkpoint.damaged:
            yield f"{checkpoint.path.name}: {counted(checkpoint.damaged, DAMAGED)}, whose work is done again; {FREE}"
    if plan:
        yield f"2-plan.jsonl: {counted(plan, DAMAGED)}; the slots are planned again as they were"
    if spending:
        yield f"spending.jsonl: {counted(spending, DAMAGED)}; what was spent is at least what run.json says"


def changed(files: Sequence[str]) -> Iterator[str]:
    """Sentences for files of a finished run that are not as it left them."""
    made = [name for name in files if name not in LASTING]
    if made:
        yield f"changed or missing since the run, and made again without a call where that can be: {', '.join(made)}"
    for name in files:
        if name in LASTING:
            yield f"changed or missing since the run, and nothing can make it again: {name}"


def broken_cache(name: str, kept: int) -> str:
    """Of a call cache that was moved aside under this name, with so many replies taken out of it."""
    replies = f"{kept:,} repl{'y' if kept == 1 else 'ies'}"
    return f"the call cache was damaged and is now {name}; {replies} of it could be read and are kept"


def lost_replies(count: int) -> str:
    """Of replies whose checksum was wrong."""
    return f"calls.sqlite: {count:,} damaged repl{'y was' if count == 1 else 'ies were'} asked for again"
