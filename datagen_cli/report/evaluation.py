"""The page of `datagen eval --html`: what was measured of one or several datasets, drawn; nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datagen_cli.core.registry import targets
from datagen_cli.evaluation.evaluate import Evaluation, metric
from datagen_cli.evaluation.reading import readings
from datagen_cli.metrics.measure import about
from datagen_cli.metrics.wording import number, span
from datagen_cli.report.charts import REFERENCE, Mark, strip
from datagen_cli.report.evidence import Shown, charts, evidence, exhibited
from datagen_cli.report.html import Html, join, tag
from datagen_cli.report.page import page, section

SERIES = 6
DIRECTIONS = {"lower": "lower is better", "higher": "higher is better"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One dataset as the page shows it: the JSON of `eval`, its measures in words, and what its rows show."""

    result: Mapping[str, Any]
    readings: Mapping[str, str]
    shown: Sequence[Shown] = ()

    @property
    def name(self) -> str:
        """What the dataset was called on the command line."""
        return str(self.result["dataset"])


def sheet_of(found: Evaluation, result: Mapping[str, Any]) -> Sheet:
    """The sheet of an evaluation and its JSON."""
    data = found.views.loaded.dataset
    return Sheet(result, readings(found), exhibited(result, dict(zip(data.ids, data.texts, strict=True))))


def evaluation_page(sheets: Sequence[Sheet]) -> str:
    """The whole page of at least one dataset, in the order given."""
    names = [sheet.name for sheet in sheets]
    title = f"Evaluation of {names[0]}" if len(names) == 1 else f"Evaluation of {len(names)} datasets"
    return page(
        title,
        tag("header", tag("h1", title), _headline(sheets)),
        tag(
            "main",
            _gates(sheets),
            section("Measures", _measures(sheets)),
            section("Not measured", _missing(sheets)),
            section("Compared", [_compared(sheet, several=len(sheets) > 1) for sheet in sheets]),
            [_rows(sheet, place, several=len(sheets) > 1) for place, sheet in enumerate(sheets)],
        ),
        tag(
            "footer",
            tag(
                "p",
                "Intervals are 95 %. Values may be compared where their signatures are the same. "
                "Written by datagen eval --html; --detail FILE writes all lists in full.",
                class_="quiet small",
            ),
        ),
    )


def _headline(sheets: Sequence[Sheet]) -> Html:
    simulated = [sheet.name for sheet in sheets if sheet.result["simulated"]]
    whose = "" if len(simulated) == len(sheets) else f" ({', '.join(simulated)})"
    banner = tag(
        "p",
        tag("strong", "Simulated data"),
        f"{whose}: written by the offline model, for trying things out. It says nothing about a real model.",
        class_="banner",
    )
    facts = ("dataset", "rows", "text", "label", "reference")
    rows = []
    for place, sheet in enumerate(sheets):
        given = sheet.result
        drawn = f" ({given['sampled']:,} of them measured)" if "sampled" in given else ""
        beside = f" ({given['reference_n']:,} rows)" if "reference_n" in given else ""
        cells = (
            f"{given['n']:,}{drawn}",
            ", ".join(given["text_fields"]) or "none",
            given["label_field"] or "none",
            f"{given['reference']}{beside}" if given["reference"] else "none",
        )
        head = tag("th", _key(place, len(sheets)), tag("bdi", sheet.name), scope="row", role="rowheader")
        rows.append(_row(head, [_cell(cell, label) for cell, label in zip(cells, facts[1:], strict=True)]))
    notes = [tag("p", note, class_="small quiet") for sheet in sheets for note in sheet.result.get("notes", ())]
    return join(banner if simulated else None, _table("Datasets", facts, rows), notes)


