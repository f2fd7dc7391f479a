"""`review`: whether a record is good, why not, and the record with its faults mended."""

from __future__ import annotations

import random
from collections.abc import Mapping

from datagen_cli.core.task import Task
from datagen_cli.offline.dataset import dataset_of
from datagen_cli.offline.judging import faults_of
from datagen_cli.offline.written import Plant, Written, json_reply


def answer(task: Task, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """`{"verdict": good|bad, "reasons", "rewrite"}`."""
    record = dict(task.record or {})
    reasons, mended = faults_of(dataset_of(task), record)
    plants = []
    if rng.random() < rates["wrong_verdict"]:
        plants.append(Plant("wrong_verdict", truth="bad" if reasons else "good"))
        reasons, mended = ([] if reasons else ["it reads a little stiff"]), {}
    rewrite = {**record, **mended} if mended else None
    return json_reply({"verdict": "bad" if reasons else "good", "reasons": reasons, "rewrite": rewrite}, *plants)
