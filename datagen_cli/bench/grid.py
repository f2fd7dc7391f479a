"""Quantity against quality: what students learn from fewer records of each candidate, and what those records cost.

The students are linear. All candidates are held against the same base and against a reference of as many real rows. A
dear generator may lose to a cheap one that writes more records for the same money: `equal_cost` says where.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.bench.exams import Exam, linear, rows_for, teach
from datagen_cli.bench.gap import Estimate, GapTooSmall, compared
from datagen_cli.bench.leaderboard import LeaderboardRow
from datagen_cli.evaluation.student import Labelled
from datagen_cli.students.linear import Linear

Point = dict[str, Any]
NAME = "accuracy[tstr]"


def grid(
    setting: str,
    whole: Mapping[str, LeaderboardRow],
    rows: Mapping[str, Sequence[Labelled]],
    exam: Exam,
    sizes: Sequence[int],
    *,
    ready: bool,
) -> tuple[list[Point], list[str]]:
    """A point for every size and candidate, and remarks; sizes above what every candidate has are left out and said.

    A point: `{setting, generator, n, cost_usd, accuracy[tstr]: {value, interval}, pgr[tstr]}`, the last None where the
    reference of that size is no better than the base.
    """
    most = rows_for(rows, exam, whole=ready)
    points: list[Point] = []
    estimates: dict[tuple[str, int], Estimate] = {}
    for n in sorted({size for size in sizes if size <= most}):
        taught = teach(rows, exam, linear, Linear().signature, whole=ready, n=n)
        for name, row in whole.items():
            score = estimates[name, n] = taught.score(name)
            try:
                gap: float | None = round(taught.recovered(name).value, 3)
            except GapTooSmall:
                gap = None
            shown = {"value": round(score.value, 6), "interval": [round(end, 6) for end in score.interval]}
            point = {"setting": setting, "generator": name, "n": n, "cost_usd": _cost(row, n)}
            points.append({**point, NAME: shown, "pgr[tstr]": gap})
    larger = sorted(size for size in sizes if size > most)
    remarks = [f"{setting}: no students of {size:,} rows: every candidate has {most:,}" for size in larger]
    return points, [*remarks, *equal_cost(setting, points, estimates)]


def _cost(row: LeaderboardRow, n: int) -> float | None:
    """What n accepted records of a row cost, by what all of its records did."""
    if row.work is None or row.work.cost_usd is None or not row.work.accepted:
        return None
    return round(row.work.cost_usd * n / row.work.accepted, 9)


def equal_cost(setting: str, points: Sequence[Point], estimates: Mapping[tuple[str, int], Estimate]) -> list[str]:
    """For each size of a dearer candidate the most that a cheaper one gives for that money, and which teaches more."""
    said = []
    priced = [point for point in points if point["cost_usd"]]
    for dear in priced:
        for name in dict.fromkeys(point["generator"] for point in priced):
            within = [point for point in priced if point["generator"] == name and point["cost_usd"] <= dear["cost_usd"]]
            cheap = max(within, key=lambda point: point["n"], default=None)
            if name == dear["generator"] or cheap is None or cheap["n"] <= dear["n"]:
                continue
            _, _, sign = compared(estimates[name, cheap["n"]], estimates[dear["generator"], dear["n"]])
            better = f"{name if sign > 0 else dear['generator']} teaches more" if sign else "no more than chance apart"
            said.append(
                f"{setting}: for ${dear['cost_usd']:.2g}: {cheap['n']:,} records of {name}"
                f" {cheap[NAME]['value']:.3f}, {dear['n']:,} of {dear['generator']} {dear[NAME]['value']:.3f}: {better}"
            )
    return said
