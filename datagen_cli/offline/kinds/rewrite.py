"""`rewrite`: a record with its faults mended and all else kept, in the form of the records of the dataset."""

from __future__ import annotations

import random
from collections.abc import Mapping

from datagen_cli.core.task import Task, Wanted
from datagen_cli.offline.author import Author
from datagen_cli.offline.judging import faults_of
from datagen_cli.offline.kinds.generate import asked_for
from datagen_cli.offline.written import Draft, Written, records_reply


def answer(task: Task, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """One record."""
    author, record = Author(task), dict(task.record or {})
    wanted = task.wanted[0] if task.wanted else Wanted()
    fields = {**record, **faults_of(author.data, record)[1], **wanted.given}
    fields = author.complete(rng, fields, wanted)
    author.keep(rng, fields, wanted.given)
    return records_reply(rng, [(Draft(fields), rng.random() < rates["malformed"])], asked_for(task), task.form)
