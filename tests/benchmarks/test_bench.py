"""That the pieces of the bench work. How fast anything is says `make bench`, never a test."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import endpoint as served_module
from benchmarks import processes
from benchmarks.cases import CASES, Bench, Limit, Qualified, Row, qualify
from benchmarks.endpoint import Connection, Served, reply, text_of
from benchmarks.items import write_items
from benchmarks.laws import FAULTS, Law, greedy_span
from benchmarks.processes import BenchError, Endpoint, datagen_command, measure, read_log, reference_command
from benchmarks.runs import committed_rows, committed_seeds
from benchmarks.table import render
from datagen_cli.llm.cache import CallCache
from datagen_cli.llm.provider import RawReply

BROKEN = {"429": 0.1, "500": 0.1, "malformed": 0.1, "truncated": 0.1, "dropped": 0.1}


def body_of(raw: bytes) -> dict[str, Any]:
    head, _, body = raw.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    assert length and int(length[1]) == len(body)
    return dict(json.loads(body))


def test_a_law_is_a_function_of_seed_item_and_attempt() -> None:
    law, same, other = (Law(seed=seed, latency="lognormal", faults=BROKEN) for seed in (1, 1, 2))
    places = [(item, attempt) for item in range(50) for attempt in (1, 2)]
    assert [law.draw(*place) for place in places] == [same.draw(*place) for place in reversed(places)][::-1]
    assert [law.draw(*place) for place in places] != [other.draw(*place) for place in places]
    assert len({law.draw(*place)[0] for place in places if law.draw(*place)[1] != "429"}) > 80


def test_a_law_survives_the_way_to_the_endpoint() -> None:
    law = Law(seed=3, latency="fixed", faults={"429": 0.05}, capacity=50)
    assert Law(**json.loads(json.dumps(law.to_dict()))) == law


def test_the_shares_of_faults_and_the_median_latency_are_those_of_the_law() -> None:
    law = Law(latency="lognormal", faults={"429": 0.05, "malformed": 0.03})
    drawn = [law.draw(item, 1) for item in range(5000)]
    assert 0.04 < sum(fault == "429" for _, fault in drawn) / 5000 < 0.06
    assert 0.02 < sum(fault == "malformed" for _, fault in drawn) / 5000 < 0.04
    assert {fault for _, fault in drawn} == {"", "429", "malformed"}
    latencies = sorted(seconds for seconds, fault in drawn if fault != "429")
    assert latencies[len(latencies) // 2] == pytest.approx(0.2, rel=0.05)


@pytest.mark.parametrize("wrong", [{"latency": "gaussian"}, {"faults": {"418": 0.1}}])
def test_a_law_that_does_not_exist_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no such"):
        Law(**wrong)


def test_the_greedy_schedule_starts_each_as_soon_as_a_place_is_free() -> None:
    assert greedy_span([], 2) == 0
    assert greedy_span([1, 1, 1], 2) == 2
    assert greedy_span([3, 1, 1, 1], 2) == 3
    assert greedy_span([1, 1, 1, 3], 2) == 4
    assert greedy_span([0.2] * 1000, 100) == pytest.approx(2.0)


def test_a_whole_reply_holds_one_record_with_a_text_of_its_own() -> None:
    texts = []
    for key in (1, 2, 2**31 - 1):
        body = body_of(reply(key, "", 1.0))
        choice = body["choices"][0]
        records = json.loads(choice["message"]["content"])["records"]
        assert choice["finish_reason"] == "stop"
        assert body["usage"]["total_tokens"] == sum(served_module.TOKENS)
        assert records == [{"text": text_of(key)}]
        texts.append(records[0]["text"])
    assert len(set(texts)) == 3


def test_broken_replies_are_broken_in_the_way_they_say() -> None:
    assert reply(1, "429", 1.5).startswith(b"HTTP/1.1 429 ")
    assert b"Retry-After: 1.5\r\n" in reply(1, "429", 1.5)
    assert b"Retry-After" not in reply(1, "429", 0)
    assert reply(1, "500", 1.0).startswith(b"HTTP/1.1 500 ")
    assert reply(1, "dropped", 1.0) == b""
    for fault, finish in (("malformed", "stop"), ("truncated", "length")):
        choice = body_of(reply(1, fault, 1.0))["choices"][0]
        assert choice["finish_reason"] == finish
        with pytest.raises(ValueError):
            json.loads(choice["message"]["content"])


def test_the_endpoint_counts_how_often_an_item_is_asked_for() -> None:
    served = Served(Law(), {11: 0, 12: 0, 13: 1})
    lines = [
        served.arrive(b'{"messages":[{"content":"\\"seed\\": 99"}],"seed":%d}' % seed)[0] for seed in (11, 13, 12, 77)
    ]
    assert [line[:3] for line in lines] == [[0, 1, 11], [1, 1, 13], [0, 2, 12], [77, 1, 77]]


def test_without_a_seed_the_body_says_which_item_it_is() -> None:
    served = Served(Law(), {})
    first, again, other = (served.arrive(body)[0] for body in (b'{"a":1}', b'{"a":1}', b'{"a":2}'))
    assert first[0] == again[0] != other[0]
    assert (first[1], again[1]) == (1, 2)


def test_more_than_the_capacity_gets_a_429_at_once() -> None:
    served = Served(Law(latency="fixed", capacity=2), {})
    lines = [served.arrive(b'{"seed":%d}' % seed)[0] for seed in range(3)]
    assert [line[5] for line in lines] == ["", "", "429"]
    assert lines[2][6] == 0
    served.leave(lines[0], sent=True)
    served.leave(lines[2], sent=True)
    assert served.arrive(b'{"seed":4}')[0][5] == ""
    assert served.most_in_flight == 3


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def abort(self) -> None:
        self.aborted = True


def test_a_request_may_arrive_in_any_two_pieces_and_two_in_one() -> None:
    request = b'POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 11\r\nHost: x\r\n\r\n{"seed": 5}'
    for cut in range(len(request)):
        served, wire = Served(Law(), {}), Wire()
        connection = Connection(served, None)  # type: ignore[arg-type]
        connection.connection_made(wire)
        connection.data_received(request[:cut])
        assert not wire.sent
        connection.data_received(request[cut:] + request)
        assert wire.sent == [reply(5, "", 1.0)] * 2
        assert [line[1] for line in served.log] == [1, 2]


def test_a_dropped_connection_gets_nothing_and_is_closed() -> None:
    served, wire = Served(Law(faults={"dropped": 1.0}), {}), Wire()
    connection = Connection(served, None)  # type: ignore[arg-type]
    connection.connection_made(wire)
    connection.data_received(b'POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n{"seed":5}')
    assert wire.aborted and not wire.sent


@pytest.mark.slow
def test_the_reference_loop_gets_every_record_through_every_fault(tmp_path: Path) -> None:
    write_items(processes.RUN_SEED, 40, processes.ATTEMPTS, tmp_path)
    law = Law(latency="fixed", latency_s=0.005, faults=BROKEN, retry_after_s=0.01)
    out = tmp_path / "out.jsonl"
    with Endpoint(law, tmp_path) as endpoint:
        run = measure("reference", reference_command(endpoint.url, tmp_path, 40, 20, out), tmp_path, 40, out)
    log = endpoint.log
    assert (run.exit_code, run.records) == (0, 40)
    assert run.wall_s > 0 and run.cpu_s > 0 and run.rss_mb > 5
    assert 0 < log.first - run.started < run.wall_s and 0 < log.span_s < run.wall_s
    assert 0 < log.most_in_flight <= 20
    assert {request.fault for request in log.requests} == {"", *FAULTS}
    assert log.count("") == 40
    assert all(
        (request.latency_s, request.fault) == law.draw(request.item, request.attempt) for request in log.requests
    )
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    seeds = json.loads((tmp_path / "seeds.json").read_bytes())
    assert {row["id"]: row["text"] for row in rows} == {item: text_of(seed) for item, seed in enumerate(seeds)}


@pytest.mark.slow
def test_the_bench_knows_which_item_a_request_of_the_product_is_for(tmp_path: Path) -> None:
    write_items(processes.RUN_SEED, 6, processes.ATTEMPTS, tmp_path)
    with Endpoint(Law(faults={"malformed": 0.3}), tmp_path) as endpoint:
        dataset = tmp_path / "run" / "dataset.jsonl"
        measure("datagen", datagen_command(endpoint.url, tmp_path, 6, 3), tmp_path, 6, dataset)
    requests = endpoint.log.requests
    assert {request.item for request in requests} == set(range(6))
    assert len(requests) == 6 + endpoint.log.count("malformed") > 6
    calls = tmp_path / "run" / "calls.sqlite"
    assert committed_seeds(calls, tmp_path) == {request.seed for request in requests}


def test_a_run_that_fails_ends_the_measurement_with_what_it_said(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such thing')"]
    with pytest.raises(BenchError, match="no such thing"):
        measure("broken", command, tmp_path, 1, tmp_path / "none.jsonl")


@pytest.mark.parametrize("most_s", [60.0, 0.01])
def test_the_endpoint_ends_with_its_parent_and_at_its_bound(most_s: float) -> None:
    settings = json.dumps({"law": {}, "most_s": most_s})
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.endpoint", settings],
        cwd=processes.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        assert int(process.stdout.readline()) > 0
        if most_s > 1:
            process.stdin.close()
        assert process.wait(600) == 0
        assert read_log(process.stdout.read()).requests == []
    finally:
        process.kill()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"requests": [[1]], "most_in_flight": 0, "cpu_s": 0}'])
def test_an_endpoint_that_broke_is_said(text: str) -> None:
    with pytest.raises(BenchError):
        read_log(text)


async def test_committed_replies_are_read_from_a_call_cache(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    assert committed_rows(path) == 0
    cache = CallCache(path)
    for seed in (5, 6):
        await cache.put(f"{seed:032x}", RawReply("text", "stop", 1, 1, "m"), b'{"messages":[],"seed":%d}' % seed)
    assert committed_rows(path) == 2
    assert committed_seeds(path, tmp_path) == {5, 6}
    cache.close()


def test_a_row_is_judged_by_the_best_of_its_runs() -> None:
    row = Row("case", "s", (2.0, 1.0), (1.2, 3.0), Limit("<=", 1.2), Limit("<=", 1.1))
    assert (row.passed, row.reached, row.ratio) == (True, False, 1.2)
    rate = Row("case", "records/s", (2000.0,), (900.0, 1100.0), Limit(">=", 1000), more_is_better=True)
    assert (rate.passed, rate.reached, rate.ratio) == (True, None, 0.55)
    ratio = Row("case", "wall", (2.0,), (3.0,), goal=Limit("<=", 1.4), limited=1.5)
    assert (ratio.passed, ratio.reached) == (None, False)
    alone = Row("case", "requests/s", (4000.0, 5000.0), (), Limit(">=", 5000), more_is_better=True)
    assert (alone.passed, alone.ratio) == (True, None)
    for any_row in (row, rate, ratio, alone):
        json.dumps(any_row.to_dict(), default=str)


def test_the_table_shows_figures_ratios_and_verdicts() -> None:
    rows = [
        Row("first", "s", (1.0,), (1.5, 2.5), Limit("<=", 1.0)),
        Row("first", "records/s", (), (1234.5,), Limit(">=", 1000), Limit(">=", 1200), more_is_better=True),
    ]
    head, line, one, two = render(rows).splitlines()
    assert head.startswith("case ") and set(line) == {"-"}
    assert one.split() == ["first", "s", "1", "1.500/2", "1.50", "<=", "1", "FAIL"]
    assert two.split() == ["records/s", "1234", ">=", "1000", "pass", ">=", "1200", "reached"]


def test_the_reference_loop_stays_short_and_every_case_is_described() -> None:
    script = Path(processes.__file__).with_name("reference.py")
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 60
    assert all(case.__doc__ for case in CASES.values())


def test_bars_of_seconds_and_rates_are_as_much_wider_as_the_machine_is_slower() -> None:
    bench = Bench(None, 10, 1)  # type: ignore[arg-type]
    bench._qualified = Qualified(rates=(2400.0, 2500.0), costs=(0.3, 0.25))
    assert bench.qualified.slowness == 2.0
    assert bench.at_least(1000) == Limit(">=", 500)
    assert bench.at_most(0.6) == Limit("<=", 1.2)
    assert bench.at_most(1.05, over=1).number == pytest.approx(1.1)
    bench._qualified = Qualified(rates=(9000.0,), costs=(0.1,))  # a faster machine: the bars stay
    assert bench.at_least(1000) == Limit(">=", 1000) and bench.at_most(0.6) == Limit("<=", 0.6)


def test_a_machine_that_is_far_too_slow_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        def reference(self, law: Law, count: int) -> Any:
            return SimpleNamespace(cpu_s=0.0002 * count, log=SimpleNamespace(span_s=count / 1000))

    with pytest.raises(BenchError, match="only 1000 requests/s"):
        qualify(Bench(Slow(), 10, 1))  # type: ignore[arg-type]
