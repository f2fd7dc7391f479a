"""`python -m benchmarks`: measures the engine beside a plain loop of requests, and Self-BLEU beside nltk's loop.

Everything measured is a process of its own, so that its peak memory is its own.

Prints a table at the end, and what each case came to on stderr as it is done. Exit code 0: every bar is kept; 1: one is
not, or the bench itself cannot be trusted here.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cases import CASES as FIRST_CASES
from benchmarks.cases import Bench, Row
from benchmarks.cases_hard import MORE_CASES
from benchmarks.cases_metrics import METRIC_CASES
from benchmarks.processes import BenchError
from benchmarks.runs import Workplace
from benchmarks.table import render

COUNT, QUICK_COUNT = 1000, 100
CONCURRENCY = 100
MOST_ITEMS = 5000
CASES = {**FIRST_CASES, **MORE_CASES, **METRIC_CASES}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the cases that are asked for; returns the exit code."""
    options = _options(arguments)
    count, rounds = (QUICK_COUNT, 1) if options.quick else (options.count, options.rounds)
    rows: list[Row] = []
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Workplace(Path(folder), max(count, MOST_ITEMS), CONCURRENCY, _say), count, rounds)
        for name in options.cases or CASES:
            try:
                found = CASES[name](bench)
                _say(render(found))
                rows += found
            except BenchError as error:
                problems.append(f"{name}: {error}")
                if name == "reference":
                    break
    print(f"{count} records, {CONCURRENCY} in flight, {_machine()}; best/median of the runs")
    print(render(rows))
    for problem in problems:
        print(f"error: {problem}")
    failed = [row for row in rows if row.passed is False]
    if options.json:
        value = {"count": count, "machine": _machine(), "rows": [row.to_dict() for row in rows], "problems": problems}
        Path(options.json).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print("every bar is kept" if not failed and not problems else f"{len(failed)} bars missed, {len(problems)} errors")
    return 1 if failed or problems else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"some of: {', '.join(CASES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_COUNT} records, one round: do the pieces work")
    parser.add_argument("--count", type=int, default=COUNT, help=f"records a run (default {COUNT})")
    parser.add_argument("--rounds", type=int, default=3, help="runs a case (default 3)")
    parser.add_argument("--json", metavar="FILE", help="writes the figures there too")
    options = parser.parse_args(arguments)
    if strange := set(options.cases) - set(CASES):
        parser.error(f"no such case: {', '.join(sorted(strange))}")
    return options


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _machine() -> str:
    load = os.getloadavg()[0]
    return f"{len(os.sched_getaffinity(0))} cores, load {load:.1f}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
