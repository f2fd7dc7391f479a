"""Repetition inside a text: the plain definition, loops, and what has no value."""

from __future__ import annotations

import random

import pytest

from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.repetition import Repetition, repetition
from datagen_cli.text.tokens import tokens


def features(*texts: str, groups: list[str] | None = None) -> Features:
    return Features(Dataset("d", [{"text": text} for text in texts], ("text",), groups=groups))


def plain(texts: list[str]) -> float:
    shares = []
    for text in texts:
        pairs = list(zip(tokens(text), tokens(text)[1:], strict=False))
        if pairs:
            shares.append((len(pairs) - len(set(pairs))) / len(pairs))
    return sum(shares) / len(shares)


@pytest.mark.parametrize(
    ("text", "value"),
    [("a b c d", 0.0), ("a b a b a b", 3 / 5), ("a a a a", 2 / 3), ("the end", 0.0), ("天地天地天地", 3 / 5)],
)
def test_known_values(text: str, value: float) -> None:
    assert repetition([text]) == pytest.approx(value)


@pytest.mark.parametrize("seed", range(10))
def test_it_is_the_mean_of_the_plain_definition(seed: int) -> None:
    rng = random.Random(seed)
    texts = [" ".join(rng.choices("abcd.", k=rng.randint(0, 15))) for _ in range(30)] + ["", "one"]
    assert repetition(texts) == pytest.approx(plain(texts))


def test_texts_without_a_bigram_do_not_count() -> None:
    assert repetition(["a a a", "one", ""]) == repetition(["a a a"])
    assert repetition(["one", ""]) is None
    assert Repetition().compute(features("one", "two"), None).reason == "no text has 2 tokens"


def test_loops_are_named_worst_first() -> None:
    found = Repetition().compute(features("all is new here", "go on " * 20, "a b a b a b"), None)
    assert [row["id"] for row in found.detail["rows"]] == ["2", "3"]
    assert (found.detail["loops"], found.detail["texts"]) == (2, 3)
    assert found.interval is not None and found.interval[0] <= (found.value or 0) <= found.interval[1]
    assert "2 of 3 go round in circles" in Repetition().reading(found.value or 0.0, found.detail)
