"""Numbers and scales in words, as readings, tables and pages write them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import floor, log10
from typing import Any


def number(value: float) -> str:
    """`0.4551`, `38.67`, `12,345`: four digits, and never a power of ten for a large number."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def span(interval: Sequence[float] | None) -> str:
    """`0.41 – 0.5`, `-0.2 to 0.1`, or a dash where there is no interval."""
    if interval is None:
        return "–"
    return (" to " if min(interval) < 0 else " – ").join(map(_end, interval))


def _end(end: float) -> str:
    return f"{end:,.0f}" if abs(end) >= 1000 else f"{end:.3g}"


def within(found: Mapping[str, Any]) -> str:
    """The interval of a measure's JSON, else its `bound`, from one side where the value is an end: `≤ 0.05 (bound)`.
    Empty without either."""
    if interval := found.get("interval"):
        return span(interval)
    if not (bound := found.get("bound")):
        return ""
    low, high = bound
    if found["value"] in (low, high) and low < high:
        end, sign = (high, "≤") if found["value"] == low else (low, "≥")
        return f"{sign} {_end(end)} (bound)"
    return f"{span(bound)} (bound)"


def percent(share: float) -> str:
    """`3 %`, `0.4 %`, `under 0.1 %`; never `100 %` of what is not all."""
    if 0 < share < 0.001:
        return "under 0.1 %"
    if 0.99 < share < 1:
        return f"{100 * share:.1f} %" if share < 0.999 else "over 99.9 %"
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.1f} %"


def counted(count: float, noun: str) -> str:
    """`1 row`, `0.3 words`, `1,204 words`: a number with its noun, with one digit after the point below 10."""
    shown = f"{count:,.0f}" if count >= 10 or count == round(count) else f"{count:.1f}"
    return f"{shown} {noun}{'' if shown == '1' else 's'}"


def scale(value: float, *marks: tuple[float, str]) -> str:
    """The words of the first mark that the value does not exceed, of the last one above all of them."""
    return next((words for top, words in marks if value <= top), marks[-1][1])


def usd(cost: float | None) -> str:
    """`$0.000042`, `$0.0123`, `$12.30`, `unknown`: four digits after the point, or as many as show two that count."""
    if cost is None:
        return "unknown"
    if cost >= 1 or cost == 0:
        return f"${cost:,.2f}"
    return f"${cost:.{max(4, 1 - floor(log10(cost)))}f}"


def duration(seconds: float) -> str:
    """`9.4 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def unbroken(text: str) -> str:
    """A sentence of ours in which no number stands at the end of a line and its unit on the next."""
    return re.sub(r"(?<=\d) (?=(?:%|s|min|h)(?!\w))", "\u00a0", text)
