"""Judging order: whatever order outcomes come in, they are judged by attempt, then by slot."""

from __future__ import annotations

from itertools import permutations

from datagen_cli.core.record import Record, Rejection
from datagen_cli.pipeline.sequence import Sequence

BAD = Rejection("validate", "length")


def run(count: int, outcomes: list[Record], attempts: int = 3) -> tuple[list[tuple[int, int]], Sequence]:
    judged: list[tuple[int, int]] = []

    def judge(record: Record) -> Record:
        judged.append(record.key)
        return record.rejected(BAD) if record.fields.get("repeat") else record

    sequence = Sequence([count], judge, lambda record: record.rejection is not None and record.attempt < attempts)
    for outcome in outcomes:
        sequence.deliver(outcome)
    return judged, sequence


def test_every_order_of_arrival_gives_the_same_order_of_judging() -> None:
    outcomes = [
        Record(0, 1, {}),
        Record(1, 1, {}, rejection=BAD),
        Record(2, 1, {"repeat": True}),
        Record(1, 2, {}),
        Record(2, 2, {}),
    ]
    for order in permutations(outcomes):
        judged, sequence = run(3, list(order))
        assert judged == [(1, 0), (1, 2), (2, 1), (2, 2)]
        assert sequence.done


def test_a_missing_outcome_holds_back_what_comes_after_it() -> None:
    judged, sequence = run(3, [Record(1, 1, {}), Record(2, 1, {})])
    assert judged == []
    sequence.deliver(Record(0, 1, {}))
    assert judged == [(1, 0), (1, 1), (1, 2)]


def test_second_attempts_wait_for_all_first_ones() -> None:
    judged, sequence = run(2, [Record(0, 1, {}, rejection=BAD), Record(0, 2, {})])
    assert judged == []
    sequence.deliver(Record(1, 1, {}))
    assert judged == [(1, 1), (2, 0)]
    assert sequence.done


def test_a_slot_out_of_attempts_ends_the_sequence() -> None:
    _, sequence = run(1, [Record(0, 1, {}, rejection=BAD), Record(0, 2, {}, rejection=BAD)], attempts=2)
    assert sequence.done


def test_a_later_cohort_waits_for_every_attempt_of_the_earlier_one() -> None:
    judged: list[tuple[int, int]] = []

    def judge(record: Record) -> Record:
        judged.append(record.key)
        return record

    sequence = Sequence([2, 3], judge, lambda record: record.rejection is not None)
    for outcome in (Record(2, 1, {}), Record(0, 1, {}, rejection=BAD), Record(1, 1, {})):
        sequence.deliver(outcome)
    assert judged == [(1, 1)]
    assert not sequence.done
    sequence.deliver(Record(0, 2, {}))
    assert judged == [(1, 1), (2, 0), (1, 2)]
    assert sequence.done


def test_a_closed_slot_is_passed_over_and_what_waits_behind_it_is_judged() -> None:
    judged, sequence = run(3, [Record(1, 1, {}), Record(2, 1, {}, rejection=BAD), Record(2, 2, {})])
    assert judged == []
    sequence.close(0)
    assert judged == [(1, 1), (2, 2)]
    assert sequence.done
    assert (sequence.passed_over, sequence.accepted_past) == (1, 2)


def test_a_run_that_ends_judges_what_is_there_in_the_same_order() -> None:
    judged, sequence = run(5, [Record(3, 1, {}), Record(1, 1, {}, rejection=BAD), Record(1, 2, {}), Record(4, 1, {})])
    assert not sequence.end(100)
    assert judged == [(1, 3), (1, 4), (2, 1)]
    assert (sequence.done, sequence.passed_over) == (True, 2)


def test_a_run_that_ends_judges_in_portions_and_tells_how_far_it_is() -> None:
    """So that the loop hears a signal meanwhile; the order is that of judging all at once."""
    outcomes = [Record(slot, 1, {}) for slot in range(1, 20)]
    judged, sequence = run(20, outcomes)
    assert (judged, sequence.waiting) == ([], 19)
    portions = 0
    while sequence.end(4):
        portions += 1
        assert sequence.waiting == 20 - 4 * portions
    assert portions == 5
    assert judged == [(1, slot) for slot in range(1, 20)]
    assert (sequence.done, sequence.passed_over) == (True, 1)
