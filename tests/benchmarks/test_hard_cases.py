"""That the pieces of the harder cases work: what their endpoint does, and the simulation."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from benchmarks import processes
from benchmarks.cases_hard import MORE_CASES
from benchmarks.endpoint import Served, reply, text_of
from benchmarks.items import write_items
from benchmarks.laws import Law, greedy_span
from benchmarks.processes import BenchError, Endpoint, Expected, datagen_command, measure, offline_command
from benchmarks.virtual import simulate


def test_refused_and_silent_items_are_so_at_every_attempt() -> None:
    law = Law(latency="fixed", refused=(3,), silent=(5,))
    assert [law.draw(3, attempt) for attempt in (1, 2)] == [(0.0, "400")] * 2
    assert law.draw(5, 1) == (math.inf, "silent")
    assert law.draw(4, 1) == (0.2, "")
    assert reply(1, "400", 1.0).startswith(b"HTTP/1.1 400 ")
    assert b"not allowed" in reply(1, "400", 1.0)
    assert Law(**json.loads(json.dumps(law.to_dict()))).draw(3, 1) == (0.0, "400")


def test_an_endpoint_that_is_away_drops_what_comes_in_that_time(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter((100.0, 100.9, 101.0, 102.9, 103.0))
    monkeypatch.setattr("benchmarks.endpoint.time.monotonic", lambda: next(times))
    served, faults = Served(Law(away_s=(1.0, 3.0)), {}), []
    for _ in range(5):
        line, answer = served.arrive(b'{"seed":7}')
        faults.append(line[5])
        assert bool(answer) == (line[5] != "away")
    assert faults == ["", "", "away", "away", ""]


@pytest.mark.slow
def test_the_product_leaves_a_stuck_slot_out_and_keeps_the_rest_whole(tmp_path: Path) -> None:
    write_items(processes.RUN_SEED, 12, processes.ATTEMPTS, tmp_path)
    law = Law(faults={"truncated": 0.2, "dropped": 0.1}, refused=(4,))
    rows = tmp_path / "run" / "dataset.jsonl"
    with Endpoint(law, tmp_path) as endpoint:
        command = datagen_command(endpoint.url, tmp_path, 12, 4, "--set=limits.attempts_per_record=3")
        measure("datagen", command, tmp_path, 12, rows, expect=Expected(3, 11))
    items = json.loads((tmp_path / "items.json").read_bytes())
    whole = {text_of(int(seed)): item for seed, item in items.items()}
    found = [whole[json.loads(line)["text"]] for line in rows.read_text().splitlines()]
    assert found == [item for item in range(12) if item != 4]
    assert endpoint.log.count("400") == 3


@pytest.mark.slow
def test_a_run_that_ends_otherwise_than_expected_is_an_error(tmp_path: Path) -> None:
    rows = tmp_path / "run" / "dataset.jsonl"
    with pytest.raises(BenchError, match="exit 0, 3 of 3"):
        measure("offline", offline_command(tmp_path, 3), tmp_path, 3, rows, expect=Expected(3, None))


@pytest.mark.slow
def test_the_simulation_meets_the_greedy_schedule() -> None:
    found = simulate(3000, 100)
    assert found["sent"] == 3000
    assert found["most_in_flight"] == 100
    assert found["span_s"] <= 1.001 * found["greedy_s"]
    assert greedy_span([1.0, 2.0, 3.0], 2) == 4.0


def test_every_case_is_described() -> None:
    assert all(case.__doc__ for case in MORE_CASES.values())
