"""What `datagen eval` shows on the terminal: the table of measures, gates and comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.cli import console
from datagen_cli.evaluation.control import control_line
from datagen_cli.evaluation.evaluate import Evaluation, metric
from datagen_cli.evaluation.reading import readings
from datagen_cli.metrics.measure import Measure
from datagen_cli.metrics.wording import number, span, within
from datagen_cli.report.measure_tables import lacking_there


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
