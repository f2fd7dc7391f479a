"""`score`: a mark from 1 to 5 for a record, as judges give it: 5 less two for every fault found, give or take one."""

from __future__ import annotations

import random
from collections.abc import Mapping

from datagen_cli.core.task import Task
from datagen_cli.offline.dataset import dataset_of
from datagen_cli.offline.judging import faults_of
from datagen_cli.offline.written import Plant, Written, json_reply


def answer(task: Task, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """`{"score": 1–5, "reason"}`."""
    reasons, _ = faults_of(dataset_of(task), dict(task.record or {}))
    score = max(1, 5 - 2 * len(reasons) - (rng.random() < 0.3))
    plants = []
    if rng.random() < rates["wrong_verdict"]:
        plants.append(Plant("wrong_verdict", truth=score))
        score = 6 - score if score != 3 else 5
    return json_reply({"score": score, "reason": reasons[0] if reasons else "nothing is wrong with it"}, *plants)
