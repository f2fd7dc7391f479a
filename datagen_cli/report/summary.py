"""The first screen of a page: what was made and whether it is any good, in sentences that need no other page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from datagen_cli.core.registry import targets
from datagen_cli.evaluation.evaluate import metric
from datagen_cli.metrics.measure import Metric
from datagen_cli.metrics.wording import duration, number, percent
from datagen_cli.report.html import Html, join, tag
from datagen_cli.report.run_parts import usd
from datagen_cli.report.sheet import Sheet
from datagen_cli.runs.card import OFFLINE

WORDS = {
    "duplicate": "they repeated a record word for word",
    "near_duplicate": "they nearly repeated a record",
    "neighbour": "they said the same as a record",
    "unchanged": "they came back as they were",
    "label": "their label was another than asked for",
    "review": "a person rejected them",
    "malformed": "they could not be read",
    "refused": "the model declined",
    "echo": "they gave the prompt back",
    "truncated": "they were cut off at the token limit",
    "bad_request": "the endpoint refused the request",
}
"""Reasons of the machinery in words; the others are names of checks."""
MOST_TILES = 8


def summary_part(sheet: Sheet) -> Html:
    """Sentences, what the measures say in words, and tiles."""
    return join(
        [tag("p", sentence, class_="lead") for sentence in sentences(sheet)],
        tag("ul", [tag("li", sheet.readings[name]) for name, _ in headlines(sheet) if sheet.readings.get(name)]),
        tag("ul", [tag("li", tag("b", value), tag("span", what)) for value, what in tiles(sheet)], class_="tiles"),
    )


def sentences(sheet: Sheet) -> Iterator[str]:
    """What was made, and what was turned away."""
    if sheet.run is not None:
        yield from _made(sheet.run.summary(), sheet.run.state)
    else:
        fields = ", ".join(sheet.result["text_fields"]) or "none"
        rows = "1 row" if sheet.result["n"] == 1 else f"{sheet.result['n']:,} rows"
        yield f"{sheet.name} holds {rows}; measured is the text of {fields}."


def _made(told: Mapping[str, Any], state: str) -> Iterator[str]:
    called = (name for names in told["models"].values() for name in names)
    models = dict.fromkeys("the offline model" if name == OFFLINE else name for name in called)
    whom = f" by {', '.join(models)}" if models else ""
    cost = "at a cost that is not known" if told["cost_usd"] is None else f"for {usd(told['cost_usd'])}"
    per = told["cost_usd"] / told["accepted"] if told["cost_usd"] and told["accepted"] else None
    each = f", {usd(per)} a record" if per else ""
    missing = told["count"] - told["accepted"]
    few = f"{missing:,} {'is' if missing == 1 else 'are'} missing"
    early = f"{few if state == 'short' else 'It ended early'}: {told['reason'] or state}."
    end = {"running": "It is still running.", "done": ""}.get(state, early)
    yield (
        f"{told['accepted']:,} of {told['count']:,} records were made{whom} on {_day(told['started'])}, in "
        f"{duration(told['all_runs']['seconds'])}, {cost}{each}. {end}"
    ).rstrip()
    refused = told["rejected"]
    total = sum(refused.values())
    if total:
        reason, most = max(refused.items(), key=lambda item: item[1])
        why = WORDS.get(reason, f"they failed the check {reason}")
        share = percent(total / max(total + told["accepted"], 1))
        if total == 1:
            yield f"1 attempt ({share} of all) was turned away because {_of_one(why)}."
        else:
            yield f"{total:,} attempts ({share} of all) were turned away, most often ({most:,}) because {why}."


def _of_one(why: str) -> str:
    """What is said of several attempts, said of one."""
    for several, one in (("they were", "it was"), ("they", "it"), ("their", "its"), ("them", "it")):
        why = re.sub(rf"\b{several}\b", one, why)
    return why


def _day(at: str) -> str:
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return at
    return f"{moment.day} {moment:%B %Y}"


def tiles(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """Numbers that a reader looks for first, each with what it is."""
    count = 0
    if sheet.run is not None:
        told = sheet.run.summary()
        total = sum(told["rejected"].values()) + told["accepted"]
        yield f"{told['accepted']:,}", f"records of {told['count']:,}"
        yield (percent(told["accepted"] / total) if total else "–"), "of all attempts kept"
        if told["accepted"] and told["cost_usd"]:
            yield usd(told["cost_usd"] / told["accepted"]), "for each record kept"
        count = 2
    else:
        yield f"{sheet.result['n']:,}", "rows"
    for name, found in islice(headlines(sheet), MOST_TILES - count):
        value, beside = (sheet.result[side].get(name, {}).get("value") for side in ("metrics", "reference_metrics"))
        equal = sheet.equal.get(name, {}).get("value")
        at = "" if equal is None else f", both at {sheet.result.get('reference_n', 0):,} rows"
        value = value if equal is None else equal
        other = f" (reference {_value(found, beside)}{at})" if beside is not None else ""
        yield _value(found, value), found.headline + other + _of(sheet.result["metrics"][name])


def _of(found: Mapping[str, Any]) -> str:
    """Of how many rows a share is, where people or gold labels decided on some of them only."""
    counts = [found.get("detail", {}).get(outcome, 0) for outcome in ("right", "wrong", "unknown")]
    return f", of the {counts[0] + counts[1]:,} that are decided" if counts[2] else ""


def headlines(sheet: Sheet) -> Iterator[tuple[str, type[Metric]]]:
    """The measures with a value that a first look is told: shares of the rows, then the others."""
    known = targets("metrics")
    have = [name for name, found in sheet.result["metrics"].items() if found.get("value") is not None and name in known]
    classes = [(name, metric(name)) for name in have]
    for shares in (True, False):
        yield from ((name, one) for name, one in classes if one.headline and one.counts_rows is shares)


def _value(found: type[Metric], value: float) -> str:
    return percent(value).replace(" %", "\u00a0%") if found.counts_rows else number(value)
