"""Where a fitting reply has ended, for models that run here and answer at once: see `core.chat.End`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from datagen_cli.core.chat import End
from datagen_cli.text.tokens import estimate_tokens

AROUND = 16
"""Tokens of a form around values."""
LONGER = 4
"""A fitting answer has at most so many times the tokens of what it is modelled on: other scripts take more."""
FEWEST_ITEMS = 8
FEWEST_CHARACTERS = 80
REASON = 300
"""Characters of one or two short sentences, and more."""
OF_VERDICT = End(tokens=300, characters={"reason": REASON, "reasons": REASON, "correction": REASON})
"""The end of a verdict, or a mark, with its reasons."""


def most_items(name: str, rows: Iterable[Mapping[str, Any]]) -> int | None:
    """The most entries of a fitting list in this field: twice those of the longest in the rows, at least eight; None
    where no row has a list. A small model often lists on until its tokens are spent."""
    lengths = [len(row[name]) for row in rows if isinstance(row.get(name), list)]
    return max(FEWEST_ITEMS, 2 * max(lengths)) if lengths else None


def most_characters(name: str, rows: Iterable[Mapping[str, Any]]) -> int | None:
    """The most characters of a fitting text in a list of this field: four times those of the longest in the rows, at
    least eighty; None where no row has one. A small model writes digits on and on."""
    lists = [row[name] for row in rows if isinstance(row.get(name), list)]
    lengths = [len(item) for items in lists for item in items if isinstance(item, str)]
    return max(FEWEST_CHARACTERS, LONGER * max(lengths)) if lengths else None


def end_after(length: int) -> End:
    """The end of an answer that is made after one of so many tokens."""
    return End(AROUND + LONGER * length)


def end_of_rewrite(fields: Mapping[str, Any]) -> End:
    """The end of a reply that gives these values anew, as JSON."""
    return end_after(estimate_tokens(json.dumps(dict(fields), ensure_ascii=False, default=str)))
