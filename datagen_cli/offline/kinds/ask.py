"""`ask`: whether a statement holds of a record. What is said of questions is counted; else no order may stand in it."""

from __future__ import annotations

import random
from collections.abc import Mapping

from datagen_cli.core.task import Task
from datagen_cli.offline.judging import orders_in
from datagen_cli.offline.written import Plant, Written, json_reply


def answer(task: Task, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """`{"verdict": yes|no, "reason"}`."""
    texts = " ".join(value for value in (task.record or {}).values() if isinstance(value, str))
    holds = texts.count("?") == 1 if "one question" in task.statement.lower() else not orders_in(texts)
    plants = []
    if rng.random() < rates["wrong_verdict"]:
        plants.append(Plant("wrong_verdict", truth="yes" if holds else "no"))
        holds = not holds
    reason = "it holds as far as I can see" if holds else "the record says otherwise"
    return json_reply({"verdict": "yes" if holds else "no", "reason": reason}, *plants)
