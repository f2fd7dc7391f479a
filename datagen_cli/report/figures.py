"""Figures for papers: the drawings of the page as SVG files that any program reads, with their colours written out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from datagen_cli.evaluation.projection import SIZE
from datagen_cli.metrics.exhibits import Distribution
from datagen_cli.metrics.wording import number
from datagen_cli.report.charts import REFERENCE, TALL, WIDE
from datagen_cli.report.evidence import distribution_bars, scale_of
from datagen_cli.report.html import Html, join, tag
from datagen_cli.report.page import part
from datagen_cli.report.plots import over_time, points
from datagen_cli.report.run_parts import times_of
from datagen_cli.report.sheet import Sheet

_COLOUR = re.compile(r"--([\w-]+): (#[0-9a-f]+)")
_CLASS = re.compile(r' class="(points|bar|area|line) ([\w-]+)"')
_BOX = re.compile(r'viewBox="(\S+ \S+ \S+) (\S+)"')
KEYS_TALL, ENDS_TALL = 60, 14
LOOKS = {
    "points": 'fill="none" stroke="{0}" stroke-width="7" stroke-linecap="round" opacity="0.6"',
    "bar": 'fill="{0}"',
    "area": 'fill="{0}" opacity="0.18"',
    "line": 'fill="none" stroke="{0}" stroke-width="2"',
}


def figures(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """The name and the text of each SVG file that there is something to draw for."""
    found = sheet.projection
    if found is not None:
        groups = [("s0", found.own.places)]
        if found.reference is not None:
            groups.insert(0, (REFERENCE, found.reference.places))
        drawn = points(groups, SIZE, f"PCA of {found.how}")
        yield "map", standalone(_with_below(drawn, _keys(found.reference is not None), KEYS_TALL))
    for shown in sheet.shown:
        if isinstance(shown.exhibit, Distribution):
            name = re.sub(r"\W+", "-", shown.exhibit.title.lower()).strip("-")
            for side, drawn in distribution_bars(shown.exhibit, shown.reference, "s0"):
                low, high = map(number, scale_of(shown.exhibit, shown.reference))
                said = f"{shown.exhibit.title.lower()}: {side}"
                below = [
                    tag("text", low, x=0, y=TALL + ENDS_TALL),
                    tag("text", said, x=WIDE / 2, y=TALL + ENDS_TALL, text_anchor="middle"),
                    tag("text", high, x=WIDE, y=TALL + ENDS_TALL, text_anchor="end"),
                ]
                yield f"{name}-{side}", standalone(_with_below(drawn, below, ENDS_TALL + 4))
    lines = times_of(sheet.run) if sheet.run is not None else None
    if lines is not None:
        if any(lines.in_flight):
            yield "calls-in-flight", standalone(over_time(lines.seconds, [("s0", lines.in_flight)], "calls in flight"))
        yield "records-accepted", standalone(over_time(lines.seconds, [("s3", lines.accepted)], "records accepted"))


def _keys(beside: bool) -> list[Html]:
    """What the points of the map are."""
    named = [("s0", "generated"), *([(REFERENCE, "reference")] if beside else [])]
    drawn = []
    for place, (series, name) in enumerate(named):
        x, y = 240 * place, SIZE + KEYS_TALL - 10
        drawn += [
            tag("circle", cx=x, cy=y - 10, r=10, class_=f"bar {series}"),
            tag("text", name, x=x + 24, y=y, font_size=32),
        ]
    return drawn


def _with_below(drawn: Html, marks: Sequence[Html], more: float) -> Html:
    """A drawing with these marks below it, for which it grows by `more`."""
    taller = _BOX.sub(lambda box: f'viewBox="{box[1]} {float(box[2]) + more:g}"', drawn, count=1)
    return Html(f"{taller.removesuffix('</svg>')}{join(marks)}</svg>")


def standalone(drawn: Html) -> str:
    """A drawing of the page as a file of its own: classes become colours, those of the light page."""
    light = dict(_COLOUR.findall(part("style.css").partition("@media")[0]))
    coloured = _CLASS.sub(lambda found: " " + LOOKS[found[1]].format(light.get(found[2], light["ink"])), drawn)
    plain = coloured.replace(' class="axis"', f' stroke="{light["line"]}"').replace("<title>", "<desc>")
    head = '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12" '
    return plain.replace("</title>", "</desc>").replace("<svg ", head, 1) + "\n"
