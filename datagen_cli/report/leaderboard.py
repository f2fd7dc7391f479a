"""The page of `datagen bench`: the table, what is worth its money, and pairs; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.bench.leaderboard import leading
from datagen_cli.bench.tables import GRID, cells, grid_cells, heads, measures_of
from datagen_cli.report.charts import Mark, strip
from datagen_cli.report.html import Html, join, tag
from datagen_cli.report.page import page, section

WIDE, TALL, EDGE = 520.0, 260.0, 40.0
SERIES = 6


def leaderboard_page(document: Mapping[str, Any]) -> str:
    """The whole page of a leaderboard's JSON."""
    title = f"Leaderboard: {document['name'] or 'bench'}"
    banner = tag(
        "p",
        tag("strong", "Simulated data"),
        ": written by the offline model. It says nothing of a real model.",
        class_="banner",
    )
    settings = list(dict.fromkeys(row["setting"] for row in document["rows"]))
    said = [tag("p", text) for text in document["verdict"]]
    short = [
        tag("p", f"short, and not ranked: {item['setting']} · {item['generator']}: {item['reason']}")
        for item in document["short"]
    ]
    return page(
        title,
        tag("header", tag("h1", title), banner if document["simulated"] else None, said, short),
        tag(
            "main",
            section("All measures", _table(heads(document), cells(document))),
            [section(f"{name}: side by side", _strips(document, name)) for name in settings],
            section("Students of fewer records", _table(GRID, grid_cells(document))) if document.get("grid") else None,
            [section(f"{name}: cost and quality", _money(document, name)) for name in settings],
            section("Pairs", _pairs(document["pairs"])),
            section("Remarks", [tag("p", text, class_="small quiet") for text in document["notes"]]),
        ),
        tag(
            "footer",
            tag(
                "p",
                "Intervals are 95 %. #1 is a rank; = is one that is shared, since chance alone may have made the"
                f" difference. Settings {document['settings']}. Written by datagen bench.",
                class_="quiet small",
            ),
        ),
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Html:
    head = tag("tr", [tag("th", name, scope="col") for name in columns])
    body = [tag("tr", [tag("td", tag("bdi", cell)) for cell in row]) for row in rows]
    return tag("div", tag("table", tag("thead", head), tag("tbody", body)), class_="scroll wide", tabindex=0)


def _strips(document: Mapping[str, Any], setting: str) -> Html | None:
    """Each measure that ranks, with its intervals on one scale."""
    rows = [row for row in document["rows"] if row["setting"] == setting]
    drawn = []
    for name in measures_of(document):
        found = [(number, row, row["metrics"][name]) for number, row in enumerate(rows) if name in row["metrics"]]
        marks = [
            Mark(
                item["value"],
                tuple(item["interval"]) if "interval" in item else None,
                f"s{number % SERIES}",
                f"{row['generator']}: {item['value']:.3g}",
            )
            for number, row, item in found
        ]
        chart = strip(marks) if any("rank" in item for _, _, item in found) else None
        if chart is not None:
            legend = tag("p", "; ".join(mark.words for mark in marks), class_="small quiet")
            drawn.append(tag("figure", tag("figcaption", name), chart, legend))
    return tag("div", drawn, class_="charts") if drawn else None


def _money(document: Mapping[str, Any], setting: str) -> Html | None:
    """Cost against the leading measure; rows that nobody beats for less money are filled."""
    rows = [row for row in document["rows"] if row["setting"] == setting and row.get("cost_usd")]
    name = leading({name: None for row in rows for name in row["metrics"]})
    placed = [(row, row["cost_usd"], row["metrics"][name]) for row in rows if name in row["metrics"]]
    if len(placed) < 2:
        return None
    most = max(cost for _, cost, _ in placed)
    values = [item["value"] for _, _, item in placed]
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    drawn = []
    for row, cost, item in placed:
        x = EDGE + (WIDE - 3 * EDGE) * cost / most
        y = TALL - EDGE - (TALL - 2 * EDGE) * (item["value"] - low) / spread
        drawn.append(tag("circle", cx=x, cy=y, r=5, class_="dot s0" if item.get("pareto") else "dot s1"))
        drawn.append(tag("text", row["generator"], x=x + 8, y=y + 4, class_="small"))
    axes = [
        tag("line", x1=EDGE, x2=WIDE - EDGE, y1=TALL - EDGE, y2=TALL - EDGE, class_="axis"),
        tag("line", x1=EDGE, x2=EDGE, y1=EDGE / 2, y2=TALL - EDGE, class_="axis"),
        tag("text", f"USD, to {most:.4g}", x=WIDE / 2, y=TALL - EDGE / 3, class_="small"),
        tag("text", f"{name}: {low:.4g} to {high:.4g}", x=EDGE, y=EDGE / 3, class_="small"),
    ]
    words = "; ".join(f"{row['generator']}: {item['value']:.4g} for ${cost:.4g}" for row, cost, item in placed)
    return tag("svg", join(axes, drawn), viewBox=f"0 0 {WIDE:g} {TALL:g}", role="img", aria_label=words, class_="plane")


def _pairs(pairs: Sequence[Mapping[str, Any]]) -> Html | None:
    if not pairs:
        return None
    rows = [
        [
            pair["setting"],
            pair["metric"],
            f"{pair['a']} – {pair['b']}",
            f"{pair['difference']:.4g} ({pair['interval'][0]:.4g} to {pair['interval'][1]:.4g})",
            _reading(pair),
        ]
        for pair in pairs
    ]
    return _table(("setting", "measure", "pair", "difference", "reading"), rows)


def _reading(pair: Mapping[str, Any]) -> str:
    if pair["verdict"] != "tie":
        return f"{pair['verdict']} is better"
    if "times" not in pair:
        return "a tie: no difference at all"
    return f"a tie; {pair['times']:,.1f} times as many test rows and seeds might tell them apart"
