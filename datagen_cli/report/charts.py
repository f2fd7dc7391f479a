"""Small charts as inline SVG: intervals on one scale, histograms, bars of counts. Each says in words what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite

from datagen_cli.metrics.wording import number
from datagen_cli.report.html import Html, join, tag

WIDTH, MARGIN, LINE = 200.0, 6.0, 14.0
TALL, WIDE = 80.0, 320.0
REFERENCE = "reference"
PARTS = {"pass": "good", "right": "good", "unknown": "unsure", "fail": "bad", "wrong": "bad"}


@dataclass(frozen=True, slots=True)
class Mark:
    """A value with its interval, if it has one; `series` is its class: `s0`, `s1` … or `reference`."""

    value: float
    interval: tuple[float, float] | None
    series: str
    words: str


def strip(marks: Sequence[Mark], reach: tuple[float, float] | None = None) -> Html | None:
    """The marks below each other on one scale, whose ends are written below it; None where that would show nothing."""
    scale = _scale_of(marks, reach)
    if scale is None:
        return None
    low, high = scale

    def place(value: float) -> float:
        return MARGIN + (WIDTH - 2 * MARGIN) * (value - low) / (high - low)

    drawn = []
    for line, mark in enumerate(marks):
        y = LINE * (line + 0.5)
        if mark.interval:
            start, end = map(place, mark.interval)
            drawn.append(tag("line", x1=start, x2=end, y1=y, y2=y, class_=f"range {mark.series}"))
        drawn.append(_point(place(mark.value), y, mark.series))
    tall = LINE * len(marks)
    drawn.append(tag("line", x1=0, x2=WIDTH, y1=tall, y2=tall, class_="axis"))
    chart = _svg(WIDTH, tall + 1, "; ".join(mark.words for mark in marks), drawn, None)
    return tag("div", chart, scale_ends(low, high), class_="strip")


def _scale_of(marks: Sequence[Mark], reach: tuple[float, float] | None) -> tuple[float, float] | None:
    """From where to where marks are drawn: over all values there can be, or from their least one, as long as a tenth of
    that lies between the marks; else from the least to the largest of their ends. One mark alone needs both ends."""
    known = [end for mark in marks for end in (mark.value, *(mark.interval or ()))]
    if not known:
        return None
    low, high = min(known), max(known)
    least, most = reach or (-inf, inf)
    if low >= 0 and isfinite(least):
        least = max(least, 0.0)  # what could be below it hardly ever is
    if len(marks) == 1 and reach is not None:
        return (least, most) if isfinite(least) and isfinite(most) else None
    least, most = min(least, low), max(most, high) if isfinite(most) else high
    if isfinite(least) and high - low >= (most - least) / 10:
        return least, most
    return (low, high) if low < high else None


def scale_ends(low: float, high: float) -> Html:
    """The numbers at both ends of a scale, to stand below it."""
    return tag("div", tag("span", number(low)), tag("span", number(high)), class_="ends", aria_hidden="true")


def _point(x: float, y: float, series: str) -> Html:
    """A dot; the reference's is a hollow square, so that colour is not all that tells them apart."""
    if series == REFERENCE:
        return tag("rect", x=x - 4, y=y - 4, width=8, height=8, class_=f"dot {series}")
    return tag("circle", cx=x, cy=y, r=4.5, class_=f"dot {series}")


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of half-open bins of `width` from `start`."""

    start: float
    width: float
    counts: Sequence[int]

    @property
    def end(self) -> float:
        """Where the last bin ends."""
        return self.start + self.width * len(self.counts)

    @property
    def most(self) -> float:
        """The share of all that lies in the largest bin."""
        return max(self.counts, default=0) / (sum(self.counts) or 1)

    def joined(self, width: float) -> Histogram:
        """The same counts in bins of `width`, a multiple of their own, that end at its multiples; the bins as they are
        where they do not end there."""
        times = round(width / self.width)
        if times < 2 or width != times * self.width or self.start % self.width:
            return self
        first = round(self.start / self.width) % times
        counts = [0] * -(-(first + len(self.counts)) // times)
        for place, count in enumerate(self.counts, start=first):
            counts[place // times] += count
        return Histogram(self.start - first * self.width, width, counts)


def histogram(bins: Histogram, scale: tuple[float, float, float], words: str, series: str) -> Html:
    """The bins on a scale: from where to where, and the share of all that is drawn as tall as it may be."""
    low, high, tallest = scale
    wide, most = WIDE / max(high - low, 1e-9), tallest * sum(bins.counts) or 1
    bars = [
        tag(
            "rect",
            tag("title", f"{_span(bins, place)}: {count:,}"),
            x=(bins.start + place * bins.width - low) * wide,
            y=TALL * (1 - count / most),
            width=max(bins.width * wide - 1, 0.5),
            height=TALL * count / most,
            class_=f"bar {series}",
        )
        for place, count in enumerate(bins.counts)
        if count
    ]
    base = tag("line", x1=0, x2=WIDE, y1=TALL, y2=TALL, class_="axis")
    return _svg(WIDE, TALL + 1, words, [*bars, base], "histogram")


def _span(bins: Histogram, place: int) -> str:
    """The whole numbers that lie in a bin."""
    first, last = bins.start + place * bins.width, bins.start + (place + 1) * bins.width - 1
    return f"{first:,.0f}" if first == last else f"{first:,.0f} to {last:,.0f}"


def counts_table(
    caption: str, heads: tuple[str, str], counts: Mapping[str, int], reference: Mapping[str, float] | None = None
) -> Html:
    """A table of names and counts with a bar for each; where the reference has shares, both shares and bars."""
    most, whole = max(counts.values(), default=0) or 1, sum(counts.values()) or 1
    scale = max([most / whole, *(reference or {}).values()])
    rows = []
    for name, count in counts.items():
        bars = [_bar([(count / whole / scale, "s0")])]
        beside: list[Html] = []
        if reference is not None:
            bars.append(_bar([(reference[name] / scale, REFERENCE)]))
            beside = [
                tag("td", f"{100 * count / whole:.0f}\u00a0%", class_="number"),
                tag("td", f"{100 * reference[name]:.0f}\u00a0%", class_="number quiet"),
            ]
        head = tag("th", tag("bdi", name), scope="row")
        rows.append(tag("tr", head, tag("td", bars, class_="bars"), tag("td", f"{count:,}", class_="number"), beside))
    first, last = heads
    return _table(caption, (first, "", last, *(("share", "reference") if reference is not None else ())), rows)


def outcomes_table(caption: str, outcomes: Sequence[str], rows: Mapping[str, Mapping[str, int]]) -> Html:
    """A table of counts of the outcomes of each row, with a bar of their shares."""
    drawn = []
    for name, counts in rows.items():
        numbers = [tag("td", f"{counts.get(outcome, 0):,}", class_="number") for outcome in outcomes]
        drawn.append(
            tag(
                "tr",
                tag("th", tag("bdi", name), scope="row"),
                tag("td", outcomes_bar(counts, outcomes), class_="bars"),
                numbers,
            )
        )
    return _table(caption, ("", "", *outcomes), drawn)


def share_bar(share: float) -> Html:
    """A bar of this share of the width."""
    return _bar([(share, "s0")])


def outcomes_bar(counts: Mapping[str, int], outcomes: Sequence[str]) -> Html:
    """The shares of the outcomes in one bar."""
    total = sum(counts.get(outcome, 0) for outcome in outcomes) or 1
    return _bar([(counts.get(outcome, 0) / total, PARTS.get(outcome, "s0")) for outcome in outcomes])


def _bar(shares: Sequence[tuple[float, str]]) -> Html:
    """Shares of a width of 1, side by side; the numbers stand beside it, so it is hidden from screen readers."""
    drawn, x = [], 0.0
    for share, series in shares:
        if share:
            drawn.append(
                tag("rect", x=x * WIDTH, y=0, width=max(share * WIDTH, 1.0), height=10, class_=f"bar {series}")
            )
        x += share
    return tag(
        "svg", drawn, viewBox=f"0 0 {WIDTH:.0f} 10", preserveAspectRatio="none", aria_hidden="true", class_="share"
    )


def _table(caption: str, heads: Sequence[str], rows: Sequence[Html]) -> Html:
    head = tag(
        "tr",
        [
            tag("th", name, scope="col", class_="number" if place > 1 else None) if name else tag("td", class_="empty")
            for place, name in enumerate(heads)
        ],
    )
    return tag("table", tag("caption", caption), tag("thead", head), tag("tbody", rows), class_="counts")


def _svg(width: float, height: float, words: str, drawn: Sequence[Html], class_: str | None) -> Html:
    return tag("svg", join(drawn), viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=words, class_=class_)
