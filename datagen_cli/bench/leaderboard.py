"""The leaderboard: a row for each candidate and setting, ranks with ties, pairs, what is worth its money, in words.

Ranks stand only between rows of one setting that have all their records. Kinds of PGR are measures of their own. The
same runs give the same bytes, however often they were interrupted: times and tokens stand in `cells.json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen_cli.bench.gap import Estimate, compared, ranks
from datagen_cli.bench.measured import Measured, Work
from datagen_cli.evaluation.correctness import Correctness

Key = tuple[str, str]
"""Setting and candidate."""
HEADS = ("pgr[", "gain[")


@dataclass
class LeaderboardRow:
    """One candidate under one setting, seeds pooled."""

    generator: str
    setting: str
    n: int
    seeds: int
    work: Work | None = None
    varied: Mapping[str, str] = field(default_factory=dict)
    simulated: bool = False
    short: str = ""
    measured: dict[str, Measured] = field(default_factory=dict)

    @property
    def metrics(self) -> dict[str, dict[str, Any]]:
        """Measures that have a value, as JSON."""
        return {name: _entry(found) for name, found in self.measured.items() if found.measure.value is not None}

    @property
    def missing(self) -> dict[str, str]:
        """Why the others have none."""
        return {name: found.measure.reason for name, found in self.measured.items() if found.measure.value is None}


def _entry(found: Measured) -> dict[str, Any]:
    measure = found.measure
    result: dict[str, Any] = {"value": _rounded(measure.value)}
    if measure.interval is not None:
        result["interval"] = [_rounded(end) for end in measure.interval]
    result |= {"direction": measure.direction, "signature": measure.signature}
    return result | ({"simulated": True, "source": found.source} if found.simulated else {})


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 6)


def documented(rows: Sequence[LeaderboardRow], head: Mapping[str, Any]) -> dict[str, Any]:
    """The content of `leaderboard.json`; `head` stands before the rows."""
    found = [_row(row) for row in rows]
    pairs: list[dict[str, Any]] = []
    for setting in dict.fromkeys(row.setting for row in rows):
        whole = [
            (row, shown) for row, shown in zip(rows, found, strict=True) if row.setting == setting and not row.short
        ]
        for name in dict.fromkeys(name for row, _ in whole for name in row.measured):
            pairs += _compare(setting, name, [item for item in whole if name in item[1]["metrics"]])
        _mark_pareto(whole)
    verdicts = [verdict(setting, rows, pairs) for setting in dict.fromkeys(row.setting for row in rows)]
    short = [{"generator": row.generator, "setting": row.setting, "reason": row.short} for row in rows if row.short]
    return {**head, "rows": found, "pairs": pairs, "short": short, "verdict": [text for text in verdicts if text]}


def _row(row: LeaderboardRow) -> dict[str, Any]:
    work = row.work
    shown: dict[str, Any] = {"generator": row.generator, "setting": row.setting, "n": row.n, "seeds": row.seeds}
    if work is not None:
        shown["yield"] = _rounded(work.accepted / work.attempts) if work.attempts else None
        shown["cost_usd"] = None if work.cost_usd is None else round(work.cost_usd, 9)
    shown["simulated"] = row.simulated
    shown["metrics"] = row.metrics
    if row.varied:
        shown["varied"] = dict(row.varied)
    if row.missing:
        shown["missing"] = row.missing
    if row.short:
        shown["short"] = row.short
    return shown


def _compare(setting: str, name: str, items: Sequence[tuple[LeaderboardRow, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Ranks the rows by a measure and returns its pairs; nothing where an estimate is lacking or stands alone."""
    estimates = [row.measured[name].estimate for row, _ in items]
    known = [one for one in estimates if one is not None]
    if len(known) < 2 or len(known) < len(estimates) or len({one.draws.shape for one in known}) != 1:
        return []
    higher = items[0][0].measured[name].measure.direction != "lower"
    for (_, shown), place in zip(items, ranks(known, higher=higher), strict=True):
        shown["metrics"][name]["rank"] = place
    return [
        _pair(setting, name, (items[i][0], known[i]), (items[j][0], known[j]), higher)
        for i in range(len(items))
        for j in range(i + 1, len(items))
    ]


def _pair(
    setting: str, name: str, one: tuple[LeaderboardRow, Estimate], other: tuple[LeaderboardRow, Estimate], higher: bool
) -> dict[str, Any]:
    """Two rows side by side. `times` is how many times as many seeds and test rows would tell a tie apart, if the
    difference is as large as it looks."""
    value, (low, high), better = compared(one[1], other[1], higher=higher)
    found: dict[str, Any] = {
        "setting": setting,
        "metric": name,
        "a": one[0].generator,
        "b": other[0].generator,
        "difference": _rounded(value),
        "interval": [_rounded(low), _rounded(high)],
        "verdict": "tie" if not better else one[0].generator if better > 0 else other[0].generator,
    }
    if value and not better:
        found["times"] = round((max(high - value, value - low) / abs(value)) ** 2, 1)
    return found


def _mark_pareto(items: Sequence[tuple[LeaderboardRow, dict[str, Any]]]) -> None:
    """Marks the rows that no other row beats in PGR without costing more; and says what a dollar brings."""
    kinds = dict.fromkeys(name for _, shown in items for name in shown["metrics"] if name.startswith("pgr["))
    for kind in kinds:
        placed = [
            (shown["metrics"][kind]["value"], row.work.cost_usd, shown)
            for row, shown in items
            if kind in shown["metrics"] and row.work is not None and row.work.cost_usd is not None
        ]
        for value, cost, shown in placed:
            beaten = any(
                other >= value and less <= cost and (other > value or less < cost) for other, less, _ in placed
            )
            shown["metrics"][kind]["pareto"] = not beaten
            if cost > 0:
                shown["metrics"][kind]["per_usd"] = round(value / cost, 3)


def leading(metrics: Mapping[str, Any]) -> str:
    """The measure that a verdict goes by: a PGR, else correctness, else judged quality; empty without any."""
    named = [name for name in metrics if name.startswith(HEADS)]
    return next((name for name in (*named, Correctness.name, "judged_quality") if name in metrics), "")


def verdict(setting: str, rows: Sequence[LeaderboardRow], pairs: Sequence[Mapping[str, Any]]) -> str:
    """One sentence: who is best by the leading measure, or who ties there, the highest value first."""
    whole = [row for row in rows if row.setting == setting and not row.short]
    name = leading({name: None for row in whole for name in row.metrics})
    ranked = [row for row in whole if name in row.metrics]
    if len(ranked) < 2 or not any(pair["metric"] == name and pair["setting"] == setting for pair in pairs):
        return ""
    lower = ranked[0].measured[name].measure.direction == "lower"
    ranked.sort(key=lambda row: row.metrics[name]["value"], reverse=not lower)
    best = ranked[0].generator
    ties = [
        pair["b"] if pair["a"] == best else pair["a"]
        for pair in pairs
        if pair["setting"] == setting and pair["metric"] == name and best in (pair["a"], pair["b"])
        if pair["verdict"] == "tie"
    ]
    if not ties:
        return f"{setting}: {best} is the best by {name}"
    names = f"{', '.join([best, *ties[:-1]])} and {ties[-1]}"
    return f"{setting}: by {name} {names} tie at the top: no more than chance tells them apart"
