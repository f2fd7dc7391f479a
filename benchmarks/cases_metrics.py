"""The rows of the bench that are about measures: Self-BLEU beside nltk's loop, and all measures on a large set.

They need the sample data (`../shared/data`): without it they are skipped aloud, and an error where `CI=true`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.cases import Bench, Limit, Row
from benchmarks.metrics import LARGE, SAMPLES
from benchmarks.processes import BenchError

FASTER = Limit(">=", 1000)
GROWTH = Limit("<=", 2.6)
SELF_BLEU_S = Limit("<=", 15)
ALL_S, ALL_GB = Limit("<=", 60), Limit("<=", 2)
FULL_COUNT = 1000
MOST_S = 900.0


def self_bleu(bench: Bench) -> list[Row]:
    """Self-BLEU of 2,000 questions beside nltk's loop, and of n / 4, n / 2 and n texts."""
    costs = _costs(bench, "self_bleu")
    return [] if costs is None else self_bleu_rows(costs)


def measures(bench: Bench) -> list[Row]:
    """Every measure that needs no embeddings on one large set, and the most memory that it took."""
    costs = _costs(bench, "measures")
    return [] if costs is None else measure_rows(costs, _texts(bench))


def self_bleu_rows(costs: Mapping[str, Any]) -> list[Row]:
    """The rows of what `self_bleu_costs` found."""
    case, theirs, ours = "Self-BLEU, CPU s", costs["nltk_s"], costs["self_bleu_s"]
    what = f"{costs['questions']:,} questions (nltk: {costs['slice']} of them, extrapolated)"
    rows = [
        Row(case, what, (theirs,), (ours,)),
        Row(case, "times faster than nltk's loop", (), (theirs / ours,), FASTER, more_is_better=True),
    ]
    sizes = {int(size): seconds for size, seconds in costs["growth"].items()}
    for size, seconds in sizes.items():
        rows.append(Row(case, f"{size:,} texts", (), (seconds,), SELF_BLEU_S if size == LARGE else None))
    _, half, whole = sizes.values()
    return [*rows, Row(case, "twice the texts take, times as long", (), (whole / half,), GROWTH)]


def measure_rows(costs: Mapping[str, Any], count: int) -> list[Row]:
    """The rows of what `all_costs` found; measures below a tenth of a second are in the sum only."""
    case = "measures without embeddings, CPU s"
    shown = {name: seconds for name, seconds in costs["seconds"].items() if seconds >= 0.1}
    rows = [Row(case, f"  {name}", (), (seconds,)) for name, seconds in shown.items()]
    total = sum(costs["seconds"].values())
    rows.append(Row(case, f"all on {count:,} texts", (), (total,), ALL_S if count == LARGE else None))
    return [*rows, Row(case, "peak memory GB", (), (costs["peak_gb"],), ALL_GB)]


def _texts(bench: Bench) -> int:
    """A tenth of the texts where the bench is asked for fewer records than usual."""
    return LARGE if bench.count >= FULL_COUNT else LARGE // 10


def _costs(bench: Bench, part: str) -> dict[str, Any] | None:
    """What a process of its own measured; None without the sample data."""
    if not SAMPLES.is_dir():
        if os.environ.get("CI") == "true":
            raise BenchError("the sample data is not here: shared/data")
        bench.place.say(f"{part}: SKIPPED, the sample data is not here: shared/data")
        return None
    bench.place.say(f"{part}: {_texts(bench):,} texts")
    command = [sys.executable, "-m", "benchmarks.metrics", part, str(_texts(bench))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=MOST_S)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"took more than {MOST_S:.0f} s") from error
    if done.returncode:
        raise BenchError(done.stderr.strip()[-500:])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


METRIC_CASES: dict[str, Callable[[Bench], list[Row]]] = {"self_bleu": self_bleu, "measures": measures}
