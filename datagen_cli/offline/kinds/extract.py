"""`extract`: values of an attribute, found in examples or thought of.

Takes in `more`: `attribute` (its name), `count` and, where there are no examples, the `question` that values answer.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

from datagen_cli.core.task import Task
from datagen_cli.offline.corpus import Slots, listed, telling_words
from datagen_cli.offline.problems.scenes import all_scenes
from datagen_cli.offline.written import Written, json_reply


def answer(task: Task, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """`{"values": […]}`: as many different texts as were asked for."""
    name, count = str(task.more.get("attribute", "")).lower(), int(task.more.get("count") or 10)
    name += f" {task.more.get('question', '')}".lower()
    texts = [value for row in task.examples for value in row.values() if isinstance(value, str)]
    pool: list[str] = []
    if re.search(r"setting|place|location|where|scene", name):
        pool = list(listed("setting"))
    elif re.search(r"topic|subject|theme|domain", name):
        pool = sorted({topic for scene in all_scenes() for topic in scene.topics})
    rng.shuffle(pool)
    chosen = {value: None for value in [*pool, *telling_words(texts, 200)] if value not in task.avoid}
    while len(chosen) < count:
        chosen[Slots(rng).fill("{adjective} {thing} in {city}")] = None
    return json_reply({"values": list(chosen)[:count]})
