"""`improve`: weak records written again for the same input.

Takes the weak records in `more`, as `weak`. Faults are those of new records; one that would repeat another gives the
weak record back as it was.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.task import Task, Wanted
from datagen_cli.offline.author import Author
from datagen_cli.offline.kinds.generate import FAULTS, asked_for
from datagen_cli.offline.written import Draft, Written, records_reply


def answer(task: Task, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """The records, with what is wrong with them on purpose."""
    author, asked = Author(task), asked_for(task)
    drafts, all_wanted = [], task.wanted or (Wanted(),)
    for wanted, weak in zip(all_wanted, task.more.get("weak", [{}] * len(all_wanted)), strict=True):
        faults = frozenset(name for name in FAULTS if rng.random() < rates[name])
        if "duplicate" in faults and all(spec.name in weak for spec in asked):
            draft = Draft(dict(weak), [("duplicate", asked[0].name, "weak")])
        else:
            draft = _better(rng, author, asked, wanted, weak, faults)
        drafts.append((draft, "malformed" in faults))
    return records_reply(rng, drafts, asked, task.form)


def _better(
    rng: random.Random, author: Author, asked: list[FieldSpec], wanted: Wanted, weak: Mapping[str, Any], faults: Any
) -> Draft:
    """A new record for the input of the weak one; where it would say the same, it says a sentence more."""
    draft = author.write(rng, wanted, faults)
    if all(draft.fields.get(spec.name) == weak.get(spec.name) for spec in asked):
        text = next((spec.name for spec in asked if spec.type == "text" and not spec.code), "")
        if text:
            draft.fields[text] = f"{draft.fields[text]} {author.pen(rng, text).more()}"
    return draft
