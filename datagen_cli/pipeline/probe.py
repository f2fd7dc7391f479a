"""What the whole run will take, projected from the first records, which are made: attempts, calls, tokens, cost and
time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from datagen_cli.core.chat import Usage
from datagen_cli.metrics.intervals import share_interval
from datagen_cli.pipeline.preview import Trace

Z = 1.64
"""Of a 90 % interval."""


def project(traces: Sequence[Trace], *, count: int, attempts: int, concurrency: int, timed: bool) -> dict[str, Any]:
    """The projection of `count` records from the traces of some, each with `attempts` at most.

    `low` and `high` come from a 90 % interval of the share that is kept. Time is None when answers came from the cache.
    """
    kept = sum(trace.last.rejection is None for trace in traces)
    calls = {call.digest: call for trace in traces for call in trace.calls}
    used = sum((Usage(call.tokens_in, call.tokens_out, call.cost_usd) for call in calls.values()), Usage())
    seconds = sum(trace.seconds for trace in traces)
    low, high = share_interval(kept, len(traces), z=Z) or (0.0, 1.0)
    shares = {"low": high, "expected": max(kept / len(traces), low), "high": low}

    def at(share: float) -> dict[str, Any]:
        tries = min(1.0 / share, float(attempts)) if share else float(attempts)
        factor = count * tries / len(traces)
        return {
            "attempts_a_record": round(tries, 3),
            "calls": math.ceil(factor * len(calls)),
            "tokens": {"in": math.ceil(factor * used.tokens_in), "out": math.ceil(factor * used.tokens_out)},
            "cost_usd": None if used.cost_usd is None else round(factor * used.cost_usd, 6),
            "seconds": round(factor * seconds / min(concurrency, count), 3) if timed else None,
        }

    return {
        "probed": len(traces),
        "would_be_accepted": kept,
        "calls": len(calls),
        "tokens": {"in": used.tokens_in, "out": used.tokens_out},
        "cost_usd": used.cost_usd,
        "projected": {name: at(share) for name, share in shares.items()},
    }
