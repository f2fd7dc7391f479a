"""Prompts that make a record harder: DataGen's four operators (arXiv 2406.18966), and `more_steps`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.core.chat import Prompt
from datagen_cli.core.fields import About
from datagen_cli.core.task import Task
from datagen_cli.prompts.checking import CheckPrompts, of_dataset
from datagen_cli.prompts.fences import fence
from datagen_cli.prompts.wording import ONE_RECORD_FORM, OPERATORS, REWRITER

HARDER = CheckPrompts(REWRITER, ("harder",))


def harder_prompt(about: About, record: Mapping[str, Any], operator: str, asked: Sequence[str], **names: str) -> Prompt:
    """Asks for the `asked` fields of a harder record; `names` says what `text` and `choices` are called."""
    keys = ", ".join(f'"{name}"' for name in asked)
    messages = HARDER.messages(
        "harder",
        **of_dataset(about),
        record=fence("record", [dict(record)]),
        instruction=OPERATORS[operator].format(**{name: called.replace("_", " ") for name, called in names.items()}),
        answer_form=ONE_RECORD_FORM.format(keys=keys),
    )
    return Prompt(messages, Task("enhance", about, tuple(asked), record=record, more={"operator": operator}))
