"""The measures of several datasets as a table for a paper or a job page: Markdown, CSV, LaTeX.

Made of the JSON of `eval`, one object a dataset. In Markdown and LaTeX a measure is a row and a dataset a column; CSV
is long: a line a dataset and measure, with everything that a program may want. LaTeX needs the package booktabs and
cites the works that define the measures, whose BibTeX entries follow as comments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datagen_cli.core.citation import Citation
from datagen_cli.core.registry import is_name
from datagen_cli.evaluation.evaluate import metric
from datagen_cli.metrics.wording import number, span, within
from datagen_cli.runs.markdown import line as md
from datagen_cli.text.spreadsheet import csv_line

Result = Mapping[str, Any]
NONE = "–"
BRACKETS = "95 % intervals, or a bound that holds in at least 95 % of samples"
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_TEX = {char: f"\\{char}" for char in "&%$#_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--", "…": r"\dots{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "≤": r"$\leq$", "≥": r"$\geq$",
}  # fmt: skip
_COLUMNS = (
    "dataset", "n", "measure", "value", "low", "high", "direction", "reference_value", "other_value", "difference",
    "difference_low", "difference_high", "verdict", "gates", "signature", "reason", "bound_low", "bound_high",
    "simulated",
)  # fmt: skip


def as_markdown(results: Sequence[Result]) -> str:
    """A table of the measures, what misses and why, and the works that define them."""
    names = _measured(results)
    heads = ["measure", *(f"{md(result['dataset'])} ({result['n']:,} rows{_simulated(result)})" for result in results)]
    beside = _one_reference(results)
    if beside is not None:
        heads.append(f"reference: {md(results[0]['reference'])} ({results[0].get('reference_n', 0):,} rows)")
    rows = [[f"{md(name)}{_arrow(name, '↓', '↑')}", *_cells(results, beside, name)] for name in names]
    lines = _md_table(heads, rows)
    lines += ["", f"↓ lower is better, ↑ higher; in brackets {BRACKETS}."]
    lines += [md(text) for text in _said_of_n(results, names)]
    lines += [f"Missing in {md(result['dataset'])}: {md(text)}." for result in results if (text := _missing(result))]
    for result in results:
        lines += _md_compared(result)
    works = [f"{md(name)}: {'; '.join(md(work.short) for work in works)}" for name, works in _works(names).items()]
    return "\n".join([*lines, *(["", f"Sources: {'. '.join(works)}."] if works else [])]) + "\n"


def as_csv(results: Sequence[Result]) -> str:
    """A line a dataset and measure; `gates` is `passed` or `failed` where gates hold the measure, `simulated` says
    whether the offline model wrote the rows."""
    lines = [csv_line(_COLUMNS)]
    for result in results:
        for name, found in result["metrics"].items():
            low, high = found.get("interval", (None, None))
            item = (result.get("compare") or {}).get("metrics", {}).get(name, {})
            front = [result["dataset"], _rows(result, name), name, found["value"], low, high, found.get("direction")]
            beside = [result["reference_metrics"].get(name, {}).get("value"), item.get("other"), item.get("difference")]
            ends = [*item.get("interval", (None, None)), item.get("verdict")]
            said = [_gated(result, name), found.get("signature"), found.get("reason") or ""]
            cells = [
                *front,
                *beside,
                *ends,
                *said,
                *found.get("bound", (None, None)),
                str(bool(result["simulated"])).lower(),
            ]
            lines.append(csv_line(cells))
    return "".join(lines)


def as_latex(results: Sequence[Result]) -> str:
    """A `tabular` of booktabs; signatures and BibTeX entries follow as comments."""
    names = _measured(results)
    heads = [f"{tex(result['dataset'])} ($n={result['n']}${_simulated(result)})" for result in results]
    beside = _one_reference(results)
    heads += [] if beside is None else [f"reference ($n={results[0].get('reference_n', 0)}$)"]
    works = _works(names)
    lines = ["% needs \\usepackage{booktabs}", f"\\begin{{tabular}}{{l{'r' * len(heads)}}}", "\\toprule"]
    lines += [" & ".join(["Measure", *heads]) + r" \\", "\\midrule"]
    for name in names:
        cited = f"~\\cite{{{','.join(work.key for work in works[name])}}}" if name in works else ""
        cells = [tex(cell) for cell in _cells(results, beside, name)]
        arrow = _arrow(name, "$\\downarrow$", "$\\uparrow$")
        lines.append(" & ".join([f"{tex(name)}{arrow}{cited}", *cells]) + r" \\")
    lines += ["\\bottomrule", "\\end{tabular}"]
    lines += [f"% {text}" for text in _said_of_n(results, names)]
    lines += [f"% in brackets: {BRACKETS}; signatures:"]
    signatures = {
        name: next(filter(None, (result["metrics"].get(name, {}).get("signature") for result in results)), "")
        for name in names
    }
    lines += [f"% {name}: {_seen(signature)}" for name, signature in signatures.items()]
    entries = {work.key: work.bibtex() for found in works.values() for work in found}
    lines += [f"% {line}" for entry in entries.values() for line in entry.splitlines()]
    return "\n".join(lines) + "\n"


TABLES: Mapping[str, Callable[[Sequence[Result]], str]] = {"md": as_markdown, "csv": as_csv, "latex": as_latex}


def summary(results: Sequence[Result]) -> str:
    """A Markdown page of a job: gates first, then the table, then the notes."""
    gates = [(result, gate) for result in results for gate in result["gates"]]
    failed = sum(not gate["passed"] for _, gate in gates)
    strict = [(result, problem) for result in results for problem in result.get("problems", ())]
    titles = ", ".join(md(result["dataset"]) for result in results)
    mark = "❌ " if failed or strict else "✅ " if gates else ""
    lines = [f"## {mark}Evaluation of {titles}", ""]
    if any(result["simulated"] for result in results):
        lines += ["Simulated data: written by the offline model. It says nothing of a real model.", ""]
    if gates:
        held = f"All {len(gates)} gates passed." if len(gates) > 1 else "The gate passed."
        lines += [f"{failed} of {len(gates)} gates failed." if failed else held, ""]
    if strict:
        lines += [
            f"`--strict` found {len(strict)} {'thing' if len(strict) == 1 else 'things'} that could hide a problem.",
            "",
        ]
    rows = [
        [
            "✅ passed" if gate["passed"] else "❌ failed",
            md(gate["gate"]),
            md(gate["reason"]) if "reason" in gate else f"{number(gate['value'])}, bound {number(gate['bound'])}",
            md(result["dataset"]),
        ]
        for result, gate in gates
    ]
    rows += [["❌ failed", "--strict", md(problem), md(result["dataset"])] for result, problem in strict]
    if rows:
        lines += [*_md_table(["", "gate", "value", "dataset"], rows), ""]
    lines += [as_markdown(results)]
    lines += [f"- {md(note)}" for result in results for note in result.get("notes", ())]
    return "\n".join(lines).rstrip() + "\n"


def tex(text: str) -> str:
    """Text in LaTeX."""
    return "".join(_TEX.get(char, char) for char in _seen(text))


def _seen(text: str) -> str:
    """Characters that cannot be seen, or turn text around, as `\\u202e`."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _measured(results: Sequence[Result]) -> list[str]:
    """The measures that have a value in some dataset, in order."""
    every = dict.fromkeys(name for result in results for name in result["metrics"])
    return [name for name in every if any(_value(result, name) is not None for result in results)]


