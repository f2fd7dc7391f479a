"""Which generator writes which slot."""

from __future__ import annotations

from collections import Counter

import pytest

from datagen_cli.llm.binding import Shares


def test_shares_are_kept_at_every_length() -> None:
    shares = Shares([3, 1], seed=1)
    for length in (8, 80, 800):
        counts = Counter(shares.pick(slot) for slot in range(length))
        assert counts == {0: length * 3 // 4, 1: length // 4}
    for length in range(1, 400):
        counts = Counter(shares.pick(slot) for slot in range(length))
        assert abs(counts[0] - length * 3 / 4) <= 4


def test_a_slot_keeps_its_model_whatever_was_asked_before() -> None:
    first, second = Shares([1, 1, 2], seed=5), Shares([1, 1, 2], seed=5)
    ahead = second.pick(999)
    assert [first.pick(slot) for slot in range(1000)] == [second.pick(slot) for slot in range(1000)]
    assert first.pick(999) == ahead
    assert [Shares([1, 1, 2], seed=6).pick(n) for n in range(100)] != [first.pick(n) for n in range(100)]


def test_the_choice_does_not_follow_an_alternating_label() -> None:
    shares = Shares([1, 1], seed=3)
    together = Counter((slot % 2, shares.pick(slot)) for slot in range(2000))
    assert all(420 < count < 580 for count in together.values())


@pytest.mark.slow
def test_one_model_writes_all_and_a_small_share_is_not_forgotten() -> None:
    assert {Shares([1], seed=0).pick(n) for n in range(50)} == {0}
    assert Counter(Shares([0.99, 0.01], seed=0).pick(n) for n in range(1000))[1] in (9, 10, 11)
