"""AG News as the experiment splits it, read in place from the sample data beside the checkout.

Of `train.jsonl` all rows but the first 400 teach the teacher and the judge of labels; the first 400 are its validation
rows and the only few-shot examples. `test.jsonl` is what generated texts are compared with and what students are tested
on: nothing is trained on it, and no prompt shows any of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from datagen_cli.core.errors import UsageError

NEWS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "ag_news"
HELD_OUT = 400


@dataclass(frozen=True, slots=True)
class Item:
    """One news item: a headline and its story on one line, and its topic."""

    text: str
    label: str


def read_items(path: Path) -> list[Item]:
    """The items of a JSONL file, white space folded to single spaces. Raises `UsageError` where there is none."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint="the sample data lies beside the checkout") from error
    rows = [json.loads(line) for line in lines if line.strip()]
    return [Item(" ".join(row["text"].split()), row["label"]) for row in rows]


def split(items: list[Item]) -> tuple[list[Item], list[Item]]:
    """Items to train on, and those held out: the first 400, or the first fifth of a small set."""
    held = min(HELD_OUT, len(items) // 5)
    return items[held:], items[:held]


def taught() -> list[Item]:
    """What the teacher and the judge of labels learn from."""
    return split(read_items(NEWS / "train.jsonl"))[0]


def held_out() -> list[Item]:
    """What validates the teacher and stands in prompts as examples."""
    return split(read_items(NEWS / "train.jsonl"))[1]


def real_test() -> list[Item]:
    """The real items that everything generated is measured against."""
    return read_items(NEWS / "test.jsonl")
