"""The scheduler alone, in virtual time: so many units against a simulated endpoint with a heavy tail.

    python -m benchmarks.virtual UNITS IN_FLIGHT

prints one JSON object: the span and that of the greedy schedule of the same draws in the order sent (virtual seconds),
our CPU seconds (the simulated endpoint's are in them) and the peak memory in MB. Nothing is waited for.
"""

from __future__ import annotations

import json
import math
import random
import resource
import sys
import time

from benchmarks.laws import greedy_span
from datagen_cli.config.models import Limits
from datagen_cli.pipeline.engines.selector import Collector
from tests.llm.simulated import Simulated
from tests.llm.virtual import run_virtual

MEDIAN_S, SIGMA, SEED = 0.2, 0.8, 7


def simulate(units: int, in_flight: int) -> dict[str, float]:
    """Serves the units; see the module."""
    drawn = random.Random(SEED)
    world = Simulated(lambda n: MEDIAN_S * math.exp(SIGMA * drawn.gauss(0, 1)))
    began = time.process_time()
    span_s = run_virtual(world.serve(units, Limits(concurrency=in_flight)))
    cpu_s = time.process_time() - began
    return {
        "span_s": span_s,
        "greedy_s": greedy_span(world.drawn, in_flight),
        "cpu_s": cpu_s,
        "sent": float(len(world.sent)),
        "most_in_flight": float(world.most_in_flight),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    Collector().start()
    print(json.dumps(simulate(int(sys.argv[1]), int(sys.argv[2]))))