def _measures(sheets: Sequence[Sheet]) -> Html | None:
    every = [sheet.result["metrics"] for sheet in sheets]
    names = [name for name in every[0] if any(found[name].get("value") is not None for found in every)]
    if not names:
        return None
    one = len(sheets) == 1
    heads = ("measure", "value", "95 %", "", "reading", "signature")
    columns = heads if one else ("measure", *(sheet.name for sheet in sheets), "")
    rows = []
    for name in names:
        words = next((DIRECTIONS[way] for found in every if (way := found[name].get("direction")) in DIRECTIONS), None)
        head = tag(
            "th", tag("span", name, class_="cell name", title=_about(name)),
            tag("span", words, class_="cell direction quiet small") if words else None,
            scope="row", role="rowheader",
        )  # fmt: skip
        rows.append(_row(head, _one(sheets[0], name, sheets) if one else _several(sheets, name)))
    sizes = {sheet.result["n"] for sheet in sheets}
    unequal = "The datasets differ in size: measures of repetition should be compared at equal n (--compare does so)."
    note = tag("p", unequal, class_="small quiet") if len(sizes) > 1 else None
    return join(_legend(sheets), note, _table("", columns, rows))


def _about(name: str) -> str | None:
    """What a measure is; None for one that is not installed here."""
    return about(metric(name)) if name in targets("metrics") else None


def _one(sheet: Sheet, name: str, sheets: Sequence[Sheet]) -> list[Html]:
    found = sheet.result["metrics"][name]
    return [
        tag("td", tag("span", number(found["value"]), class_="value"), role="cell"),
        _cell(span(found.get("interval")), "95 %", class_="interval"),
        tag("td", strip(list(_marks(sheets, name))), role="cell"),
        tag("td", sheet.readings.get(name, ""), role="cell"),
        tag("td", found["signature"], role="cell", class_="signature"),
    ]


def _several(sheets: Sequence[Sheet], name: str) -> list[Html]:
    cells = []
    for sheet in sheets:
        found = sheet.result["metrics"][name]
        if found.get("value") is not None:
            inside = join(
                tag("span", number(found["value"]), class_="value"), " ",
                tag("span", span(found.get("interval")), class_="interval small"),
                tag("span", sheet.readings.get(name, ""), class_="cell small"),
                tag("span", found["signature"], class_="cell signature"),
            )  # fmt: skip
        else:
            inside = tag("span", f"missing: {found.get('reason', '')}", class_="quiet small")
        cells.append(_cell(inside, sheet.name))
    return [*cells, tag("td", strip(list(_marks(sheets, name))), role="cell")]


def _marks(sheets: Sequence[Sheet], name: str) -> Iterator[Mark]:
    """The values of a measure, then those of the references, each once."""
    for place, sheet in enumerate(sheets):
        found = sheet.result["metrics"][name]
        if found.get("value") is not None:
            yield _mark(found, f"s{place % SERIES}", sheet.name)
    seen = set()
    for sheet in sheets:
        found = sheet.result["reference_metrics"].get(name, {})
        key = (found.get("value"), tuple(found.get("interval", ())))
        if found.get("value") is not None and key not in seen:
            seen.add(key)
            yield _mark(found, REFERENCE, str(sheet.result["reference"]))


def _mark(found: Mapping[str, Any], series: str, name: str) -> Mark:
    ends = tuple(found["interval"]) if "interval" in found else None
    return Mark(found["value"], ends, series, f"{name}: {number(found['value'])}{f' ({span(ends)})' if ends else ''}")


def _legend(sheets: Sequence[Sheet]) -> Html | None:
    """What the marks stand for, where there is more than one kind."""
    beside = any(sheet.result["reference_metrics"] for sheet in sheets)
    if len(sheets) == 1 and not beside:
        return None
    shown = [tag("span", _key(place, 2), tag("bdi", sheet.name)) for place, sheet in enumerate(sheets)]
    other = tag("span", tag("span", class_="key reference"), "the reference's own value") if beside else None
    return tag("p", shown, other, class_="legend small quiet")


