"""What a page shows of a dataset's rows: their lengths, labels and verdicts, what repeats or is flagged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from datagen_cli.core.registry import is_name
from datagen_cli.evaluation.evaluate import metric
from datagen_cli.metrics.exhibits import Counts, Distribution, Exhibit, Names, Outcomes, Passage, Passages, Side
from datagen_cli.metrics.wording import number
from datagen_cli.report.charts import REFERENCE, Histogram, counts_table, histogram, outcomes_table, scale_ends
from datagen_cli.report.html import Html, join, tag
from datagen_cli.report.records import cut

SHOWN = 10
OWN = "dataset"
MOST_COUNTS = 30
LONGEST = 1_200
"""Characters of a text that a page shows beside another."""
ALONE = 400
"""Characters of a text that stands alone."""
_PIECES = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class ShownExhibit:
    """An exhibit of a measure, and the reference's own where there is one."""

    exhibit: Exhibit
    reference: Exhibit | None = None


def exhibited(result: Mapping[str, Any], texts: Mapping[str, str]) -> list[ShownExhibit]:
    """What the measures of an evaluation's JSON have to show; `texts` has those of the dataset's rows by id.

    A measure that is not installed here (the JSON may come from elsewhere) shows nothing.
    """

    def with_text(side: Side, longest: int) -> Side:
        text = side.text if side.row is None else texts.get(side.row, "")
        return replace(side, text=cut(text or "", longest) if text is not None else None)

    def filled(exhibit: Exhibit) -> Exhibit:
        if not isinstance(exhibit, Passages):
            return exhibit
        kept = []
        for found in exhibit.passages[:SHOWN]:
            longest = LONGEST if len(found.sides) > 1 else ALONE
            kept.append(replace(found, sides=[with_text(side, longest) for side in found.sides]))
        return replace(exhibit, passages=kept)

    shown: list[ShownExhibit] = []
    for name in (name for name in result["metrics"] if is_name("metrics", name)):
        sides = (result[side].get(name, {}).get("detail", {}) for side in ("metrics", "reference_metrics"))
        own, other = (metric(name)().exhibits(detail) for detail in sides)
        known = {exhibit.title: exhibit for exhibit in other}
        shown += [ShownExhibit(filled(exhibit), known.get(exhibit.title)) for exhibit in own]
    return shown


def charts(shown: Sequence[ShownExhibit], series: str) -> Html | None:
    """Distributions, counts and outcomes of one dataset, as far as they were measured."""
    drawn = []
    for one in shown:
        if isinstance(one.exhibit, Distribution):
            drawn.append(_distribution(one.exhibit, one.reference, series))
        elif isinstance(one.exhibit, Counts):
            drawn.append(_counts(one.exhibit, one.reference))
        elif isinstance(one.exhibit, Outcomes):
            drawn.append(outcomes_table(one.exhibit.title, one.exhibit.outcomes, one.exhibit.rows))
    return tag("div", [tag("figure", part) for part in drawn], class_="charts") if drawn else None


def evidence(shown: Sequence[ShownExhibit]) -> Html:
    """The first rows that repeat the reference, each other, or are flagged."""
    return join(
        [_passages(one.exhibit) for one in shown if isinstance(one.exhibit, Passages)],
        [_names(one.exhibit) for one in shown if isinstance(one.exhibit, Names)],
    )


def _distribution(own: Distribution, reference: Exhibit | None, series: str) -> Html:
    names = {OWN: "this dataset", REFERENCE: "the reference"}
    drawn = []
    spread = any(_differ(one) for one in (own, reference) if isinstance(one, Distribution))
    for (side, bars), given in zip(distribution_bars(own, reference, series), (own, reference), strict=False):
        assert isinstance(given, Distribution)
        said = f"{names[side]}: {_spread(given)}"
        chart = tag("div", bars, scale_ends(*scale_of(own, reference))) if spread else None  # one bar says nothing
        drawn.append(join(tag("p", said, class_="small quiet"), chart))
    return join(tag("figcaption", own.title), drawn)


