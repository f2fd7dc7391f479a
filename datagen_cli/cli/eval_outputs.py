"""Where the results of `datagen eval` go: the terminal, one JSON object a dataset, tables, pages and files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import Any

from datagen_cli.cli import console
from datagen_cli.cli.outputs import STANDARD, refuse_outputs, write_output
from datagen_cli.cli.under_way import Say
from datagen_cli.core.errors import Place, UsageError
from datagen_cli.core.jsonl import dump, make_folder, write_aside
from datagen_cli.core.registry import suggest
from datagen_cli.evaluation.control import control_line
from datagen_cli.evaluation.document import at_equal_n, document
from datagen_cli.evaluation.evaluate import Evaluation, metric
from datagen_cli.evaluation.reading import readings
from datagen_cli.metrics.measure import Measure
from datagen_cli.metrics.wording import number, span, within
from datagen_cli.report.evaluation import evaluation_page
from datagen_cli.report.figures import figures
from datagen_cli.report.junit import junit
from datagen_cli.report.measure_tables import TABLES, lacking_there, summary
from datagen_cli.report.sheet import Sheet, sheet_of


@dataclass
class Outputs:
    """What the user wants of the results; `add` takes those of one dataset, `write` ends."""

    detail: str | None
    html: str | None
    table: str | None
    summary: str | None
    junit: str | None
    as_json: bool
    quiet: bool
    figures: str | None = None
    equal_n: int = 0
    """On how many rows of each dataset tables show what grows with their number; 0: on all of them."""
    _results: list[dict[str, Any]] = field(default_factory=list)
    _wholes: list[dict[str, Any]] = field(default_factory=list)
    _sheets: list[Sheet] = field(default_factory=list)

    def refuse(self, inputs: Sequence[str | None]) -> None:
        """Raises `UsageError` for an unknown table, files that cannot be written, and two things on standard output."""
        if self.table is not None and self.table not in TABLES:
            raise UsageError(f"--table: there is no form {self.table!r}", hint=suggest(self.table, list(TABLES)))
        if sum(name == STANDARD for name in self._files.values()) + self.as_json + (self.table is not None) > 1:
            shown = ", ".join(f"{option} -" for option in self._files)
            raise UsageError(f"only one of --json, --table, {shown} can go to standard output", hint="name a file")
        refuse_outputs(self._files, inputs)
        if self.figures is not None and Path(self.figures).exists() and not Path(self.figures).is_dir():
            raise UsageError("--figures: a file is in the way", hint="name a folder", place=Place(self.figures))

    def note(self, text: str) -> None:
        """A remark on stderr; none with `--quiet`."""
        if not self.quiet:
            console.note(console.named(text))

    def add(self, found: Evaluation, gates: Sequence[Mapping[str, Any]], extra: Mapping[str, Any], say: Say) -> None:
        """The results of one dataset: shown at once, kept for what is written in the end, of which `say` is told."""
        say(f"{found.views.loaded.dataset.name}: gathering the results")
        result = {**document(found, gates), **extra}
        if self.as_json:
            console.emit_json(result)
        elif self.table is None and STANDARD not in self._files.values():
            say("")  # nothing more stands between the lines of the table
            show(found, result)
        if self.as_json or self.table is not None or STANDARD in self._files.values():
            for line in failed(gates):
                console.note(console.named(f"{result['dataset']}: {line}"))
        for problem in extra.get("problems", ()):
            console.note(console.named(f"--strict: {problem}"))
        if self.table or self.summary or self.junit:
            n = min(filter(None, (self.equal_n, found.reference_n)), default=0)  # the reference is a column, too
            self._results.append(at_equal_n(found, result, n) if self.equal_n or 0 < n < result["n"] else result)
        if self.detail is not None:
            self._wholes.append({**document(found, gates, shown=None), **extra})
        if self.html is not None or self.figures is not None:
            self._sheets.append(sheet_of(found, result))

    def write(self, say: Say) -> None:
        """Writes the files that were asked for."""
        say("writing the files")
        if self.table is not None:
            console.out(TABLES[self.table](self._results).rstrip("\n"))
        if self.detail is not None:
            write_output(self.detail, b"".join(dump(whole) + b"\n" for whole in self._wholes))
        for name, make in ((self.summary, summary), (self.junit, junit)):
            if name is not None:
                write_output(name, make(self._results).encode("utf-8"))
        if self.html is not None:
            write_output(self.html, evaluation_page(self._sheets).encode("utf-8"))
            self._say(f"page: {self.html}", self.html)
        if self.figures is not None:
            self._write_figures(Path(self.figures))

    def _write_figures(self, folder: Path) -> None:
        """The drawings of every dataset as files of this folder, under the datasets' names where there are several."""
        make_folder(folder)
        drawn = False
        for before, sheet in zip(_beginnings([sheet.name for sheet in self._sheets]), self._sheets, strict=True):
            for name, text in figures(sheet):
                drawn = True
                write_aside(folder / f"{before}{name}.svg", [text.encode("utf-8")])
                self._say(f"figure: {folder / f'{before}{name}.svg'}", "")
        if not drawn:
            self._say("no figure: nothing of what was measured can be drawn", "")

    def _say(self, text: str, file: str) -> None:
        if not self.quiet and file != STANDARD:
            console.say(console.indented(text))

    @property
    def _files(self) -> dict[str, str | None]:
        given = {"--detail": self.detail, "--html": self.html, "--summary": self.summary, "--junit": self.junit}
        return dict(given)