def _value(result: Result, name: str) -> Any:
    return result["metrics"].get(name, {}).get("value")


def _simulated(result: Result) -> str:
    return ", simulated" if result["simulated"] else ""


def _one_reference(results: Sequence[Result]) -> Result | None:
    """The measures of the reference where it is one and the same for all datasets."""
    first: Result = results[0]["reference_metrics"]
    if not first or any(result["reference_metrics"] != first for result in results):
        return None
    return first


def _cells(results: Sequence[Result], beside: Result | None, name: str) -> list[str]:
    found = [result["metrics"].get(name, {}) for result in results]
    return [_cell(item) for item in [*found, *([beside.get(name, {})] if beside is not None else [])]]


def _cell(found: Result) -> str:
    if found.get("value") is None:
        return NONE
    ends = within(found)
    return number(found["value"]) + (f" [{ends}]" if ends else "")


def _arrow(name: str, lower: str, higher: str) -> str:
    direction = metric(name).direction if is_name("metrics", name) else "none"
    return f" {lower if direction == 'lower' else higher}" if direction != "none" else ""


def _missing(result: Result) -> str:
    reasons: dict[str, list[str]] = {}
    for name, found in result["metrics"].items():
        if found["value"] is None:
            reasons.setdefault(found["reason"], []).append(name)
    return "; ".join(f"{', '.join(names)} ({reason})" for reason, names in reasons.items())


def _grows(name: str) -> bool:
    return is_name("metrics", name) and metric(name).grows_with_n


def _rows(result: Result, name: str) -> int:
    """On how many rows a measure of a table was taken."""
    n: int = result["n"]
    return min(n, result.get("equal_n", n)) if _grows(name) else n


def _said_of_n(results: Sequence[Result], names: Sequence[str]) -> list[str]:
    """A sentence where measures that grow with the number of rows were taken on equally many of each dataset."""
    growing = [name for name in names if _grows(name)]
    n = results[0].get("equal_n")
    if not n or not growing:
        return []
    return [f"On {n:,} rows of each, drawn at random, as they grow with the number of rows: {', '.join(growing)}."]


def _works(names: Sequence[str]) -> dict[str, Sequence[Citation]]:
    return {name: metric(name).cites for name in names if is_name("metrics", name) and metric(name).cites}


def _gated(result: Result, name: str) -> str:
    """Whether the gates passed that hold a measure; empty without one."""
    held = [gate for gate in result["gates"] if re.match(rf"\s*(?:compare\.)?{name}\b", gate["gate"])]
    return "" if not held else "passed" if all(gate["passed"] for gate in held) else "failed"


def _md_compared(result: Result) -> list[str]:
    compared = result.get("compare")
    rows = [
        [md(name), number(item["value"]), number(item["other"]), span(item.get("interval")), item.get("verdict", NONE)]
        for name, item in (compared or {}).get("metrics", {}).items()
        if "difference" in item
    ]
    if not compared or not rows:
        return []
    title = f"{md(result['dataset'])} compared with {md(compared['with'])}, {compared['n']:,} rows of each:"
    lacking = [f"Not compared: {md('; '.join(found))}."] if (found := lacking_there(compared)) else []
    heads = ["measure", "this", "that", "difference (95 %)", "verdict"]
    return ["", title, "", *_md_table(heads, rows), *(["", *lacking] if lacking else [])]


def lacking_there(compared: Mapping[str, Any]) -> list[str]:
    """The measures that the other dataset alone lacks, with the reason."""
    there = f"{compared['with']}: "
    lacking = {name: item["reason"] for name, item in compared["metrics"].items() if "difference" not in item}
    return [f"{name} ({reason})" for name, reason in lacking.items() if reason.startswith(there)]


def _md_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows)]
