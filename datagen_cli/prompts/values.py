"""Values of an attribute asked of the extractor: found in rows of the base, or thought of as answers to a question.

Whatever comes back was written by others (the base's authors, a model): values are screened here, and stand between
tags wherever a prompt shows them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import digits, whitespace
from typing import Any

from datagen_cli.core.chat import End, Message, Prompt
from datagen_cli.core.fields import About
from datagen_cli.core.pattern import compiled_later
from datagen_cli.core.task import Task
from datagen_cli.prompts.checking import CheckPrompts, of_dataset, read_object
from datagen_cli.prompts.echo import said_by_us
from datagen_cli.prompts.empty_words import CONTROL, is_form
from datagen_cli.prompts.ends import end_after
from datagen_cli.prompts.fences import fence
from datagen_cli.prompts.foreign import neutral, plain_value
from datagen_cli.prompts.reply_json import repair
from datagen_cli.prompts.response_format import strict_format
from datagen_cli.prompts.thinking import answer_of
from datagen_cli.prompts.wording import NAMER, ONE_VALUE

VALUES = CheckPrompts(NAMER, ("values",), {"one": ONE_VALUE})
MOST_WORDS = 8
FORM_WORDS = (
    "values",
    "value",
    "value name",
    "short text",
    "short texts",
    "shorttext",
    "answer",
    "answers",
    "attribute",
)
NUMBERED = ("text", "name", "item", "option", "example", "record")
"""What models write that give the form back, the latter with a number behind it: `text1`, `text2`."""
SHOWN: tuple[tuple[str, str, str], ...] = (
    ("The shop on Mill Road sold twelve red bicycles in May.", "colour", "red"),
    ("Anna was late for the meeting, and nobody waited for her.", "mood (how it feels)", "disappointed"),
)
"""Records of our own with an attribute and its value: what a model sees done before it names a value of one record."""
LONGEST_NAME = 2
"""Words before a full stop that may still be a name."""
_NOTHING = compiled_later(r"(?:none|unknown|unclear|n/?a|not \w+|no \w+)?", re.IGNORECASE)
_BULLET = compiled_later(r"^[^\S\n]*(?:[-*•]|\d+[.)])\s+(.+)$", re.MULTILINE)

_BOLD = compiled_later(r"\*\*(.+?)(?::\*\*|\*\*\s*[:–—-])")
_CALLED = compiled_later(r"(?<!\s)\s*(?:the )?values?\s*:", re.IGNORECASE)
LISTED_WORDS = 4
"""Of a value that stands between commas or on a line of its own."""


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


def value_prompt(about: About, attribute: str, told: str, row: Mapping[str, Any]) -> Prompt:
    """Asks for the value of an attribute in one record, after two such questions with their answers: for models that
    cannot make a list out of several records."""
    asked = f"{neutral(attribute)} ({neutral(' '.join(told.split()))})" if told else neutral(attribute)
    turns = [
        message
        for text, name, value in SHOWN
        for message in (Message("user", _of_one({"text": text}, name)), Message("assistant", value))
    ]
    messages = (Message("system", f"{NAMER}{ONE_VALUE}\n"), *turns, Message("user", _of_one(row, asked)))
    more = {"attribute": attribute, "count": 1, "question": ""}
    return Prompt(messages, Task("extract", about, examples=(row,), more=more))


def _of_one(row: Mapping[str, Any], asked: str) -> str:
    return f"{fence('records', [row])}\n\n{asked}:\n"


def read_value(text: str) -> list[str]:
    """The value that a reply about one record names: the first of a list, else its first line where that is no
    sentence. Empty where it names none, or gives one of ours back."""
    line = answer_of(text).strip().partition("\n")[0].strip().strip("\"'*` ")
    sentence = line.endswith((".", "!", "?")) and len(line.split()) > LONGEST_NAME
    found = read_values(text)[:1] or ([] if sentence else [line.rpartition(":")[2].strip("\"'*` .,;")])
    shown = {value for _, _, value in SHOWN}
    told = [value for value in found if value.casefold() not in shown and not _NOTHING.fullmatch(value)]
    return [value for value in told if not CONTROL.search(value)]


def values_format(count: int) -> dict[str, Any]:
    """The `response_format` of up to `count` values."""
    values = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": count}
    return strict_format("values", {"values": values})


def read_values(text: str) -> list[str]:
    """The texts that a reply names, in order: of a JSON list under whatever name, else of one with bullets, with commas
    or of short lines; empty where there is none."""
    whole = re.sub(r"^[ \t]*```.*$", "", answer_of(text), flags=re.MULTILINE).strip()
    found: Any = (read_object(text, "values") or {}).get("values")
    if isinstance(found, dict):
        found = list(found)
    if not isinstance(found, list | str):
        found = _listed(whole)
    if not isinstance(found, list):
        found = _in_words(found if isinstance(found, str) else whole)
    texts = [next(iter(one.values()), "") if isinstance(one, dict) else one for one in found]
    return [
        " ".join(str(text).split()).strip("\"'*` .,;")
        for text in texts
        if isinstance(text, str | int | float) and not CONTROL.search(str(text))
    ]


def _listed(text: str) -> list[Any] | None:
    """The list that a text in JSON or nearly so is, or holds alone."""
    start = next((place for place, sign in enumerate(text) if sign in "{["), None)
    value = None if start is None else repair(text, start)
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    return value if isinstance(value, list) else None


def _in_words(text: str) -> list[str]:
    """What stands behind bullets, else between commas or on lines where all of them are short."""
    bullets = _BULLET.findall(text)
    if bullets:
        return [bold[1] if (bold := _BOLD.match(item)) else item for item in bullets]
    bare = _CALLED.sub("", text)
    several = [part for part in re.split(r"\n+|(?<!\d)[,;]" if "\n" not in bare else r"\n+", bare) if part.strip()]
    short = all(len(part.split()) <= LISTED_WORDS and part.strip()[-1] not in ".:!?{}[]" for part in several)
    return several if len(several) > 1 and short else []


def values_end(count: int) -> End:
    """Where a reply with so many values has ended."""
    return end_after(count * MOST_WORDS)


def is_value(text: str, attribute: str, told: str, fields: Sequence[str] = ()) -> bool:
    """Whether a text may be a value: a few ordinary words that give no orders, and neither the form's, the question's
    own, nor the name of one of the dataset's `fields`."""
    if not 0 < len(text.split()) <= MOST_WORDS or not plain_value(text):
        return False
    spelled = text.replace("_", " ").strip()
    unnumbered = spelled.rstrip(digits)
    bare = spelled if unnumbered == spelled else unnumbered.rstrip(f"#-{whitespace}")
    known = (attribute, *fields, *FORM_WORDS, *(NUMBERED if bare != spelled else ()))
    return not (said_by_us(text) or any(is_form(one, name, told) for one in {spelled, bare} for name in known))
