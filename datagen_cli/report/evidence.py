"""What a page shows of a dataset's rows: their lengths, labels and verdicts, what repeats or is flagged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from datagen_cli.core.registry import targets
from datagen_cli.evaluation.evaluate import metric
from datagen_cli.metrics.exhibits import Counts, Distribution, Exhibit, Names, Outcomes, Passage, Passages, Side
from datagen_cli.metrics.wording import number
from datagen_cli.report.charts import REFERENCE, Histogram, counts_table, histogram, outcomes_table
from datagen_cli.report.html import Html, join, tag

SHOWN = 10
MOST_COUNTS = 30
LONGEST = 1_200
"""Characters of a text that a page shows."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An exhibit of a measure, and the reference's own where there is one."""

    exhibit: Exhibit
    reference: Exhibit | None = None


def exhibited(result: Mapping[str, Any], texts: Mapping[str, str]) -> list[Shown]:
    """What the measures of an evaluation's JSON have to show; `texts` has those of the dataset's rows by id.

    A measure that is not installed here (the JSON may come from elsewhere) shows nothing.
    """

    def with_text(side: Side) -> Side:
        text = side.text if side.row is None else texts.get(side.row, "")
        return replace(side, text=text if len(text or "") <= LONGEST else f"{(text or '')[:LONGEST]}…")

    def filled(exhibit: Exhibit) -> Exhibit:
        if not isinstance(exhibit, Passages):
            return exhibit
        kept = [replace(found, sides=list(map(with_text, found.sides))) for found in exhibit.passages[:SHOWN]]
        return replace(exhibit, passages=kept)

    shown: list[Shown] = []
    for name in (name for name in result["metrics"] if name in targets("metrics")):
        sides = (result[side].get(name, {}).get("detail", {}) for side in ("metrics", "reference_metrics"))
        own, other = (metric(name)().exhibits(detail) for detail in sides)
        known = {exhibit.title: exhibit for exhibit in other}
        shown += [Shown(filled(exhibit), known.get(exhibit.title)) for exhibit in own]
    return shown


def charts(shown: Sequence[Shown], series: str) -> Html | None:
    """Distributions, counts and outcomes of one dataset, as far as they were measured."""
    drawn = []
    for one in shown:
        if isinstance(one.exhibit, Distribution):
            drawn.append(_distribution(one.exhibit, one.reference, series))
        elif isinstance(one.exhibit, Counts):
            drawn.append(_counts(one.exhibit))
        elif isinstance(one.exhibit, Outcomes):
            drawn.append(outcomes_table(one.exhibit.title, one.exhibit.outcomes, one.exhibit.rows))
    return tag("div", [tag("figure", part) for part in drawn], class_="charts") if drawn else None


def evidence(shown: Sequence[Shown]) -> Html:
    """The first rows that repeat the reference, each other, or are flagged."""
    return join(
        [_passages(one.exhibit) for one in shown if isinstance(one.exhibit, Passages)],
        [_names(one.exhibit) for one in shown if isinstance(one.exhibit, Names)],
    )


def _distribution(own: Distribution, reference: Exhibit | None, series: str) -> Html:
    sides = [("this dataset", own, series)]
    if isinstance(reference, Distribution):
        sides.append(("the reference", reference, REFERENCE))
    known = [(name, one.values, _bins(one), style) for name, one, style in sides]
    low, high = min(bins.start for _, _, bins, _ in known), max(bins.end for _, _, bins, _ in known)
    drawn = []
    for name, values, bins, style in known:
        said = (
            f"{name}: half of the texts have {number(values['p25'])} to {number(values['p75'])} {own.unit}, "
            f"least {values['min']:,}, most {values['max']:,}"
        )
        drawn.append(join(tag("p", said, class_="small quiet"), histogram(bins, low, high, said, style)))
    return join(tag("figcaption", own.title), drawn)


def _bins(given: Distribution) -> Histogram:
    bins = given.values["histogram"]
    return Histogram(bins["start"], bins["width"], bins["counts"])


def _counts(given: Counts) -> Html:
    shown = dict(list(given.counts.items())[:MOST_COUNTS])
    more = f"; the first {len(shown)} of {len(given.counts)}" if len(given.counts) > len(shown) else ""
    return counts_table(f"{given.title}{more}", given.heads, shown)


def _passages(given: Passages) -> Html | None:
    drawn = [_passage(one) for one in given.passages[:SHOWN]]
    if not drawn:
        return None
    said = f"the first {len(drawn)} of {given.total:,}" if given.total > len(drawn) else f"{given.total:,} in all"
    return join(tag("h3", given.title), tag("p", said, class_="small quiet"), drawn)


def _passage(given: Passage) -> Html:
    sides = [(tag("dt", side.name), tag("dd", tag("bdi", side.text or "–"))) for side in given.sides]
    return tag("div", tag("p", given.caption, class_="small"), tag("dl", sides), class_="pair")


def _names(given: Names) -> Html:
    more = f" and {given.total - len(given.names):,} more" if given.total > len(given.names) else ""
    return join(tag("h3", given.title), tag("p", ", ".join(given.names), more))
