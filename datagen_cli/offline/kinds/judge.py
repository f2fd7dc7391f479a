"""`judge`: whether passages support a claim.

Takes the claim in `statement` and the passages in `more`, as `passages` (texts, or mappings with texts in them).
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from datagen_cli.core.task import Task
from datagen_cli.offline.corpus import pick, telling_words
from datagen_cli.offline.judging import corrected
from datagen_cli.offline.written import Plant, Written, json_reply

VERDICTS = ("supported", "contradicted", "not_found")


def answer(task: Task, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """`{"verdict": supported|contradicted|not_found, "correction", "reason"}`."""
    passages = " ".join(str(passage) for passage in task.more.get("passages") or ()).lower()
    words = telling_words((task.statement,), 40)
    right = corrected(task.statement)
    correction = None
    if right != task.statement and all(word in passages for word in telling_words((right,), 40)):
        verdict, correction = "contradicted", right
    else:
        share = sum(word in passages for word in words) / len(words) if words else 0.0
        verdict = "supported" if share >= 0.8 and right == task.statement else "not_found"
    plants = []
    if rng.random() < rates["wrong_verdict"]:
        plants.append(Plant("wrong_verdict", truth=verdict))
        verdict, correction = pick(rng, [one for one in VERDICTS if one != verdict]), None
    reason = "the passages say so" if verdict != "not_found" else "no passage speaks of it"
    return json_reply({"verdict": verdict, "correction": correction, "reason": reason}, *plants)
