"""More rows of the bench: an endpoint with a limit, broken replies, stuck slots, an outage, a cap, memory, virtual
time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.cases import Bench, Limit, Row, both, fewer
from benchmarks.endpoint import TOKENS, text_of
from benchmarks.laws import Law
from benchmarks.processes import ROOT, BenchError, Expected, Run, environment

CAPACITY = 50
REFUSED_ITEM, SILENT_ITEM = 30, 60
TIMEOUT_S, DEADLINE_S, TRIES, STRIKES, AGAIN_S = 1.0, 2.0, 2, 2, 1.0
OUTAGE_S = 20.0
CAPPED_COUNT, CAPPED_CONCURRENCY, CAP_USD, USD_PER_MILLION = 5000, 200, 600.0, 1000.0
FEW, MANY = 20, 100  # of the records of the other cases: 20,000 and 100,000
UNITS, FEW_UNITS, IN_FLIGHT = 1000, 10, 10  # of them too: 1,000,000, 10,000 and 10,000


def capacity(bench: Bench) -> list[Row]:
    """A server that takes 50 at a time and answers 429 above."""
    pair = bench.place.pair("capacity", Law(latency="fixed", capacity=CAPACITY), bench.count, fewer(bench))
    case = f"{CAPACITY} at a time, 429 above"
    walls = both(pair, lambda run: run.wall_s)
    refusals = both(pair, lambda run: float(run.log.count("429")))
    ratio, fewer_429s = min(walls[1]) / min(walls[0]), min(refusals[1]) / max(1.0, min(refusals[0]))
    return [
        Row(case, "wall s; ratio", *walls, goal=Limit("<=", 1.2), limited=ratio),
        Row(case, "429s provoked; ratio", *refusals, goal=Limit("<=", 1.0), limited=fewer_429s),
    ]


def broken(bench: Bench) -> list[Row]:
    """3 % truncated, 2 % dropped: all records, and each of them whole."""
    law = Law(latency="fixed", faults={"truncated": 0.03, "dropped": 0.02})
    wrong: list[float] = []
    items: dict[str, int] = json.loads((bench.place.folder / "items.json").read_bytes())
    seeds: dict[int, list[int]] = {}
    for seed, item in items.items():
        seeds.setdefault(item, []).append(int(seed))

    def look(run: Path) -> None:
        found = _rows(run / "dataset.jsonl")
        whole = (row["text"] in map(text_of, seeds[number]) for number, row in enumerate(found))
        wrong.append(float(len(found) - sum(whole)))

    reference = bench.place.reference(law, bench.count)
    run = bench.place.datagen(law, bench.count, look=look)
    case, walls = "3 % truncated, 2 % dropped", ((reference.wall_s,), (run.wall_s,))
    return [
        Row(case, "wall s; ratio", *walls, goal=Limit("<=", 1.5), limited=run.wall_s / reference.wall_s),
        Row(case, "records that are not the whole reply", (), tuple(wrong), Limit("<=", 0)),
        Row(case, "requests", (float(len(reference.log.requests)),), (float(len(run.log.requests)),)),
    ]


def stuck(bench: Bench) -> list[Row]:
    """One slot whose every prompt gets 400, one whose requests are never answered; the others as fast as ever, in the
    places that are left."""
    law = Law(latency="fixed", refused=(REFUSED_ITEM,), silent=(SILENT_ITEM,))
    named: list[dict[str, Any]] = []
    settings = [
        f"--set=model.timeout_s={TIMEOUT_S}",
        f"--set=model.deadline_s={DEADLINE_S}",
        f"--set=limits.attempts_per_record={TRIES}",
        f"--set=limits.patience_s={DEADLINE_S}",
    ]
    run = bench.place.datagen(
        law,
        bench.count,
        *settings,
        expect=Expected(3, bench.count - 2),
        look=lambda folder: named.extend(json.loads((folder / "run.json").read_bytes()).get("failed_slots", [])),
    )
    others = [r for r in run.log.requests if r.item not in (REFUSED_ITEM, SILENT_ITEM)]
    span_s = max(r.left or 0.0 for r in others) - run.log.first
    limit_s = -(-(bench.count - 2) // (bench.place.concurrency - 1)) * law.latency_s
    own_s = TRIES * STRIKES * (DEADLINE_S + AGAIN_S)
    slots = {int(slot["id"].rpartition("-")[2]) for slot in named if slot.get("reason")}
    case, missing = "one slot gets 400, one no answer", float(len({REFUSED_ITEM, SILENT_ITEM} - slots))
    return [
        Row(case, "span of the others / limit", (), (span_s / limit_s,), Limit("<=", 1.1), Limit("<=", 1.05)),
        Row(case, f"wall s beyond the slot's own {own_s:g} s", (), (run.wall_s - own_s,), Limit("<=", 2.0)),
        Row(case, "slots not named with a reason", (), (missing,), Limit("<=", 0)),
    ]


def outage(bench: Bench) -> list[Row]:
    """Nobody there for 20 s in the middle: all records, no attempt used up."""
    law = Law(latency="fixed", away_s=(1.0, 1.0 + OUTAGE_S))
    lost: list[float] = []
    run = bench.place.datagen(
        law, bench.count, look=lambda folder: lost.append(float(len(_rows(folder / "rejected.jsonl"))))
    )
    again = max((r.arrived for r in run.log.requests if r.fault == "away"), default=run.log.first)
    back_s = min((r.arrived for r in run.log.requests if r.arrived > again), default=again) - run.log.first
    case = "endpoint down for 20 s"
    return [
        Row(case, "wall s beyond the outage", (), (run.wall_s - OUTAGE_S,)),
        Row(case, "s until the next request after it", (), (back_s - 1.0 - OUTAGE_S,)),
        Row(case, "attempts used up", (), tuple(lost), Limit("<=", 0)),
    ]


def cap(bench: Bench) -> list[Row]:
    """`--max-cost` with 200 in flight, held against the tokens that the endpoint counts."""
    price = f"{{input_per_million: {USD_PER_MILLION}, output_per_million: {USD_PER_MILLION}}}"
    settings = [f"--set=model.price={price}", "--set=model.max_tokens=64", f"--max-cost={CAP_USD}"]
    law = Law(latency="fixed", latency_s=0.05)
    run = bench.place.datagen(
        law, CAPPED_COUNT, *settings, f"--concurrency={CAPPED_CONCURRENCY}", expect=Expected(4, None)
    )
    cost_usd = run.log.count("") * sum(TOKENS) * USD_PER_MILLION / 1e6
    case = f"--max-cost under {CAPPED_CONCURRENCY} in flight"
    return [
        Row(case, "spent / cap, as the endpoint counts", (), (cost_usd / CAP_USD,), Limit("<=", 1.0)),
        Row(case, "most in flight", (), (float(run.log.most_in_flight),)),
    ]


def memory(bench: Bench) -> list[Row]:
    """The offline model without faults: memory a further record, and how long a finished run takes to be scanned."""
    small, large = FEW * bench.count, MANY * bench.count
    few = bench.place.offline(small)[0]
    many, resumed = bench.place.offline(large, resumed=True)
    more = (many.rss_mb - few.rss_mb) * 1024 * 1024 / (large - small)
    case = f"{small:,} to {large:,} records offline"
    return [
        Row(case, "bytes a further record", (), (more,), goal=Limit("<=", 400)),
        Row(case, "records/s", (), (small / few.wall_s, large / many.wall_s), more_is_better=True),
        Row(case, "resume scan s", (), (resumed.wall_s,), goal=Limit("<=", 5.0)),
    ]


def virtual(bench: Bench) -> list[Row]:
    """The scheduler in virtual time: a million units, 10,000 in flight, latencies with a heavy tail."""
    small, large, in_flight = FEW_UNITS * bench.count, UNITS * bench.count, IN_FLIGHT * bench.count
    few, many = _simulated(small, in_flight), _simulated(large, in_flight)
    case = f"virtual time, {large:,} units"
    own = [found["cpu_s"] / found["sent"] * 1e6 for found in (few, many)]
    return [
        Row(case, "span / greedy schedule", (), (many["span_s"] / many["greedy_s"],), Limit("<=", 1.03)),
        Row(case, "CPU µs a unit", (), (own[1],)),
        Row(case, f"the same over that at {small:,} units", (), (own[1] / own[0],), goal=Limit("<=", 1.25)),
    ]


def _simulated(units: int, in_flight: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.virtual", str(units), str(in_flight)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"the simulation failed: {done.stderr[-500:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def hedged(bench: Bench) -> list[Row]:
    """Latencies with a heavy tail again, the slowest calls asked twice."""
    law = Law(latency="lognormal")
    plain: Run = bench.place.datagen(law, bench.count)
    run = bench.place.datagen(law, bench.count, "--set=limits.hedge=true")
    case = "lognormal, hedged"
    return [
        Row(case, "span s without, with", (plain.log.span_s,), (run.log.span_s,)),
        Row(case, "extra calls", (), (float(len(run.log.requests) - bench.count),), Limit("<=", 0.1 * bench.count)),
    ]


MORE_CASES = {
    "capacity": capacity,
    "broken": broken,
    "stuck": stuck,
    "outage": outage,
    "cap": cap,
    "hedged": hedged,
    "memory": memory,
    "virtual": virtual,
}
