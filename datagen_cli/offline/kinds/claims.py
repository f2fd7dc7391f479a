"""`claims`: the sentences of a record that could be looked up, with the names in them."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

from datagen_cli.core.task import Task
from datagen_cli.offline.written import Written, json_reply

MOST = 5
_NAMES = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z][a-z]+(?: [A-Z][a-z]+)*")


def answer(task: Task, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """`{"claims": [{"claim", "entities", "query"}]}`."""
    texts = [value for value in (task.record or {}).values() if isinstance(value, str)]
    sentences = [sentence for text in texts for sentence in re.split(r"(?<=[.!?])\s+", text)]
    claims = [
        {"claim": sentence, "entities": names, "query": " ".join(names)}
        for sentence in sentences
        if (names := _NAMES.findall(sentence)) and not sentence.endswith("?")
    ]
    return json_reply({"claims": claims[:MOST]})
