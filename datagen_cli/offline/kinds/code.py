"""`code`: a program that works out the question, from the question alone."""

from __future__ import annotations

import random
from collections.abc import Mapping

from datagen_cli.core.task import Task
from datagen_cli.offline.problems.reading import program_for, spoiled
from datagen_cli.offline.written import Plant, Written


def answer(task: Task, rng: random.Random, rates: Mapping[str, float]) -> Written:
    """One fenced block of Python."""
    wrong = rng.random() < rates["wrong_program"]
    program = program_for(rng, task.question)
    plants = [Plant("wrong_program", truth=program)] if wrong else []
    return Written(f"```python\n{spoiled(rng, program) if wrong else program}\n```", plants=plants)
