"""Values of an attribute asked of the extractor: found in rows of the base, or thought of as answers to a question.

Whatever comes back was written by others (the base's authors, a model): values are screened here, and stand between
tags wherever a prompt shows them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.core.chat import End, Prompt
from datagen_cli.core.fields import About
from datagen_cli.core.task import Task
from datagen_cli.prompts.checking import CheckPrompts, of_dataset, read_object
from datagen_cli.prompts.empty_words import is_form
from datagen_cli.prompts.ends import end_after
from datagen_cli.prompts.fences import fence
from datagen_cli.prompts.foreign import neutral, plain_value
from datagen_cli.prompts.response_format import strict_format
from datagen_cli.prompts.thinking import answer_of
from datagen_cli.prompts.wording import NAMER

VALUES = CheckPrompts(NAMER, ("values",))
MOST_WORDS = 8
FORM_WORDS = ("values", "value", "value name")
"""What models write that give the form back."""
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+(.+)$", re.MULTILINE)


def values_prompt(
    about: About, attribute: str, told: str, count: int, rows: Sequence[Mapping[str, Any]], known: Sequence[str]
) -> Prompt:
    """Asks for up to `count` values of an attribute; `told` describes it, or is the question that values answer where
    there are no `rows`. `known` are those that were named before."""
    facts = of_dataset(about)
    messages = VALUES.messages(
        "values",
        description=facts["description"],
        attribute=neutral(attribute),
        told=neutral(" ".join(told.split())),
        count=count,
        records=fence("records", rows) if rows else "",
        known=fence("known", known) if known else "",
    )
    more = {"attribute": attribute, "count": count, "question": "" if rows else told}
    return Prompt(messages, Task("extract", about, examples=tuple(rows), avoid=tuple(known), more=more))


def values_format(count: int) -> dict[str, Any]:
    """The `response_format` of up to `count` values."""
    values = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": count}
    return strict_format("values", {"values": values})


def read_values(text: str) -> list[str]:
    """The texts that a reply names, in order: of a JSON list, else of one with bullets; empty where there is none."""
    found = (read_object(text, "values") or {}).get("values")
    if not isinstance(found, list):
        whole = answer_of(text)
        try:
            found = json.loads(whole)
        except (ValueError, RecursionError):
            found = _BULLET.findall(whole)
    if not isinstance(found, list):
        return []
    texts = [next(iter(one.values()), "") if isinstance(one, dict) else one for one in found]
    return [" ".join(str(text).split()).strip("\"'*` .,;") for text in texts if isinstance(text, str | int | float)]


def values_end(count: int) -> End:
    """Where a reply with so many values has ended."""
    return end_after(count * MOST_WORDS)


def is_value(text: str, attribute: str, told: str) -> bool:
    """Whether a text may be a value: a few ordinary words that give no orders, and neither the form's nor the
    question's own."""
    spelled = text.replace("_", " ")
    own = any(is_form(spelled, name, told) for name in (attribute, *FORM_WORDS))
    return 0 < len(text.split()) <= MOST_WORDS and plain_value(text) and not own
