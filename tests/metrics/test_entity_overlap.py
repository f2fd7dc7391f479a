"""Entities shared with the reference."""

from __future__ import annotations

import pytest

from datagen_cli.metrics.entity_overlap import EntityOverlap, entity_overlap, overlap
from tests.metrics.given_texts import features

OWN = ["He saw Paris", "He saw Paris and London", "He met Alice", "It cost $5"]
OTHER = ["In Paris", "With Alice", "With Peter"]


def test_the_smaller_set_divides() -> None:
    assert overlap({"a", "b", "c", "d"}, {"a", "b", "x"}) == pytest.approx(2 / 3)
    assert overlap({"a"}, {"a", "b"}) == 1.0
    assert overlap({"a"}, {"b"}) == 0.0
    assert overlap(set(), {"b"}) is None


def test_the_measure_says_what_is_shared() -> None:
    measure = EntityOverlap().compute(features(OWN), features(OTHER))
    assert measure.value == pytest.approx(entity_overlap(OWN, OTHER)) == pytest.approx(2 / 3)
    assert measure.detail["types"] == {"person": 1.0, "place": 1.0}
    assert (measure.detail["shared"], measure.detail["total"]) == (["Alice", "Paris"], 2)
    assert measure.signature == "ner=rules2|N=4|R=3"


def test_names_that_are_shared_stand_before_amounts() -> None:
    texts = [*OWN, "It took 12 percent"]
    shared = EntityOverlap().compute(features(texts), features(texts)).detail["shared"]
    assert shared == ["Alice", "London", "Paris", "$5", "12 percent"]


def test_a_dataset_against_itself_shares_all() -> None:
    assert EntityOverlap().compute(features(OWN), features(OWN)).value == 1.0


@pytest.mark.parametrize(
    ("own", "other", "reason"),
    [
        (OWN, None, "no reference given"),
        (OWN, [], "reference: no rows"),
        ([], OTHER, "no rows"),
        (OWN, ["nothing"], "no entity found in the reference"),
        (["nothing"], OTHER, "no entity found in the dataset"),
    ],
)
def test_a_missing_side_gives_a_reason(own: list[str], other: list[str] | None, reason: str) -> None:
    measure = EntityOverlap().compute(features(own), None if other is None else features(other))
    assert (measure.value, measure.reason) == (None, reason)
