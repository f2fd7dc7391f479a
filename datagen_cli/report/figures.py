"""Figures for papers: the drawings of the page as SVG files that any program reads, with their colours written out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from datagen_cli.evaluation.projection import SIZE
from datagen_cli.metrics.exhibits import Distribution
from datagen_cli.report.charts import REFERENCE
from datagen_cli.report.evidence import distribution_bars
from datagen_cli.report.html import Html
from datagen_cli.report.page import part
from datagen_cli.report.plots import over_time, points
from datagen_cli.report.run_parts import times_of
from datagen_cli.report.sheet import Sheet

_COLOUR = re.compile(r"--([\w-]+): (#[0-9a-f]+)")
_CLASS = re.compile(r' class="(points|bar|area|line) ([\w-]+)"')
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
        yield "map", standalone(points(groups, SIZE, f"PCA of {found.how}"))
    for shown in sheet.shown:
        if isinstance(shown.exhibit, Distribution):
            name = re.sub(r"\W+", "-", shown.exhibit.title.lower()).strip("-")
            for side, drawn in distribution_bars(shown.exhibit, shown.reference, "s0"):
                yield f"{name}-{side}", standalone(drawn)
    lines = times_of(sheet.run) if sheet.run is not None else None
    if lines is not None:
        yield "calls-in-flight", standalone(over_time(lines.seconds, [("s0", lines.in_flight)], "calls in flight"))
        yield "records-accepted", standalone(over_time(lines.seconds, [("s3", lines.accepted)], "records accepted"))


def standalone(drawn: Html) -> str:
    """A drawing of the page as a file of its own: classes become colours, those of the light page."""
    light = dict(_COLOUR.findall(part("style.css").partition("@media")[0]))
    coloured = _CLASS.sub(lambda found: " " + LOOKS[found[1]].format(light.get(found[2], light["ink"])), drawn)
    plain = coloured.replace(' class="axis"', f' stroke="{light["line"]}"').replace("<title>", "<desc>")
    head = '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="12" '
    return plain.replace("</title>", "</desc>").replace("<svg ", head, 1) + "\n"
