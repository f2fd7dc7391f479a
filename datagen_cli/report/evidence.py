"""What a page shows of a dataset's rows: their lengths, labels and verdicts, what repeats or is flagged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen_cli.evaluation.reading import number
from datagen_cli.report.charts import REFERENCE, Histogram, counts_table, histogram, outcomes_table
from datagen_cli.report.html import Html, join, tag

SHOWN = 10
MOST_LABELS = 30
VERDICTS, ANSWERS = ("pass", "fail", "unknown"), ("right", "wrong", "unknown")


def charts(result: Mapping[str, Any], series: str) -> Html | None:
    """Lengths, labels, verdicts and answers of one dataset, as far as they were measured."""
    drawn = [part for part in (_lengths(result, series), _labels(result), *_verdicts(result), _answers(result)) if part]
    return tag("div", [tag("figure", part) for part in drawn], class_="charts") if drawn else None


def evidence(result: Mapping[str, Any], texts: Mapping[str, str]) -> Html:
    """The first rows that repeat the reference, each other, or are flagged. `texts` has those of pairs by id."""
    return join(_leaked(result), _pairs(result, texts), _flagged(result), _shared(result))


def _detail(result: Mapping[str, Any], name: str, side: str = "metrics") -> Mapping[str, Any]:
    found: Mapping[str, Any] = result[side].get(name, {}).get("detail", {})
    return found


def _lengths(result: Mapping[str, Any], series: str) -> Html | None:
    sides = [("this dataset", _detail(result, "length").get("words"), series)]
    sides.append(("the reference", _detail(result, "length", "reference_metrics").get("words"), REFERENCE))
    known = [(name, words, _bins(words["histogram"]), one) for name, words, one in sides if words]
    if not known:
        return None
    low, high = min(bins.start for _, _, bins, _ in known), max(bins.end for _, _, bins, _ in known)
    drawn = []
    for name, words, bins, one in known:
        said = (
            f"{name}: half of the texts have {number(words['p25'])} to {number(words['p75'])} words, "
            f"least {words['min']:,}, most {words['max']:,}"
        )
        drawn.append(join(tag("p", said, class_="small quiet"), histogram(bins, low, high, said, one)))
    return join(tag("figcaption", "Words a text"), drawn)


def _bins(given: Mapping[str, Any]) -> Histogram:
    return Histogram(given["start"], given["width"], given["counts"])


def _labels(result: Mapping[str, Any]) -> Html | None:
    labels: Mapping[str, int] = _detail(result, "balance").get("labels", {})
    if not labels:
        return None
    shown = dict(list(labels.items())[:MOST_LABELS])
    more = f"; the first {len(shown)} of {len(labels)}" if len(labels) > len(shown) else ""
    return counts_table(f"Rows a label{more}", (str(result["label_field"]), "rows"), shown)


def _verdicts(result: Mapping[str, Any]) -> list[Html]:
    drawn = []
    for name, what in (("verified", "validators"), ("constraints", "constraints")):
        checks = {
            check: sides["before"]
            for check, sides in _detail(result, name).items()
            if isinstance(sides, Mapping) and isinstance(sides.get("before"), Mapping)
        }
        if checks:
            drawn.append(outcomes_table(f"First verdicts of the run's {what}", VERDICTS, checks))
    return drawn


def _answers(result: Mapping[str, Any]) -> Html | None:
    counts = {name: _detail(result, "correctness")[name] for name in ANSWERS if name in _detail(result, "correctness")}
    return outcomes_table("Correctness", ANSWERS, {"rows": counts}) if counts else None


def _leaked(result: Mapping[str, Any]) -> Html | None:
    detail = _detail(result, "leakage")
    found = detail.get("evidence", ())
    drawn = [
        _pair(
            f"{item['kind']}, similarity {number(item['similarity'])}",
            (f"row {item['id']}", item["text"]),
            (f"reference, row {item['repeats']}", item["reference"]),
        )
        for item in found[:SHOWN]
    ]
    return _list("Rows that repeat the reference", drawn, detail.get("total", len(found)))


def _pairs(result: Mapping[str, Any], texts: Mapping[str, str]) -> Html | None:
    detail = _detail(result, "near_duplicates")
    found = detail.get("pairs", ())
    drawn = [
        _pair(
            f"similarity {number(similarity)}",
            (f"row {first}", texts.get(first, "")),
            (f"row {second}", texts.get(second, "")),
        )
        for first, second, similarity in found[:SHOWN]
    ]
    return _list("Rows that nearly repeat each other", drawn, detail.get("total", len(found)))


def _pair(what: str, *sides: tuple[str, str]) -> Html:
    both = [(tag("dt", name), tag("dd", tag("bdi", shown or "–"))) for name, shown in sides]
    return tag("div", tag("p", what, class_="small"), tag("dl", both), class_="pair")


def _flagged(result: Mapping[str, Any]) -> Html | None:
    detail = _detail(result, "safety")
    found = detail.get("evidence", ())
    drawn = [_pair(f"{item['kind']}: {item['rule']}", (f"row {item['id']}", item["shown"])) for item in found[:SHOWN]]
    return _list("Rows that are flagged", drawn, detail.get("total", len(found)))


def _shared(result: Mapping[str, Any]) -> Html | None:
    detail = _detail(result, "entity_overlap")
    found: Sequence[str] = detail.get("shared", ())
    if not found:
        return None
    total = detail.get("total", len(found))
    more = f" and {total - len(found):,} more" if total > len(found) else ""
    return join(tag("h3", "Names and amounts shared with the reference"), tag("p", ", ".join(found), more))


def _list(title: str, drawn: Sequence[Html], total: int) -> Html | None:
    if not drawn:
        return None
    said = f"the first {len(drawn)} of {total:,}" if total > len(drawn) else f"{total:,} in all"
    return join(tag("h3", title), tag("p", said, class_="small quiet"), drawn)
