"""The projection of a whole run from some of its records."""

from __future__ import annotations

import pytest

from datagen_cli.core.record import Call, Record, Rejection, Slot
from datagen_cli.pipeline.preview import Trace, project


def trace(slot: int, *, kept: bool = True, digest: str | None = None, cost: float | None = 0.5) -> Trace:
    record = Record(slot, 1, {"text": str(slot)})
    if not kept:
        record = record.rejected(Rejection("validate", "length"))
    call = Call(digest or str(slot), "generator", "generate", "m", 100, 10, cost)
    return Trace(Slot(slot, str(slot)), [("generate", record)], [call], seconds=2.0)


def test_refused_records_cost_further_attempts() -> None:
    traces = [trace(slot, kept=slot % 2 == 0) for slot in range(10)]
    found = project(traces, count=100, attempts=6, concurrency=10, timed=True)
    expected = found["projected"]["expected"]
    assert (found["would_be_accepted"], expected["attempts_a_record"], expected["calls"]) == (5, 2.0, 200)
    assert expected["cost_usd"] == pytest.approx(100.0)
    assert expected["seconds"] == pytest.approx(200 * 2.0 / 10)
    assert found["projected"]["low"]["calls"] < 200 < found["projected"]["high"]["calls"]


def test_where_nothing_is_kept_every_attempt_is_used() -> None:
    found = project([trace(0, kept=False)], count=10, attempts=3, concurrency=4, timed=False)
    assert found["projected"]["expected"]["calls"] == 30
    assert found["projected"]["expected"]["seconds"] is None


def test_a_call_shared_by_a_batch_counts_once_and_an_unknown_cost_stays_unknown() -> None:
    traces = [trace(slot, digest="one", cost=None) for slot in range(5)]
    found = project(traces, count=50, attempts=6, concurrency=4, timed=True)
    assert found["calls"] == 1
    assert found["projected"]["expected"]["calls"] == 10
    assert found["projected"]["expected"]["cost_usd"] is None
