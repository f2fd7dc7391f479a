"""The page of `datagen bench`: the tables, what is worth its money, and pairs; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.bench.leaderboard import leading
from datagen_cli.bench.tables import (
    GRID,
    NAMES,
    about_measure,
    cells,
    figures,
    grid_cells,
    heads,
    in_words,
    measures_of,
)
from datagen_cli.report.charts import Mark, strip
from datagen_cli.report.html import Html, join, tag
from datagen_cli.report.page import page, section
from datagen_cli.report.tables import cell, table, table_row

WIDE, TALL, EDGE = 520.0, 260.0, 56.0
SERIES = 6
MOST_PAIRS = 24
"""More pairs than these are there when they are asked for."""
Document = Mapping[str, Any]


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
    said = [tag("p", in_words(text), class_="lead") for text in document["verdict"]]
    short = [
        tag("p", f"short, and not ranked: {item['setting']} · {item['generator']}: {item['reason']}")
        for item in document["short"]
    ]
    names = measures_of(document)
    ranked = [name for name in names if any("rank" in row["metrics"].get(name, {}) for row in document["rows"])]
    others = [name for name in names if name not in ranked]
    front = [name for name in heads(document, ()) if name in NAMES]
    return page(
        title,
        tag("header", tag("h1", title), banner if document["simulated"] else None, said, short),
        tag(
            "main",
            section("Ranking", _board(document, ranked, heads(document, ()))) if ranked else None,
            section("Other measures", _board(document, others, front)) if others and ranked else None,
            section("All measures", _board(document, others, heads(document, ()))) if not ranked else None,
            [section(f"{name}: side by side", _strips(document, name)) for name in settings],
            section("Students of fewer records", _grid(document)),
            [section(f"{name}: cost and quality", _money(document, name)) for name in settings],
            section("Pairs", _pairs(document["pairs"], len(settings) > 1)),
            section("What the measures are", _abouts(names)),
            section("Remarks", [tag("p", in_words(text), class_="small quiet") for text in document["notes"]]),
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


def _board(document: Document, names: Sequence[str], front: Sequence[str]) -> Html:
    """A row for each candidate: its setting and what it took, as far as they stand in `front`; these measures of it."""
    rows = []
    for row, texts in zip(document["rows"], cells(document, ()), strict=True):
        told = dict(zip(heads(document, ()), texts, strict=True))
        head = tag("th", tag("bdi", told["generator"]), scope="row", role="rowheader")
        shown = [_told(name, told[name]) for name in front if name != "generator"]
        rows.append(table_row(head, [*shown, *(cell(_figures(document, row, name), in_words(name)) for name in names)]))
    columns = ["generator", *(name for name in front if name != "generator"), *map(in_words, names)]
    return tag("div", table("", columns, rows), class_="board")


def _told(name: str, text: str) -> Html:
    """A cell of a name that somebody gave, or of a figure of ours, which does not break."""
    return cell(tag("bdi", text), name) if name in NAMES else cell(text, in_words(name))


def _figures(document: Document, row: Mapping[str, Any], name: str) -> Html:
    value, interval, rank = figures(document, row, name)
    beside = tag("span", f" {rank}", class_="quiet") if rank else None
    ends = tag("span", interval, class_="cell interval small") if interval else None
    return join(tag("span", value or "–", class_="value"), beside, ends)


def _grid(document: Document) -> Html | None:
    drawn = grid_cells(document)
    if not drawn:
        return None
    rows = []
    for texts in drawn:
        told = dict(zip(GRID, texts, strict=True))
        head = tag("th", tag("bdi", told.pop("generator")), scope="row", role="rowheader")
        rows.append(table_row(head, [_told(name, text) for name, text in told.items()]))
    return table("", ["generator", *(in_words(name) for name in GRID if name != "generator")], rows)


def _strips(document: Document, setting: str) -> Html | None:
    """Each measure that ranks, with its intervals on one scale."""
    rows = [row for row in document["rows"] if row["setting"] == setting]
    drawn = []
    for name in measures_of(document):
        found = [(place, row, row["metrics"][name]) for place, row in enumerate(rows) if name in row["metrics"]]
        marks = [
            Mark(
                item["value"],
                tuple(item["interval"]) if "interval" in item else None,
                f"s{place % SERIES}",
                f"{row['generator']}: {item['value']:.3g}",
            )
            for place, row, item in found
        ]
        chart = strip(marks) if any("rank" in item for _, _, item in found) else None
        if chart is not None:
            keys = [
                tag(
                    "li",
                    tag("span", class_=f"key {mark.series}"),
                    tag("bdi", row["generator"]),
                    f": {item['value']:.3g}",
                )
                for mark, (_, row, item) in zip(marks, found, strict=True)
            ]
            words = tag("figcaption", tag("strong", in_words(name)), f": {about_measure(name)}")
            drawn.append(tag("figure", words, chart, tag("ul", keys, class_="keys small quiet")))
    return tag("div", drawn, class_="charts") if drawn else None


def _money(document: Document, setting: str) -> Html | None:
    """Cost against the leading measure; rows that nobody beats for less money are of another colour."""
    rows = [row for row in document["rows"] if row["setting"] == setting and row.get("cost_usd")]
    name = leading({name: None for row in rows for name in row["metrics"]})
    placed = [(row["generator"], row["cost_usd"], row["metrics"][name]) for row in rows if name in row["metrics"]]
    if len(placed) < 2:
        return None
    most = max(cost for _, cost, _ in placed)
    values = [item["value"] for _, _, item in placed]
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    drawn, keys = [], []
    for place, (generator, cost, item) in enumerate(placed, start=1):
        x = EDGE + (WIDE - 2 * EDGE) * cost / most
        y = TALL - EDGE - (TALL - 2 * EDGE) * (item["value"] - low) / spread
        side, anchor = (9, "start") if place % 2 else (-9, "end")  # or the numbers of neighbours hide each other
        drawn.append(tag("circle", cx=x, cy=y, r=5, class_="dot s0" if item.get("pareto") else "dot s1"))
        drawn.append(tag("text", str(place), x=x + side, y=y + 4, text_anchor=anchor))
        best = tag("span", "; none is better for less", class_="quiet") if item.get("pareto") else None
        keys.append(tag("li", tag("bdi", generator), f": {item['value']:.4g} for ${cost:.4g}", best))
    axes = [
        tag("line", x1=EDGE, x2=WIDE - EDGE, y1=TALL - EDGE / 2, y2=TALL - EDGE / 2, class_="axis"),
        tag("line", x1=EDGE, x2=EDGE, y1=EDGE / 2, y2=TALL - EDGE / 2, class_="axis"),
        tag("text", "$0", x=EDGE, y=TALL - EDGE / 8),
        tag("text", f"${most:.4g}", x=WIDE - EDGE, y=TALL - EDGE / 8, text_anchor="end"),
        tag("text", f"{high:.4g}", x=EDGE - 8, y=EDGE + 4, text_anchor="end"),
        tag("text", f"{low:.4g}", x=EDGE - 8, y=TALL - EDGE + 4, text_anchor="end") if low < high else None,
    ]
    words = "; ".join(f"{generator}: {item['value']:.4g} for ${cost:.4g}" for generator, cost, item in placed)
    box = f"0 0 {WIDE:g} {TALL:g}"
    return tag(
        "figure",
        tag("figcaption", tag("strong", in_words(name)), " upwards, cost in USD across"),
        tag("svg", join(axes, drawn), viewBox=box, role="img", aria_label=words, class_="plane"),
        tag("ol", keys, class_="small"),
    )


def _pairs(pairs: Sequence[Mapping[str, Any]], several: bool) -> Html | None:
    if not pairs:
        return None
    rows = []
    for pair in pairs:
        low, high = pair["interval"]
        both = join(tag("bdi", pair["a"]), " – ", tag("bdi", pair["b"]))
        shown = [cell(both, "pair", "whole"), cell(f"{pair['difference']:.4g} ({low:.4g} to {high:.4g})", "difference")]
        whose = [cell(tag("bdi", pair["setting"]), "setting")] if several else []
        head = tag("th", in_words(pair["metric"]), scope="row", role="rowheader")
        rows.append(table_row(head, [*whose, *shown, cell(tag("bdi", _reading(pair)), "reading", "whole")]))
    drawn = table("", ("measure", *(("setting",) if several else ()), "pair", "difference", "reading"), rows)
    if len(rows) <= MOST_PAIRS:
        return drawn
    return tag("details", tag("summary", f"All {len(rows):,} pairs, measure by measure"), drawn)


def _abouts(names: Sequence[str]) -> Html | None:
    said = [(name, words) for name in names if (words := about_measure(name))]
    drawn = [join(tag("dt", in_words(name), " ", tag("code", name)), tag("dd", words)) for name, words in said]
    return tag("dl", drawn, class_="facts-list") if drawn else None


def _reading(pair: Mapping[str, Any]) -> str:
    if pair["verdict"] != "tie":
        return f"{pair['verdict']} is better"
    if "times" not in pair:
        return "a tie: no difference at all"
    return f"a tie; {pair['times']:,.1f} times as many test rows and seeds might tell them apart"
