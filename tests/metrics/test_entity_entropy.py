"""Entropy of entity strings."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from datagen_cli.metrics.entity_entropy import EntityEntropy, entity_entropy, entropy_bits
from tests.metrics.given_texts import features


@pytest.mark.parametrize(
    ("counts", "value"),
    [([1, 1, 1, 1], 2.0), ([7], 0.0), ([2, 1, 1], 1.5), ([3, 0], 0.0), ([], None), ([0], None)],
)
def test_entropy_is_in_bits(counts: list[int], value: float | None) -> None:
    assert entropy_bits(counts) == (None if value is None else pytest.approx(value))


def test_it_is_measured_per_type_and_overall() -> None:
    texts = ["He met Alice in Paris", "She met Alice in London", "It met Peter in London for $5", ""]
    measure = EntityEntropy().compute(features(texts), None)
    assert measure.value == pytest.approx(entity_entropy(texts)) == pytest.approx(entropy_bits([2, 1, 1, 2, 1]))
    assert measure.detail["types"]["person"]["entropy"] == pytest.approx(entropy_bits([2, 1]))
    assert measure.detail["types"]["place"] == {"entropy": entropy_bits([1, 2]), "mentions": 3, "distinct": 2}
    assert measure.detail["types"]["money"]["entropy"] == 0.0
    assert (measure.detail["mentions"], measure.detail["distinct"]) == (7, 5)
    assert (measure.signature, measure.direction) == ("ner=rules2|N=4", "higher")


def test_texts_without_entities_have_no_value() -> None:
    assert entity_entropy(["nothing here"]) is None
    assert EntityEntropy().compute(features(["nothing here"]), None).reason == "no entity found in any text"
    assert EntityEntropy().compute(features([]), None).reason == "no rows"


@pytest.mark.samples
def test_real_news_names_more_things_than_either_generated_set(sample: Callable[[str], Path]) -> None:
    def texts(name: str) -> list[str]:
        lines = sample(name).read_text("utf-8").splitlines()
        return [json.loads(line)["text"] for line in lines[:500]]

    real = entity_entropy(texts("ag_news/train.jsonl"))
    for name in ("baseline", "targeted_tags"):
        made = entity_entropy(texts(f"synthetic/agnews_deepseek_r1_1.5b/{name}.jsonl"))
        assert real is not None and made is not None
        assert real > made + 1


def test_a_uniform_spread_is_the_logarithm_of_its_size() -> None:
    assert entropy_bits(Counter(range(32)).values()) == pytest.approx(math.log2(32))


def test_one_name_is_read_as_one_name() -> None:
    said = [EntityEntropy().reading(bits, {}) for bits in (0.0, 0.3, 3.0)]
    assert said == [*["one name, or hardly more"] * 2, "as many names as 8 equally frequent ones"]
