"""How a plan is cut into units: few slots at first, the same units whatever the count."""

from __future__ import annotations

import pytest

from datagen_cli.pipeline.cut import Cut


@pytest.mark.parametrize(
    ("cut", "widths"),
    [
        (Cut(8, 32), [8, 8, 16, 32, 32, 32]),
        (Cut(6, 30), [6, 6, 12, 24, 30, 30]),
        (Cut(18, 18), [18, 18, 18]),
        (Cut(1, 1), [1, 1, 1, 1]),
        (Cut(5, 5), [5, 5, 5]),
        (Cut(1, 32), [1, 1, 2, 4, 8, 16, 32, 32]),
    ],
)
def test_units_double_up_to_the_most_and_every_slot_knows_its_own(cut: Cut, widths: list[int]) -> None:
    end = 0
    for width in widths:
        start, end = end, end + width
        assert cut.width(start) == width
        for slot in range(start, end):
            assert (cut.start(slot), cut.end(slot + 1)) == (start, end)
            assert [*cut.starts(slot + 1)][-1] == start
    assert (cut.end(0), [*cut.starts(0)]) == (0, [])


@pytest.mark.parametrize("cut", [Cut(8, 32), Cut(6, 30), Cut(3, 3)])
def test_a_larger_count_has_the_same_units(cut: Cut) -> None:
    most = [*cut.starts(1_000)]
    assert all([*cut.starts(count)] == most[: len([*cut.starts(count)])] for count in range(1_000))


def test_few_records_do_not_cost_a_batch_of_many() -> None:
    cut = Cut(8, 32)
    assert [cut.end(count) for count in (1, 4, 8, 9, 16, 17, 33)] == [8, 8, 8, 16, 16, 32, 64]


def test_far_slots_are_found_without_counting_up() -> None:
    cut = Cut(1, 32)
    assert cut.start(10**12) == 10**12 // 32 * 32
