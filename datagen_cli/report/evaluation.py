"""The page of `eval --html` and of `view`: everything that is known of a dataset, first what matters most.

A page of several datasets compares their measures; one dataset has its records, its plane and its run shown as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.evaluation.projection import SIZE
from datagen_cli.metrics.exhibits import Outcomes
from datagen_cli.metrics.wording import percent, unbroken
from datagen_cli.report.charts import REFERENCE
from datagen_cli.report.evidence import LONGEST, charts, evidence
from datagen_cli.report.html import Html, join, tag
from datagen_cli.report.measures import (
    SERIES,
    compared_part,
    gates_part,
    headline_part,
    measures_part,
    missing_part,
    simulated_part,
)
from datagen_cli.report.page import page, section
from datagen_cli.report.plots import points
from datagen_cli.report.records import Records, cut
from datagen_cli.report.run_parts import checks_part, cost_part, made_part, planted_part, refused_part, time_part
from datagen_cli.report.sheet import Sheet
from datagen_cli.report.summary import summary_part

SAMPLES, SAMPLE_FIELDS = 4, 12
_INDENTED = re.compile(r"\n(?: {2,}|\t)\S")
_UNSAFE = re.compile(
    "[<>&\u2028\u2029\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


def evaluation_page(sheets: Sequence[Sheet], *, live: Mapping[str, Any] | None = None) -> str:
    """The whole page of at least one dataset, in the order given. `live`: what the served page's script is told."""
    if len(sheets) > 1:
        return _several(sheets)
    sheet = sheets[0]
    name = sheet.run.manifest.recipe.get("name") if sheet.run else None
    title = str(name or f"Evaluation of {sheet.name}")
    parts = [(id_, name, inside) for id_, name, inside in _sections(sheet) if inside]
    body = tag(
        "div",
        tag("header", tag("h1", title), _whence(sheet), simulated_part(sheets), summary_part(sheet), id="top"),
        _contents(parts),
        tag("main", [section(name, inside, id_=id_) for id_, name, inside in parts]),
        _foot(),
        id="live",
    )
    shell = join(_bar(live), body) if live is not None else body
    scripts = ("page.js", *(("live.js",) if live is not None else ())) if sheet.records is not None else ()
    return page(title, shell, _island(sheet, live), scripts=scripts)


def _several(sheets: Sequence[Sheet]) -> str:
    title = f"Evaluation of {len(sheets)} datasets"
    parts = [
        section("Gates", gates_part(sheets)),
        section("Measures", measures_part(sheets)),
        section("Not measured", missing_part(sheets)),
        section("Compared", [compared_part(sheet, several=True) for sheet in sheets]),
        [section(f"Rows of {sheet.name}", _rows(sheet, place)) for place, sheet in enumerate(sheets)],
    ]
    head = tag("header", tag("h1", title), simulated_part(sheets), headline_part(sheets))
    return page(title, head, tag("main", parts), _foot())


def _whence(sheet: Sheet) -> Html | None:
    return tag("p", tag("bdi", sheet.name), class_="quiet mono") if sheet.run else None


def _sections(sheet: Sheet) -> list[tuple[str, str, Html | None]]:
    """The sections of a page in order: anchor, heading, content."""
    run, records, sheets = sheet.run, sheet.records, [sheet]
    summary = sheet.told() if run else None
    checks = checks_part(summary["checks"]) if summary else None
    drawn = [one for one in sheet.shown if checks is None or not isinstance(one.exhibit, Outcomes)]
    return [
        ("gates", "Gates", gates_part(sheets)),
        ("samples", "Samples", _samples(records)),
        ("measures", "Measures", measures_part(sheets)),
        ("compared", "Compared", compared_part(sheet, several=False)),
        ("where", "Map", _plane(sheet)),
        ("charts", "Lengths and labels", charts(drawn, "s0")),
        ("evidence", "Rows to look at", evidence(sheet.shown)),
        ("checks", "Checks before and after", checks),
        ("planted", "Planted faults", planted_part(summary["planted"]) if summary else None),
        ("refused", "Turned away", refused_part(records.refused) if records else None),
        ("cost", "Cost", cost_part(summary, summary["accepted"]) if summary else None),
        ("time", "While it ran", time_part(run) if run else None),
        ("records", "Records", _browser(records)),
        ("made", "How it was made", made_part(run) if run else None),
        ("missing", "Not measured", missing_part(sheets)),
        ("data", "What was measured", headline_part(sheets)),
    ]


def _contents(parts: Sequence[tuple[str, str, Html]]) -> Html:
    """Where to find what on the page."""
    return tag("nav", [tag("a", name, href=f"#{id_}") for id_, name, _ in parts], aria_label="Contents")


