"""The first screen of a page: what was made and whether it is any good, in sentences that need no other page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from datagen_cli.config.overrides import CHECKS
from datagen_cli.core.registry import is_name, load, targets
from datagen_cli.evaluation.evaluate import metric
from datagen_cli.metrics.measure import Metric, about
from datagen_cli.metrics.wording import duration, number, percent, unbroken, usd
from datagen_cli.report.html import Html, join, tag
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
    """Sentences, tiles, and in words what has no tile or is no share that speaks for itself."""
    drawn, told = tiles(sheet)
    worded = [name for name, found in headlines(sheet) if name not in told or not found.counts_rows]
    said = [sheet.readings[name] for name in worded if sheet.readings.get(name)]
    return join(
        [tag("p", unbroken(sentence), class_="lead") for sentence in sentences(sheet)],
        gates_sentence(sheet),
        tag("ul", [tag("li", tag("b", value), tag("span", what)) for value, what in drawn], class_="tiles"),
        tag("ul", [tag("li", unbroken(text)) for text in said]) if said else None,
    )


def gates_sentence(sheet: Sheet) -> Html | None:
    """Whether the gates passed, and which did not."""
    gates = sheet.result["gates"]
    if not gates:
        return None
    failed = [gate["gate"] for gate in gates if not gate["passed"]]
    every = "the gate" if len(gates) == 1 else f"all {len(gates)} gates"
    said = f"✗ failed: {', '.join(failed)}" if failed else f"✓ {every} passed"
    return tag("p", said, class_=f"lead {'failed' if failed else 'passed'}")


def sentences(sheet: Sheet) -> Iterator[str]:
    """What was made, and what was turned away."""
    if sheet.run is not None:
        yield from _made(sheet.told(), sheet.run.state)
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
        why, asked = WORDS.get(reason), ""
        if why is None:
            why, asked = f"they failed the check {reason}", _asked(reason)
        share = percent(total / max(total + told["accepted"], 1))
        if total == 1:
            yield f"1 attempt ({share} of all) was turned away because {_of_one(why)}{asked}."
        else:
            yield f"{total:,} attempts ({share} of all) were turned away, most often ({most:,}) because {why}{asked}."


def _asked(name: str) -> str:
    """What a check asks for that has the name of its kind, in brackets."""
    kind = next((kind for kind in CHECKS if is_name(kind, name)), None)
    said = about(load(kind, name)) if kind else ""
    return f" ({said[0].lower()}{said[1:]})" if said else ""


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


def tiles(sheet: Sheet) -> tuple[list[tuple[str, str]], set[str]]:
    """Numbers that a reader looks for first, each with what it is; and the measures that are among them."""
    first = list(_run_tiles(sheet.told()) if sheet.run else [(f"{sheet.result['n']:,}", "rows")])
    shown = list(islice(headlines(sheet), MOST_TILES - len(first)))
    return [*first, *_measure_tiles(sheet, shown)], {name for name, _ in shown}


def _run_tiles(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    total = sum(told["rejected"].values()) + told["accepted"]
    yield f"{told['accepted']:,}", f"records of {told['count']:,}"
    yield (unbroken(percent(told["accepted"] / total)) if total else "–"), "of all attempts kept"
    if told["accepted"] and told["cost_usd"]:
        yield usd(told["cost_usd"] / told["accepted"]), "for each record kept"


def _measure_tiles(sheet: Sheet, shown: Iterable[tuple[str, type[Metric]]]) -> Iterator[tuple[str, str]]:
    for name, found in shown:
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
    return unbroken(percent(value)) if found.counts_rows else number(value)
