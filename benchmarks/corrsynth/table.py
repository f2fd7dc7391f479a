"""The figures of the experiment as a Markdown table and sentences, from the report's JSON alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.corrsynth.measure import FIGURES

SHOWN = ("self_bleu", "entity_entropy", "mauve", "label_kept", "student", "words")
SIGNS = {"lower": "↓", "higher": "↑", "": ""}


def cell(estimate: Mapping[str, Any] | None, digits: int) -> str:
    """`0.123 ± 0.004`, the mean alone without an interval, a dash without a value."""
    if estimate is None:
        return "–"
    mean = f"{estimate['mean']:.{digits}f}"
    return mean if estimate["high"] is None else f"{mean} ± {estimate['high'] - estimate['mean']:.{digits}f}"


def markdown(report: Mapping[str, Any]) -> str:
    """One line a variant, real items first: mean ± half of the 95 % t interval over seeds."""
    titles = [f"{FIGURES[name].title} {SIGNS[FIGURES[name].better]}".strip() for name in SHOWN]
    lines = [
        "| " + " | ".join(["", *titles, "tokens a text", "rows forwarded"]) + " |",
        "|---|" + "---:|" * (len(titles) + 2),
    ]
    for row in report["rows"]:
        cells = [cell(row["figures"].get(name), FIGURES[name].digits) for name in SHOWN]
        took = [_whole(row["tokens_a_text"], 1), _thousands(row["forward_rows"])]
        lines.append("| " + " | ".join([row["name"], *cells, *took]) + " |")
    return "\n".join(lines)


def sentences(report: Mapping[str, Any]) -> list[str]:
    """For every variant and whom it is compared with: where it is better, worse, or no different."""
    found = []
    for row in report["rows"]:
        for other, gaps in row["against"].items():
            words = []
            for said in ("better", "worse", "even"):
                names = [FIGURES[name].title for name, gap in gaps.items() if gap["verdict"] == said]
                if names:
                    words.append(f"{said}: {', '.join(names)}")
            found.append(f"{row['name']} against {other}: " + "; ".join(words))
    return found


def _whole(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _thousands(value: float | None) -> str:
    return "–" if value is None else f"{value / 1000:,.0f} k"
