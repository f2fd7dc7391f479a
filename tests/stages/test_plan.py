"""The plan: exact quotas, an even cover, and prefixes that never move."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen_cli.stages.plan import AttributePlan, PlanSpec, Webster, draw_slots

TOPICS = AttributePlan("topic", ("a", "b", "c"), (1.0, 1.0, 1.0))
STEPS = AttributePlan("steps", ("2", "3", "4"), (2.0, 1.0, 1.0))


def spec(**parts: object) -> PlanSpec:
    return PlanSpec("run", 7, **parts)  # type: ignore[arg-type]


def test_ids_carry_the_run_and_the_slot() -> None:
    slots = list(draw_slots(spec(), 2))
    assert [slot.id[6:] for slot in slots] == ["-000000", "-000001"]
    assert slots[0].id != next(iter(draw_slots(PlanSpec("run", 8), 1))).id


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_counts_that_add_up_to_the_house_are_met_exactly(counts: list[int]) -> None:
    seats = Webster([float(count) for count in counts])
    for _ in range(sum(counts)):
        seats.take(lambda tied: tied[0])
    assert seats.seats == counts


def test_a_balanced_quota_holds_at_every_size() -> None:
    labels = (("x", 1.0), ("y", 1.0), ("z", 1.0))
    counts: Counter[str] = Counter()
    for slot in draw_slots(spec(labels=labels), 50):
        counts[slot.label] += 1
        assert max(counts.values()) - min(counts[name] for name in "xyz") <= 1


def test_a_value_without_weight_is_never_drawn() -> None:
    drawn = {slot.label for slot in draw_slots(spec(labels=(("x", 1.0), ("y", 0.0))), 20)}
    assert drawn == {"x"}


def test_a_smaller_plan_is_a_prefix_of_a_larger_one() -> None:
    full = spec(labels=(("x", 2.0), ("y", 1.0)), attributes=(TOPICS, STEPS))
    assert list(draw_slots(full, 13)) == list(draw_slots(full, 40))[:13]


def test_attributes_keep_their_shares_and_cover_their_pairs_evenly() -> None:
    slots = list(draw_slots(spec(labels=(("x", 1.0), ("y", 1.0)), attributes=(TOPICS, STEPS)), 72))
    assert Counter(slot.attributes["steps"] for slot in slots) == {"2": 36, "3": 18, "4": 18}
    assert Counter(slot.attributes["topic"] for slot in slots) == {"a": 24, "b": 24, "c": 24}
    pairs = Counter((slot.label, slot.attributes["topic"]) for slot in slots)
    assert max(pairs.values()) - min(pairs.values()) <= 2
    triples = {(slot.label, slot.attributes["topic"], slot.attributes["steps"]) for slot in slots}
    assert len(triples) == 18


def test_a_condition_decides_where_an_attribute_is_drawn() -> None:
    currency = AttributePlan("currency", ("usd", "eur"), (1.0, 1.0), {"topic": ("a",)})
    slots = list(draw_slots(spec(attributes=(TOPICS, currency)), 30))
    for slot in slots:
        assert (slot.attributes["currency"] is not None) == (slot.attributes["topic"] == "a")
    assert Counter(slot.attributes["currency"] for slot in slots) == {None: 20, "usd": 5, "eur": 5}


def test_pins_come_first_and_count_towards_the_shares() -> None:
    pins = ({"topic": "c", "steps": "4"}, {"topic": "c"})
    slots = list(draw_slots(spec(attributes=(TOPICS, STEPS), pins=pins), 24))
    assert slots[0].attributes == {"topic": "c", "steps": "4"}
    assert slots[1].attributes["topic"] == "c"
    assert Counter(slot.attributes["topic"] for slot in slots) == {"a": 8, "b": 8, "c": 8}


def test_another_seed_draws_another_order() -> None:
    labels = tuple((name, 1.0) for name in "uvwxyz")
    first = [slot.label for slot in draw_slots(PlanSpec("run", 1, labels), 12)]
    second = [slot.label for slot in draw_slots(PlanSpec("run", 2, labels), 12)]
    assert first != second
    assert any(a != b for a, b in pairwise(first))


def test_weights_need_one_above_zero() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Webster([0.0, 0.0])
