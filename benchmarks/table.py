"""The bench's rows as plain text."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from benchmarks.cases import Row

HEAD = ("case", "figure", "reference", "datagen", "ratio", "bar", "", "goal", "")


def render(rows: Iterable[Row]) -> str:
    """A table; figures are `best/median` of the runs."""
    lines = [HEAD, *map(_line, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    previous, out = "", []
    for line in lines:
        shown = ("" if line[0] == previous else line[0], *line[1:])
        previous = line[0]
        out.append("  ".join(cell.ljust(width) for cell, width in zip(shown, widths, strict=True)).rstrip())
    out.insert(1, "-" * len(out[0]))
    return "\n".join(out)


def _line(row: Row) -> tuple[str, ...]:
    return (
        row.case,
        row.figure,
        _values(row, row.reference),
        _values(row, row.datagen),
        "" if row.ratio is None else f"{row.ratio:.2f}",
        "" if row.bar is None else str(row.bar),
        {None: "", True: "pass", False: "FAIL"}[row.passed],
        "" if row.goal is None else str(row.goal),
        {None: "", True: "reached", False: "missed"}[row.reached],
    )


def _values(row: Row, values: tuple[float, ...]) -> str:
    if not values:
        return ""
    if len(values) == 1:
        return _number(values[0])
    return f"{_number(row.best(values))}/{_number(median(values))}"


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 20 else f"{value:.3f}"