def _rows(sheet: Sheet, place: int) -> Html:
    return join(charts(sheet.shown, f"s{place % SERIES}"), evidence(sheet.shown))


def _samples(records: Records | None) -> Html | None:
    kept = [row for row in records.rows if "r" not in row] if records else []
    if records is None or not kept:
        return None
    step = max(len(kept) // SAMPLES, 1)
    drawn = []
    for row in kept[::step][:SAMPLES]:
        cells = [
            (name, cell) for name, cell in zip(records.fields, row["f"], strict=True) if cell and name != records.label
        ]
        label = row["f"][records.fields.index(records.label)] if records.label else ""
        head = tag("p", tag("span", row["i"], class_="mono"), tag("bdi", label, class_="chip") if label else None)
        shown = [
            (tag("dt", name), tag("dd", cut(cell, LONGEST), dir="auto", class_=_kind(cell)))
            for name, cell in cells[:SAMPLE_FIELDS]
        ]
        left = len(cells) - len(shown)
        more = tag("p", f"and {left:,} more field{'s' if left > 1 else ''}, as below", class_="small") if left else None
        drawn.append(tag("article", head, tag("dl", shown), more))
    return tag("div", drawn, class_="samples")


def _kind(cell: str) -> str | None:
    """The class of a text that is laid out by its spaces, as programs are; as the script of the page has it."""
    return "code" if _INDENTED.search(cell) else None


def _plane(sheet: Sheet) -> Html | None:
    found = sheet.projection
    if found is None:
        return None
    groups: list[tuple[str, Sequence[tuple[int, int]]]] = [("s0", found.own.places)]
    if found.reference is not None:
        groups.insert(0, (REFERENCE, found.reference.places))
    first, second = map(percent, found.explained)
    said = (
        f"Each point is a text; texts that are alike lie close. PCA of {found.how}: the plane shows {first} across and "
        f"{second} upwards of what the texts differ in, and hides the rest."
    )
    beside = f", {len(found.reference.places):,} of the reference in grey" if found.reference else ""
    words = f"{len(found.own.places):,} texts of this dataset{beside}"
    keys = [tag("span", tag("span", class_="key s0"), "generated")]
    if found.reference is not None:
        keys.append(tag("span", tag("span", class_="key reference"), "reference"))
    return join(
        tag("p", unbroken(said), class_="small quiet"),
        tag("label", "Colour by ", tag("select", id="colour"), class_="small", hidden=True),
        tag(
            "figure",
            points(groups, SIZE, words),
            tag("p", keys, class_="legend small quiet", id="keys"),
            tag("div", id="tip", hidden=True, role="status"),
            id="plane",
        ),
    )


def _browser(records: Records | None) -> Html | None:
    if records is None or not records.rows:
        return None
    what = f"Search {len(records.rows):,} records and attempts" if records.refused_total else "Search the records"
    search = tag("input", type="search", id="find", placeholder=what, aria_label=what, autocomplete="off")
    rows = tag(
        "div",
        tag("div", tag("div", id="holder"), id="spacer"),
        id="rows",
        role="listbox",
        tabindex=0,
        aria_label="Records",
    )
    record = tag("article", tag("p", "Choose a record to see how it came about.", class_="quiet"), id="record")
    return join(
        tag("noscript", tag("p", "The table of records needs the script of this page, which is switched off.")),
        tag("div", search, tag("div", id="filters"), class_="tools"),
        tag("p", id="found", role="status", class_="small quiet"),
        tag("div", rows, record, class_="browser"),
    )


def _bar(live: Mapping[str, Any] | None) -> Html:
    """The line of a served page that says how the run goes, and which keys decide on a record."""
    keys = "k keep · r reject · e edit · u undo · j next"
    return tag(
        "div", tag("span", id="state"), tag("span", keys, class_="quiet keys"), tag("span", id="said", role="status"),
        id="bar",
    )  # fmt: skip


def _foot() -> Html:
    said = (
        "Intervals are 95 %. Values may be compared where their signatures are the same. "
        "Written by datagen eval --html; --detail FILE writes all lists in full."
    )
    return tag("footer", tag("p", said, class_="quiet small"))


def _island(sheet: Sheet, live: Mapping[str, Any] | None) -> Html | None:
    """The records and points for the script; no text can end the element that holds them."""
    if sheet.records is None:
        return None
    island: dict[str, Any] = {"run": str(sheet.run.folder) if sheet.run else None, **sheet.records.island()}
    island["plane"] = dict(sheet.plane) or None
    if live is not None:
        island["reviewing"] = True
        island["live"] = dict(live)
    text = json.dumps(island, ensure_ascii=False, separators=(",", ":"))
    safe = _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return tag("script", Html(safe), type="application/json", id="island")
