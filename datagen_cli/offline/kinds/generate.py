"""`generate`: new records, one for each that is wanted.

Each record draws every fault on its own. A record that repeats another (`duplicate`, else `near_copy`) has no fault of
content besides; of `unsolvable` and `wrong_label` the first wins.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from datagen_cli.core.fields import FieldSpec
from datagen_cli.core.task import Task, Wanted
from datagen_cli.offline.author import Author
from datagen_cli.offline.written import Written, records_reply

FAULTS = (
    "wrong_label", "malformed", "duplicate", "unsolvable", "off_constraint", "contradicted", "near_copy", "injected",
)  # fmt: skip


def answer(task: Task, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """The records, with what is wrong with them on purpose."""
    author = Author(task)
    given = {"duplicate", "near_copy"} if task.about.given else set()  # a record for a given input repeats no other
    drafts = []
    for wanted in task.wanted or (Wanted(),):
        faults = frozenset(name for name in FAULTS if rng.random() < rates[name]) - given
        faults |= {"next_label"} & rates.keys()
        draft = author.repeat(rng, wanted, faults) or author.write(rng, wanted, faults)
        drafts.append((draft, "malformed" in faults))
    return records_reply(rng, drafts, asked_for(task), task.form)


def asked_for(task: Task) -> list[FieldSpec]:
    """The fields that the reply holds."""
    written = list(task.about.written) or [FieldSpec("text")]
    return [spec for spec in written if spec.name in task.fields] if task.fields else written