def _missing(sheets: Sequence[Sheet]) -> Html | None:
    rows = []
    for sheet in sheets:
        reasons: dict[str, list[str]] = {}
        for name, found in sheet.result["metrics"].items():
            if found.get("value") is None:
                reasons.setdefault(found.get("reason", ""), []).append(name)
        whose = [_cell(tag("bdi", sheet.name), "dataset")] if len(sheets) > 1 else []
        for reason, names in reasons.items():
            rows.append(
                _row(tag("th", ", ".join(names), scope="row", role="rowheader"), [_cell(reason, "why"), *whose])
            )
    return _table("", ("measure", "why", *(("dataset",) if len(sheets) > 1 else ())), rows) if rows else None


def _gates(sheets: Sequence[Sheet]) -> Html | None:
    rows, failed = [], 0
    for sheet in sheets:
        whose = [_cell(tag("bdi", sheet.name), "dataset")] if len(sheets) > 1 else []
        for gate in sheet.result["gates"]:
            passed = bool(gate["passed"])
            failed += not passed
            value = gate["reason"] if "reason" in gate else f"{number(gate['value'])}, bound {number(gate['bound'])}"
            verdict = tag("span", "✓ passed" if passed else "✗ failed", class_="passed" if passed else "failed")
            head = tag("th", gate["gate"], scope="row", role="rowheader")
            rows.append(_row(head, [_cell(verdict, "result"), _cell(value, "value"), *whose]))
    if not rows:
        return None
    heads = ("gate", "result", "value", *(("dataset",) if len(sheets) > 1 else ()))
    said = f"{failed} of {len(rows)} failed" if failed else f"all {len(rows)} passed"
    return section("Gates", tag("p", said), _table("", heads, rows))


def _compared(sheet: Sheet, *, several: bool) -> Html | None:
    compared = sheet.result.get("compare")
    if not compared:
        return None
    rows = []
    for name, item in compared["metrics"].items():
        head = tag("th", name, scope="row", role="rowheader")
        if "difference" not in item:
            rows.append(_row(head, [tag("td", item.get("reason", ""), colspan=4, role="cell", class_="quiet")]))
            continue
        verdict = item.get("verdict", "–")
        cells = [
            _cell(number(item["value"]), "this"),
            _cell(number(item["other"]), "that"),
            _cell(span(item["interval"]) if "interval" in item else item.get("reason", "–"), "difference"),
            _cell(tag("span", verdict, class_=verdict if verdict != "–" else None), "verdict"),
        ]
        rows.append(_row(head, cells))
    title = f"{sheet.name} with {compared['with']}, {compared['n']:,} rows of each"
    heads = ("measure", "this", "that", "95 % of the difference", "verdict")
    return join(tag("h3", title) if several else None, _table("" if several else title, heads, rows))


def _rows(sheet: Sheet, place: int, *, several: bool) -> Html | None:
    """What there is to see of the rows themselves."""
    drawn = join(charts(sheet.shown, f"s{place % SERIES}" if several else "s0"), evidence(sheet.shown))
    return section(f"Rows of {sheet.name}" if several else "Rows", drawn)


def _key(place: int, count: int) -> Html | None:
    return tag("span", class_=f"key s{place % SERIES}") if count > 1 else None


def _table(caption: str, heads: Sequence[str], rows: Sequence[Html]) -> Html:
    """A table that becomes a list of cards on narrow screens; roles keep it a table for those who hear it."""
    head = [tag("th", name, scope="col", role="columnheader") if name else tag("td", role="cell") for name in heads]
    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption) if caption else None,
            tag("thead", tag("tr", head, role="row"), role="rowgroup"),
            tag("tbody", rows, role="rowgroup"),
            role="table",
            class_="stack",
        ),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=caption or heads[0],
    )


def _row(head: Html, cells: Sequence[Html]) -> Html:
    return tag("tr", head, cells, role="row")


def _cell(inside: str, label: str, class_: str | None = None) -> Html:
    return tag("td", inside, role="cell", data_label=label, class_=class_)
