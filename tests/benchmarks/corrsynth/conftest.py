"""A teacher of CI size, trained once for the tests of this folder: about 50,000 tokens, some seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.corrsynth.news import Item, read_items, split
from benchmarks.corrsynth.train import Shape, Teacher, train

SMALL = Shape(width=128, layers=2, heads=2, inner=344, vocabulary=1500, length=160, batch=2)
ROWS = 2000


@dataclass(frozen=True, slots=True)
class Trained:
    """The folder of a trained teacher, what training came to, and the items that it learnt from and that it did not."""

    folder: Path
    result: Teacher
    items: list[Item]
    others: list[Item]


@pytest.fixture(scope="session")
def trained(sample: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Trained:
    items, others = split(read_items(sample("ag_news/train.jsonl"))[:ROWS])
    folder = tmp_path_factory.mktemp("teacher")
    return Trained(folder, train(folder, items, others, tokens=50_000, shape=SMALL), items, others)
