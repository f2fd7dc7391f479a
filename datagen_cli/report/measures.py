"""What `eval` measured of one or several datasets as tables and marks; nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from datagen_cli.core.registry import is_name
from datagen_cli.evaluation.evaluate import metric
from datagen_cli.metrics.measure import about
from datagen_cli.metrics.wording import number, span, within
from datagen_cli.report.charts import REFERENCE, Mark, strip
from datagen_cli.report.html import Html, join, tag
from datagen_cli.report.sheet import Sheet
from datagen_cli.report.tables import cell, table, table_row

SERIES = 6
DIRECTIONS = {"lower": "lower is better", "higher": "higher is better"}


def simulated_part(sheets: Sequence[Sheet]) -> Html | None:
    """Says that data are simulated, before anything else is said of them."""
    simulated = [sheet.name for sheet in sheets if sheet.result["simulated"]]
    whose = "" if len(simulated) == len(sheets) else f" ({', '.join(simulated)})"
    said = f"{whose}: written by the offline model, for trying things out. It says nothing about a real model."
    return tag("p", tag("strong", "Simulated data"), said, class_="banner") if simulated else None


def headline_part(sheets: Sequence[Sheet]) -> Html:
    """What was measured, and what was noticed when it was read."""
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
        rows.append(table_row(head, [cell(inside, label) for inside, label in zip(cells, facts[1:], strict=True)]))
    notes = [tag("p", note, class_="small quiet") for sheet in sheets for note in sheet.result.get("notes", ())]
    return join(table("Datasets", facts, rows), notes)


def measures_part(sheets: Sequence[Sheet]) -> Html | None:
    """Every measure that has a value, what it is, and the reference's own beside it."""
    every = [sheet.result["metrics"] for sheet in sheets]
    names = list(dict.fromkeys(name for found in every for name in found if found[name].get("value") is not None))
    if not names:
        return None
    one = len(sheets) == 1
    beside = ("reference",) if sheets[0].result["reference_metrics"] else ()
    heads = ("measure", "value", *beside, "reading")
    columns = heads if one else ("measure", *(sheet.name for sheet in sheets), "")
    rows = []
    for name in names:
        directions = (found.get(name, {}).get("direction") for found in every)
        words = next((DIRECTIONS[way] for way in directions if way in DIRECTIONS), None)
        head = tag(
            "th", tag("span", name, class_="cell name"), tag("span", _about(name), class_="cell about small"),
            tag("span", words, class_="cell direction quiet small") if words else None,
            scope="row", role="rowheader",
        )  # fmt: skip
        rows.append(table_row(head, _one(sheets[0], name, sheets) if one else _several(sheets, name)))
    sizes = {sheet.result["n"] for sheet in sheets}
    unequal = "The datasets differ in size: measures of repetition should be compared at equal n (--compare does so)."
    note = tag("p", unequal, class_="small quiet") if len(sizes) > 1 else None
    return join(_legend(sheets), note, table("", columns, rows))


def _about(name: str) -> str | None:
    """What a measure is; None for one that is not installed here."""
    return about(metric(name)) if is_name("metrics", name) else None


def _one(sheet: Sheet, name: str, sheets: Sequence[Sheet]) -> list[Html]:
    found, others = sheet.result["metrics"][name], sheet.result["reference_metrics"]
    beside = [cell(_value(others.get(name, {})), "reference")] if others else []
    return [
        cell(join(_value(found), _at_equal_n(sheet, name)), "value"),
        *beside,
        cell(join(_strip(sheets, name), sheet.readings.get(name, ""), _signature(found)), None, "whole reading"),
    ]


def _signature(found: Mapping[str, Any]) -> Html:
    """A signature that breaks between its parts."""
    first, *more = str(found["signature"]).split("|")
    return tag("span", first, [(Html("<wbr>"), f"|{part}") for part in more], class_="cell signature")


def _value(found: Mapping[str, Any]) -> Html:
    """A value above its interval."""
    if found.get("value") is None:
        return tag("span", "–", class_="quiet")
    ends = within(found)
    beside = tag("span", ends, class_="cell interval small") if ends else None
    return join(tag("span", number(found["value"]), class_="value"), beside)


def _at_equal_n(sheet: Sheet, name: str) -> Html | None:
    """The value beside a reference of fewer rows, which is what the marks show."""
    equal = sheet.equal.get(name, {})
    if equal.get("value") is None:
        return None
    rows = f"{sheet.result.get('reference_n', 0):,} rows"
    return tag("span", f"drawn at {rows}: {number(equal['value'])}", class_="cell interval small")


