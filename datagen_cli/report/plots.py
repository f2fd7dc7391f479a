"""Larger drawings as inline SVG: points on a plane, and counts over time. Each says in words what it shows."""

from __future__ import annotations

from collections.abc import Sequence

from datagen_cli.metrics.wording import duration
from datagen_cli.report.html import Html, join, tag

EDGE = 20
WIDE, TALL, LEFT, BELOW = 640.0, 150.0, 34.0, 24.0


def points(groups: Sequence[tuple[str, Sequence[tuple[int, int]]]], size: int, words: str) -> Html:
    """Points of several series, drawn in order, so that the first lie below; a series is one path of dots."""
    drawn = [
        tag("path", d="".join(f"M{x} {y}h0" for x, y in places), class_=f"points {series}")
        for series, places in groups
        if places
    ]
    box = f"{-EDGE} {-EDGE} {size + 2 * EDGE} {size + 2 * EDGE}"
    return tag("svg", join(drawn), viewBox=box, role="img", aria_label=words, class_="cloud")


def over_time(times: Sequence[float], series: Sequence[tuple[str, Sequence[float]]], words: str) -> Html:
    """Counts at several times in seconds, each series a line over the same time; the first is filled.

    Every series has its own name in `series`, as its class; all share the scale from 0 to the largest count.
    """
    end = max(times[-1] - times[0], 1e-9)
    most = max((value for _, values in series for value in values), default=0) or 1

    def place(at: float, value: float) -> str:
        x = LEFT + (WIDE - LEFT) * (at - times[0]) / end
        return f"{x:.1f} {TALL - (TALL - 8) * value / most:.1f}"

    drawn = []
    for number, (name, values) in enumerate(series):
        line = "L".join(place(at, value) for at, value in zip(times, values, strict=True))
        if number == 0:
            drawn.append(tag("path", d=f"M{LEFT} {TALL}L{line}L{WIDE} {TALL}Z", class_=f"area {name}"))
        drawn.append(tag("path", d=f"M{line}", class_=f"line {name}"))
    drawn.append(tag("line", x1=LEFT, x2=WIDE, y1=TALL, y2=TALL, class_="axis"))
    drawn.append(tag("text", f"{most:,.0f}", x=0, y=16))
    drawn.append(tag("text", "0", x=0, y=TALL))
    drawn.append(tag("text", "start", x=LEFT, y=TALL + BELOW - 4))
    drawn.append(tag("text", duration(end), x=WIDE, y=TALL + BELOW - 4, text_anchor="end"))
    return tag(
        "svg", join(drawn), viewBox=f"0 0 {WIDE:g} {TALL + BELOW:g}", role="img", aria_label=words, class_="time"
    )
