"""The rows of the bench: one function a case, each with its figures, its bars and its goals.

A bar decides the exit code; a goal is what the engine is meant to reach and is only reported. Both are held against the
best of a case's runs: what else happens on the machine only ever adds. Bars of seconds and of rates are those of a
machine on which the reference loop sends 5,000 requests a second; on a slower one they are as much wider as it is
slower.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from operator import ge, le
from statistics import median
from typing import Any

from benchmarks.laws import Law, greedy_span
from benchmarks.processes import BenchError, Run
from benchmarks.runs import Pair, Workplace

REFERENCE_RATE = 5000.0
REFERENCE_CPU_MS = 0.2
REFERENCE_COUNT = 5000
REFERENCE_TRIES = 6
SLOWEST = 4.0
"""How many times slower than that a machine may be for the bench to say anything."""
FAULTS = {"429": 0.05, "500": 0.02, "malformed": 0.03}


@dataclass(frozen=True)
class Limit:
    """What a figure must be: at most (or at least) a number."""

    sign: str
    number: float

    def holds(self, value: float) -> bool:
        """Whether a value keeps it."""
        return bool((le if self.sign == "<=" else ge)(value, self.number))

    def __str__(self) -> str:
        return f"{self.sign} {self.number:.4g}"


@dataclass(frozen=True)
class Row:
    """One figure of one case: values of the reference and of the product, run by run, none where one has no part.

    `limited` holds the value that bar and goal are about when it is not the best of the product's values
    (without those, of the reference's).
    """

    case: str
    figure: str
    reference: tuple[float, ...]
    datagen: tuple[float, ...]
    bar: Limit | None = None
    goal: Limit | None = None
    limited: float | None = None
    more_is_better: bool = False

    def best(self, values: Sequence[float]) -> float:
        """The best of several values."""
        return max(values) if self.more_is_better else min(values)

    @property
    def ratio(self) -> float | None:
        """The product's best over the reference's best."""
        return self.best(self.datagen) / self.best(self.reference) if self.reference and self.datagen else None

    @property
    def value(self) -> float:
        """The value that bar and goal are about."""
        return self.best(self.datagen or self.reference) if self.limited is None else self.limited

    @property
    def passed(self) -> bool | None:
        """Whether the bar is kept; None without one."""
        return None if self.bar is None else self.bar.holds(self.value)

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        return None if self.goal is None else self.goal.holds(self.value)

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON can say it."""
        values = {"median": median(self.datagen or self.reference), "ratio": self.ratio, "value": self.value}
        return {**asdict(self), **values, "passed": self.passed, "reached": self.reached}


class Bench:
    """What the cases share: the workplace, how many records and rounds, and the runs of a single record."""

    def __init__(self, place: Workplace, count: int, rounds: int) -> None:
        self.place = place
        self.count = count
        self.rounds = rounds
        self._single: Pair | None = None
        self._zero: Pair | None = None
        self._qualified: Qualified | None = None

    @property
    def qualified(self) -> Qualified:
        """What the reference loop reaches on this machine. Raises `BenchError` on one that is far too slow."""
        if self._qualified is None:
            self._qualified = measured_reference(self)
        return self._qualified

    def at_most(self, number: float, *, over: float = 0.0) -> Limit:
        """At most so many seconds, or whatever takes longer on a slower machine; only what is beyond `over` does."""
        return Limit("<=", over + (number - over) * self.qualified.slowness)

    def at_least(self, rate: float) -> Limit:
        """At least so many a second, fewer on a slower machine."""
        return Limit(">=", rate / self.qualified.slowness)

    @property
    def single(self) -> Pair:
        """Runs of one record at zero latency: what starting up costs."""
        if self._single is None:
            self._single = self.place.pair("one record", Law(), 1, self.rounds)
        return self._single

    @property
    def zero(self) -> Pair:
        """Runs of all records at zero latency."""
        if self._zero is None:
            self._zero = self.place.pair("zero latency", Law(), self.count, self.rounds)
        return self._zero


@dataclass(frozen=True)
class Qualified:
    """Requests a second and CPU milliseconds a request of the reference loop, run by run."""

    rates: tuple[float, ...]
    costs: tuple[float, ...]

    @property
    def slowness(self) -> float:
        """How many times slower this machine is than that of the bars, at least 1."""
        return max(1.0, REFERENCE_RATE / max(self.rates), min(self.costs) / REFERENCE_CPU_MS)


def measured_reference(bench: Bench, count: int = REFERENCE_COUNT) -> Qualified:
    """Runs the reference loop until it is as fast as on the machine of the bars, or six times.

    Raises `BenchError` where it stays far slower: nothing can be said about speed there.
    """
    single = min(bench.place.reference(Law(), 1).cpu_s for _ in range(3))
    rates: list[float] = []
    costs: list[float] = []
    for _ in range(REFERENCE_TRIES):
        run = bench.place.reference(Law(), count)
        rates.append(count / run.log.span_s)
        costs.append((run.cpu_s - single) / (count - 1) * 1000)
        if len(rates) >= min(3, bench.rounds) and max(rates) >= REFERENCE_RATE and min(costs) <= REFERENCE_CPU_MS:
            break
    found = Qualified(tuple(rates), tuple(costs))
    if found.slowness > SLOWEST:
        raise BenchError(
            f"the reference loop reaches only {max(rates):.0f} requests/s at {min(costs):.3f} CPU ms each here; "
            f"below a {SLOWEST:g}th of {REFERENCE_RATE:.0f} at {REFERENCE_CPU_MS} the bench means nothing"
        )
    return found


def qualify(bench: Bench) -> list[Row]:
    """How fast this machine is, by the reference loop. Raises `BenchError` on one that is far too slow."""
    found = bench.qualified
    rate, cost, case = Limit(">=", REFERENCE_RATE), Limit("<=", REFERENCE_CPU_MS), "the reference itself"
    return [
        Row(case, "requests/s", found.rates, (), goal=rate, more_is_better=True),
        Row(case, "CPU ms a request", found.costs, (), goal=cost),
        Row(case, "bars are wider by", (found.slowness,), (), Limit("<=", SLOWEST)),
    ]


def fixed(bench: Bench) -> list[Row]:
    """Every reply after 200 ms: the limit is count / concurrency rounds of them."""
    law = Law(latency="fixed")
    pair = bench.place.pair("fixed 200 ms", law, bench.count, bench.rounds)
    limit_s = -(-bench.count // bench.place.concurrency) * law.latency_s
    case = "fixed 200 ms"
    spans = both(pair, lambda run: run.log.span_s / limit_s)
    walls = both(pair, lambda run: run.wall_s)
    return [
        Row(case, "span / limit", *spans, bench.at_most(1.05, over=1), bench.at_most(1.03, over=1)),
        Row(case, "wall s; ratio", *walls, goal=Limit("<=", 1.4), limited=min(walls[1]) / min(walls[0])),
    ]


def zero(bench: Bench) -> list[Row]:
    """No latency at all: what the product itself costs, beyond starting up."""
    pair, single, more = bench.zero, bench.single, max(1, bench.count - 1)
    case = "zero latency"

    def costs(runs: Sequence[Run], ones: Sequence[Run]) -> tuple[float, ...]:
        begun = min(run.cpu_s for run in ones)
        return tuple((run.cpu_s - begun) / more * 1000 for run in runs)

    def rates(runs: Sequence[Run], ones: Sequence[Run]) -> tuple[float, ...]:
        begun = min(run.wall_s for run in ones)
        return tuple(more / max(run.wall_s - begun, 1e-9) for run in runs)

    spans = both(pair, lambda run: run.count / run.log.span_s)
    walls = rates(pair.reference, single.reference), rates(pair.datagen, single.datagen)
    cpu = costs(pair.reference, single.reference), costs(pair.datagen, single.datagen)
    bar, goal = bench.at_least(1000), bench.at_least(2000)
    return [
        Row(case, "records/s in the span", *spans, bar, goal, more_is_better=True),
        Row(case, "records/s beyond start-up", *walls, bar, goal, more_is_better=True),
        Row(case, "CPU ms a record beyond start-up", *cpu, goal=bench.at_most(0.6)),
    ]


def start(bench: Bench) -> list[Row]:
    """From the start of the process to its first request, and the most memory it held."""
    case = "start and memory"
    firsts = both(bench.zero, lambda run: run.first_s)
    memory = both(bench.zero, lambda run: run.rss_mb)
    alone = both(bench.single, lambda run: run.cpu_s)
    return [
        Row(case, "start to first request s", *firsts, goal=bench.at_most(0.7)),
        Row(case, "peak memory MB", *memory, goal=Limit("<=", 120)),
        Row(case, "CPU s for one record", *alone),
    ]


def lognormal(bench: Bench) -> list[Row]:
    """Latencies with a heavy tail, beside the greedy schedule of the same draws in the order sent."""
    pair = bench.place.pair("lognormal", Law(latency="lognormal"), bench.count, fewer(bench))
    case = "lognormal 200 ms, σ 0.8"

    def over(run: Run) -> float:
        return run.log.span_s / greedy_span((r.latency_s for r in run.log.requests), bench.place.concurrency)

    return [
        Row(case, "span s", *both(pair, lambda run: run.log.span_s)),
        Row(case, "span / greedy schedule", *both(pair, over), goal=Limit("<=", 1.03)),
    ]


def faulty(bench: Bench) -> list[Row]:
    """5 % 429 with Retry-After 1 s, 2 % 500, 3 % malformed: all records all the same."""
    law = Law(latency="fixed", faults=FAULTS)
    pair = bench.place.pair("faults", law, bench.count, fewer(bench))
    case = "5 % 429, 2 % 500, 3 % malformed"
    walls = both(pair, lambda run: run.wall_s)
    return [
        Row(case, "wall s; ratio", *walls, goal=Limit("<=", 1.5), limited=min(walls[1]) / min(walls[0])),
        Row(case, "requests", *both(pair, lambda run: float(len(run.log.requests)))),
        Row(case, "429s met", *both(pair, lambda run: float(run.log.count("429")))),
    ]


def killed(bench: Bench) -> list[Row]:
    """`kill -9` at half, then the same command: nothing committed is asked again, and the bytes are the same."""
    found = bench.place.killed_at_half(Law(latency="fixed"), bench.count)
    case, none = "kill -9 at half, resumed", Limit("<=", 0)
    return [
        Row(case, "committed replies", (), (float(found.committed),)),
        Row(case, "of those, asked again", (), (float(len(found.again)),), none),
        Row(
            case, "asked again in all", (), (float(found.requests - bench.count),), Limit("<=", bench.place.concurrency)
        ),
        Row(case, "dataset differs", (), (float(not found.same_bytes),), none),
    ]


CASES: dict[str, Callable[[Bench], list[Row]]] = {
    "reference": qualify,
    "fixed": fixed,
    "zero": zero,
    "start": start,
    "killed": killed,
    "lognormal": lognormal,
    "faulty": faulty,
}


def fewer(bench: Bench) -> int:
    """How often the longer cases are run."""
    return min(2, bench.rounds)


def both(pair: Pair, figure: Callable[[Run], float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """A figure of all runs: of the reference, and of the product."""
    return tuple(map(figure, pair.reference)), tuple(map(figure, pair.datagen))