def _several(sheets: Sequence[Sheet], name: str) -> list[Html]:
    cells = []
    for sheet in sheets:
        found = sheet.result["metrics"].get(name, {"reason": "not among its measures"})
        if found.get("value") is not None:
            inside = join(
                tag("span", number(found["value"]), class_="value"), " ",
                tag("span", within(found), class_="interval small"),
                tag("span", sheet.readings.get(name, ""), class_="cell small"),
                _signature(found),
            )  # fmt: skip
        else:
            inside = tag("span", f"missing: {found.get('reason', '')}", class_="quiet small")
        cells.append(cell(inside, sheet.name))
    return [*cells, cell(join(_strip(sheets, name)), None, "whole")]


def _strip(sheets: Sequence[Sheet], name: str) -> Html | None:
    """The values of a measure on one scale."""
    found = metric(name) if is_name("metrics", name) else None
    reach = None if found is None else (0.0, 1.0) if found.counts_rows else found.reach
    return strip(list(_marks(sheets, name)), reach)


def _marks(sheets: Sequence[Sheet], name: str) -> Iterator[Mark]:
    """The values of a measure, then those of the references, each once."""
    for place, sheet in enumerate(sheets):
        found = sheet.equal.get(name) or sheet.result["metrics"].get(name, {"reason": "not among its measures"})
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
    low, high = found.get("interval") or found.get("bound") or (None, None)
    ends = None if low is None or high is None else (low, high)
    said = within(found)
    return Mark(found["value"], ends, series, f"{name}: {number(found['value'])}{f' ({said})' if said else ''}")


def _legend(sheets: Sequence[Sheet]) -> Html | None:
    """What the marks stand for, where there is more than one kind."""
    beside = any(sheet.result["reference_metrics"] for sheet in sheets)
    if len(sheets) == 1 and not beside:
        return None
    shown = [tag("span", _key(place, 2), tag("bdi", sheet.name)) for place, sheet in enumerate(sheets)]
    other = tag("span", tag("span", class_="key reference"), "the reference's own value") if beside else None
    return tag("p", shown, other, class_="legend small quiet")


def missing_part(sheets: Sequence[Sheet]) -> Html | None:
    rows = []
    for sheet in sheets:
        reasons: dict[str, list[str]] = {}
        for name, found in sheet.result["metrics"].items():
            if found.get("value") is None:
                reasons.setdefault(found.get("reason", ""), []).append(name)
        whose = [cell(tag("bdi", sheet.name), "dataset")] if len(sheets) > 1 else []
        for reason, names in reasons.items():
            rows.append(
                table_row(tag("th", ", ".join(names), scope="row", role="rowheader"), [cell(reason, "why"), *whose])
            )
    return table("", ("measure", "why", *(("dataset",) if len(sheets) > 1 else ())), rows) if rows else None


def gates_part(sheets: Sequence[Sheet]) -> Html | None:
    rows, failed = [], 0
    for sheet in sheets:
        whose = [cell(tag("bdi", sheet.name), "dataset")] if len(sheets) > 1 else []
        for gate in sheet.result["gates"]:
            passed = bool(gate["passed"])
            failed += not passed
            value = gate["reason"] if "reason" in gate else f"{number(gate['value'])}, bound {number(gate['bound'])}"
            verdict = tag("span", "✓ passed" if passed else "✗ failed", class_="passed" if passed else "failed")
            head = tag("th", gate["gate"], scope="row", role="rowheader")
            rows.append(table_row(head, [cell(verdict, "result"), cell(value, "value"), *whose]))
    if not rows:
        return None
    heads = ("gate", "result", "value", *(("dataset",) if len(sheets) > 1 else ()))
    said = f"{failed} of {len(rows)} failed" if failed else f"all {len(rows)} passed"
    return join(tag("p", said), table("", heads, rows))


def compared_part(sheet: Sheet, *, several: bool) -> Html | None:
    compared = sheet.result.get("compare")
    if not compared:
        return None
    rows = []
    for name, item in compared["metrics"].items():
        head = tag("th", name, scope="row", role="rowheader")
        if "difference" not in item:
            rows.append(table_row(head, [tag("td", item.get("reason", ""), colspan=4, role="cell", class_="quiet")]))
            continue
        verdict = item.get("verdict", "–")
        cells = [
            cell(number(item["value"]), "this"),
            cell(number(item["other"]), "that"),
            cell(span(item["interval"]) if "interval" in item else item.get("reason", "–"), "difference (95 %)"),
            cell(tag("span", verdict, class_=verdict if verdict != "–" else None), "verdict"),
        ]
        rows.append(table_row(head, cells))
    title = f"{sheet.name} with {compared['with']}, {compared['n']:,} rows of each"
    heads = ("measure", "this", "that", "difference (95 %)", "verdict")
    return join(tag("h3", title) if several else None, table("" if several else title, heads, rows))


def _key(place: int, count: int) -> Html | None:
    return tag("span", class_=f"key s{place % SERIES}") if count > 1 else None