def _beginnings(names: Sequence[str]) -> list[str]:
    """What the file names of each dataset's figures begin with: its own name, numbered where two share it."""
    if len(names) < 2:
        return [""] * len(names)
    found: list[str] = []
    for name in names:
        own = re.sub(r"\W+", "-", Path(name).stem).strip("-") or "set"
        free = (
            begin for begin in chain([f"{own}-"], (f"{own}-{number}-" for number in count(2))) if begin not in found
        )
        found.append(next(free))
    return found


def show(found: Evaluation, result: Mapping[str, Any]) -> None:
    """The table of one dataset, what misses, the comparison and the gates."""
    data = found.views.loaded
    what = f"{data.dataset.name}: {data.total:,} {'row' if data.total == 1 else 'rows'}"
    fields = ", ".join(data.dataset.text_fields) or "none"
    simulated = " · simulated (offline model)" if data.dataset.simulated else ""
    label = data.dataset.label_field or "none"
    console.paragraph(console.named(f"{what} · text: {fields} · label: {label}{simulated}"))
    by = f" (embedder: {found.views.embedder_name})"
    words = {name: said + by * metric(name).needs_vectors for name, said in readings(found).items()}
    rows = [
        (name, number(measure.value), _within(measure), console.named(words[name]))
        for name, measure in found.measures.items()
        if measure.value is not None
    ]
    if rows:
        console.table("", ("measure", "value", "95 %", "reading"), rows)
    reasons: dict[str, list[str]] = {}
    for name, measure in found.measures.items():
        if measure.value is None:
            reasons.setdefault(measure.reason, []).append(name)
    if reasons:
        console.paragraph(
            "missing: "
            + "; ".join(f"{', '.join(names)} ({console.named(reason)})" for reason, names in reasons.items())
        )
    if result["control"] is not None:
        console.paragraph(control_line(result["control"]))
    _show_compared(result.get("compare"))
    _show_gates(result["gates"])


def _within(measure: Measure) -> str:
    """The interval; of few rows the wider bound."""
    return within({"value": measure.value, "interval": measure.interval, "bound": measure.bound}) or span(None)


def _show_compared(compared: Mapping[str, Any] | None) -> None:
    if compared is None:
        return
    rows = []
    for name, item in compared["metrics"].items():
        if "difference" in item:
            interval = span(item["interval"]) if "interval" in item else item.get("reason", "–")
            verdict = item.get("verdict", "–")
            rows.append((name, number(item["value"]), number(item["other"]), interval, verdict))
    if rows:
        title = f"\ncompared with {compared['with']}, {compared['n']:,} rows of each"
        console.table(title, ("measure", "this", "that", "difference", "verdict"), rows)
    if lacking := lacking_there(compared):
        console.paragraph("not compared: " + "; ".join(lacking))


def _show_gates(gates: Sequence[Mapping[str, Any]]) -> None:
    if gates:
        console.paragraph("")
    for gate in gates:
        if gate["passed"]:
            console.paragraph(f"passed: {gate['gate']} ({number(gate['value'])})")
        else:
            console.paragraph(next(iter(failed([gate]))))


def failed(gates: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each gate that failed: its value and bound, or why it has none."""
    return [
        f"FAILED: {gate['gate']} ({gate.get('reason') or _beside_bound(gate)})" for gate in gates if not gate["passed"]
    ]


def _beside_bound(gate: Mapping[str, Any]) -> str:
    return f"{number(gate['value'])}, bound {number(gate['bound'])}"