def distribution_bars(own: Distribution, reference: Exhibit | None, series: str) -> Iterator[tuple[str, Html]]:
    """The histogram of lengths as SVG, then the reference's in the same bins and on the same scales, each with whose it
    is."""
    names = [(OWN, own, series), (REFERENCE, reference, REFERENCE)]
    sides = [(name, given, style) for name, given, style in names if isinstance(given, Distribution)]
    binned = _bins(own, reference)
    scale = (*scale_of(own, reference), max(bins.most for bins in binned))
    for (side, given, style), bins in zip(sides, binned, strict=True):
        yield side, histogram(bins, scale, f"{side}: {_spread(given)}", style)


def scale_of(own: Distribution, reference: Exhibit | None) -> tuple[float, float]:
    """From the least to the largest length of both, where their bins end."""
    known = _bins(own, reference)
    return min(bins.start for bins in known), max(bins.end for bins in known)


def _differ(given: Distribution) -> bool:
    return bool(given.values["min"] < given.values["max"])


def _spread(given: Distribution) -> str:
    values = given.values
    if not _differ(given):
        return f"every text has {values['min']:,} {given.unit}"
    return (
        f"half of the texts have {number(values['p25'])} to {number(values['p75'])} {given.unit}, "
        f"least {values['min']:,}, most {values['max']:,}"
    )


def _bins(*given: Exhibit | None) -> list[Histogram]:
    """The histograms of some distributions, in the bins of the widest."""
    parts = [one.values["histogram"] for one in given if isinstance(one, Distribution)]
    found = [Histogram(part["start"], part["width"], part["counts"]) for part in parts]
    return [one.joined(max(one.width for one in found)) for one in found]


def _counts(given: Counts, reference: Exhibit | None) -> Html:
    """The largest counts; where the reference has some, too, its own share of each beside them."""
    shown = dict(list(given.counts.items())[:MOST_COUNTS])
    more = f"; the first {len(shown)} of {len(given.counts)}" if len(given.counts) > len(shown) else ""
    beside = None
    if isinstance(reference, Counts) and (whole := sum(reference.counts.values())):
        beside = {name: reference.counts.get(name, 0) / whole for name in shown}
    return counts_table(f"{given.title}{more}", given.heads, shown, beside)


def _passages(given: Passages) -> Html | None:
    drawn = [_passage(one) for one in given.passages[:SHOWN]]
    if not drawn:
        return None
    said = f"the first {len(drawn)} of {given.total:,}" if given.total > len(drawn) else f"{given.total:,} in all"
    kind = "passages" if all(len(one.sides) == 1 for one in given.passages) else None
    return join(tag("h3", given.title), tag("p", said, class_="small quiet"), tag("div", drawn, class_=kind))


def _passage(given: Passage) -> Html:
    """Its texts, the last two of them side by side with the words marked that the other lacks."""
    shown = given.sides[-2:] if not given.sides[0].text else given.sides
    texts: list[Html | str] = [side.text or "–" for side in shown]
    if len(shown) > 1 and all(side.text for side in shown):
        texts[-2:] = marked(shown[-2].text or "", shown[-1].text or "")
    sides = [
        tag("div", tag("dt", side.name), tag("dd", text, dir="auto")) for side, text in zip(shown, texts, strict=True)
    ]
    return tag("div", tag("p", given.caption, class_="small"), tag("dl", sides, class_="beside"), class_="pair")


def marked(one: str, two: str) -> tuple[Html, Html]:
    """Both texts, what the other has not in `mark` elements; compared word by word."""
    sides: list[list[str]] = [_PIECES.findall(text) for text in (one, two)]
    drawn: tuple[list[Html], list[Html]] = ([], [])
    matcher = SequenceMatcher(None, sides[0], sides[1], autojunk=False)
    for kind, *ends in matcher.get_opcodes():
        for side, pieces, (start, end) in zip(drawn, sides, (ends[:2], ends[2:]), strict=True):
            piece = "".join(pieces[start:end])
            if piece:
                side.append(join(piece) if kind == "equal" else tag("mark", piece))
    return join(drawn[0]), join(drawn[1])


def _names(given: Names) -> Html:
    more = f" and {given.total - len(given.names):,} more" if given.total > len(given.names) else ""
    return join(tag("h3", given.title), tag("p", ", ".join(given.names), more))
