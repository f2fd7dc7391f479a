"""Random examples: seeded by place, without repeats, balanced over labels."""

from __future__ import annotations

from collections import Counter

from datagen_cli.examples.random import Random


def test_a_place_always_draws_the_same_and_another_place_another() -> None:
    draw = Random(seed=7, rows=50, k=5)
    assert draw.draw(3, 1) == Random(seed=7, rows=50, k=5).draw(3, 1)
    assert draw.draw(3, 1) != draw.draw(3, 2)
    assert draw.draw(3, 1) != draw.draw(4, 1)
    assert draw.draw(3, 1) != Random(seed=8, rows=50, k=5).draw(3, 1)


def test_no_row_is_shown_twice_and_a_small_base_gives_all_it_has() -> None:
    for slot in range(50):
        assert len(set(Random(seed=1, rows=9, k=4).draw(slot, 1))) == 4
    assert sorted(Random(seed=1, rows=2, k=5).draw(0, 1)) == [0, 1]


def test_every_row_gets_its_turn() -> None:
    draw = Random(seed=1, rows=20, k=3)
    seen = Counter(row for slot in range(400) for row in draw.draw(slot, 1))
    assert set(seen) == set(range(20))
    assert max(seen.values()) < 2.0 * min(seen.values())


def test_labels_balance_a_draw() -> None:
    labels = ["a"] * 90 + ["b"] * 10
    draw = Random(seed=1, rows=100, k=4, labels=labels)
    for slot in range(50):
        assert Counter(labels[row] for row in draw.draw(slot, 1)) == {"a": 2, "b": 2}
    uneven = Random(seed=1, rows=100, k=12, labels=["a"] * 95 + ["b"] * 5)
    assert len(set(uneven.draw(0, 1))) == 12
