"""The leaderboard as a table: cells of text, CSV and Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.core.registry import is_name
from datagen_cli.evaluation.correctness import Correctness
from datagen_cli.evaluation.evaluate import metric
from datagen_cli.metrics.constraints import Constraints
from datagen_cli.metrics.measure import about
from datagen_cli.metrics.wording import usd
from datagen_cli.runs.markdown import line
from datagen_cli.text.spreadsheet import csv_line

NONE = "–"
SECOND = ("judged_difficulty",)
"""Measures that rank nothing by themselves."""
Document = Mapping[str, Any]
ABOUT = {
    Correctness.name: "The share of right records, counted from what the simulation planted",
    "pgr": "How far a student of these rows gets, from one that has read nothing (0) to one of real rows (100)",
    "gain": "By how much a student of these rows is better on real ones than one that has read nothing",
    "accuracy": "The accuracy of a student of these rows on real ones, every label counting alike",
    "label_kept": "The share of records whose label a student of real rows confirms",
    "judged_quality": "The judge's mean mark, from 1 to 5",
    "judged_difficulty": "How hard the judge finds the records, from 1 to 5",
    "perplexity": "How unusual the texts are for a language model; it ranks nothing",
}
"""What a measure of a bench is, by its name before the bracket; the others are those of `eval`."""


STUDENTS = {"tstr": "linear student", "icl": "model shown the rows", "sft": "fine-tuned student"}
WORDS = {"pgr": "gap closed in %", "gain": "gain", "accuracy": "accuracy"}
"""What the measures of a student are called in words, and what stands in their brackets."""
_OF_STUDENT = re.compile(rf"\b({'|'.join(WORDS)})\[({'|'.join(STUDENTS)})\]")


def in_words(text: str) -> str:
    """A measure's name, or a sentence that holds some, in words.

    >>> in_words("by pgr[tstr] A and B tie"), in_words("label_kept")
    ('by gap closed in % (linear student) A and B tie', 'label kept')
    """
    told = _OF_STUDENT.sub(lambda found: f"{WORDS[found[1]]} ({STUDENTS[found[2]]})", text)
    return told if " " in text else told.replace("_", " ")


def about_measure(name: str) -> str:
    """What a measure is, in one line; empty for one that is not installed here."""
    said = ABOUT.get(name.partition("[")[0])
    return said or (about(metric(name)) if is_name("metrics", name) else "")


def measures_of(document: Document) -> list[str]:
    """All measures that some row has, in order."""
    return list(dict.fromkeys(name for row in document["rows"] for name in row["metrics"]))


def shown_first(document: Document) -> list[str]:
    """The measures for a narrow table: those that rank, and adherence; a PGR stands for its accuracy."""
    names = measures_of(document)
    rows = document["rows"]
    ranked = [
        name
        for name in names
        if name == Constraints.name or any("rank" in row["metrics"].get(name, {}) for row in rows)
        if name not in SECOND and name.replace("accuracy[", "pgr[") not in set(names) - {name}
    ]
    return ranked or names[:4]


def heads(document: Document, names: Sequence[str] | None = None) -> list[str]:
    """Heads of the columns; the setting stands there where there are several."""
    several = len({row["setting"] for row in document["rows"]}) > 1
    shown = measures_of(document) if names is None else names
    return [*(["setting"] if several else []), "generator", "n", "yield", "cost", *shown]


def cells(document: Document, names: Sequence[str] | None = None) -> list[list[str]]:
    """The rows as text: values with intervals, `#1` the rank, `=` a rank that is shared."""
    several = len({row["setting"] for row in document["rows"]}) > 1
    shown = measures_of(document) if names is None else names
    rows = []
    for row in document["rows"]:
        n = f"{row['n']:,} (short)" if "short" in row else f"{row['n']:,}"
        front = [row["setting"]] if several else []
        measured = (_cell(document, row, name) for name in shown)
        rows.append([*front, row["generator"], n, _share(row.get("yield")), _money(row), *measured])
    return rows


def figures(document: Document, row: Mapping[str, Any], name: str) -> tuple[str, str, str]:
    """A measure of a row as text: its value, its interval and its rank, each empty where there is none."""
    found = row["metrics"].get(name)
    if found is None:
        return "", "", ""
    digits = 1 if name.startswith("pgr[") else 3
    interval = rank = ""
    if "interval" in found:
        interval = " to ".join(f"{end:.{digits}f}" for end in found["interval"])
    if "rank" in found:
        same = [
            other
            for other in document["rows"]
            if other["setting"] == row["setting"] and other["metrics"].get(name, {}).get("rank") == found["rank"]
        ]
        rank = f"#{found['rank']}{'=' if len(same) > 1 else ''}"
    return f"{found['value']:.{digits}f}", interval, rank


def _cell(document: Document, row: Mapping[str, Any], name: str) -> str:
    value, interval, rank = figures(document, row, name)
    return " ".join(part for part in (value, f"({interval})" if interval else "", rank) if part) or NONE


def _share(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"


def _money(row: Mapping[str, Any]) -> str:
    if "cost_usd" not in row:
        return NONE
    return usd(row["cost_usd"])


NAMES = ("setting", "generator")
"""Columns of names that others gave."""
GRID = (*NAMES, "n", "cost", "accuracy[tstr]", "pgr[tstr]")
"""Heads of the grid of sizes."""


def grid_cells(document: Document) -> list[list[str]]:
    """The grid of sizes as text, a row for every candidate and size; none where none was asked for."""
    return [
        [
            point["setting"],
            point["generator"],
            f"{point['n']:,}",
            _money(point),
            _cell({"rows": ()}, {"metrics": point, "setting": ""}, "accuracy[tstr]"),
            NONE if point["pgr[tstr]"] is None else f"{point['pgr[tstr]']:.1f}",
        ]
        for point in document.get("grid", ())
    ]


def as_csv(document: Document) -> str:
    """A line a row; a measure has its value, both ends of its interval and its rank. Last, whether the offline model
    wrote the set."""
    names = measures_of(document)
    parts = ("", "_low", "_high", "_rank")
    front = ("generator", "setting", "n", "seeds", "yield", "cost_usd", "short")
    lines = [csv_line([*front, *(f"{name}{part}" for name in names for part in parts), "simulated"])]
    for row in document["rows"]:
        values: list[Any] = [row[name] for name in ("generator", "setting")]
        values += [row["n"], row["seeds"], row.get("yield"), row.get("cost_usd"), row.get("short", "")]
        for name in names:
            found = row["metrics"].get(name, {})
            values += [found.get("value"), *found.get("interval", (None, None)), found.get("rank")]
        lines.append(csv_line([*values, str(row.get("simulated", False)).lower()]))
    return "".join(lines)


def as_markdown(document: Document, *, ranked: bool = False) -> str:
    """The table with its verdicts and remarks, for a page or an issue; with `ranked` of the measures that rank."""
    names = shown_first(document) if ranked else measures_of(document)
    lines = _table(heads(document, names), cells(document, names))
    if sizes := grid_cells(document):
        lines += ["", *_table(GRID, sizes)]
    said = [
        *document["verdict"],
        *(f"short: {item['setting']} · {item['generator']}: {item['reason']}" for item in document["short"]),
    ]
    said += document["notes"]
    simulated = ["**Simulated**: the offline model wrote these sets; they say nothing of a real model."]
    parts = [
        *(simulated if document["simulated"] else []),
        "\n".join(lines),
        "\n".join(f"- {line(text)}" for text in said),
    ]
    tail = f"Intervals are 95 %. `#1` is a rank, `=` one that is shared. Settings {document['settings']}."
    return "\n\n".join(part for part in [*parts, tail] if part) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table. Names are anybody's words and are kept from marking anything up; figures are ours."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        written = (line(cell) if of in NAMES else cell for of, cell in zip(head, row, strict=True))
        lines.append("| " + " | ".join(written) + " |")
    return lines
