"""What a run's own files say, drawn: checks before and after, what each stage refused, cost, time, how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from datagen_cli.config.yaml_lines import write_yaml
from datagen_cli.core.flow import stage_of
from datagen_cli.metrics.wording import duration, usd
from datagen_cli.report.charts import outcomes_bar, share_bar
from datagen_cli.report.html import Html, join, tag
from datagen_cli.report.plots import over_time
from datagen_cli.report.records import Refused
from datagen_cli.report.tables import plain_table
from datagen_cli.runs.planted import KEPT, PLANTED, fate_cells
from datagen_cli.runs.reader import RunReader
from datagen_cli.runs.spending import total_of

OUTCOMES = ("pass", "fail", "unknown")
LEAST_TIMES = 4
"""The first of several marks the beginning."""
LEAST_GAP_S = 2.0
"""A chart that leaves out so much of the time that a run took says what it shows; `run.log` counts whole seconds."""


def checks_part(checks: Mapping[str, Mapping[str, Mapping[str, int]]]) -> Html | None:
    """Each check's verdicts on every attempt before any repair, and on the accepted records."""
    rows = []
    for name, counted in checks.items():
        before, after = counted.get("before", {}), counted.get("after", {})
        rows.append(
            [
                tag("bdi", name),
                outcomes_bar(before, OUTCOMES), _share(before), outcomes_bar(after, OUTCOMES), _share(after),
            ]
        )  # fmt: skip
    if not rows:
        return None
    said = "The share that passes, of all attempts as they came, before anything was mended, and of the records kept."
    heads = ("check", "as it came", "", "kept", "")
    return join(tag("p", said, class_="small quiet"), plain_table(heads, rows, "checks"))


def _share(counts: Mapping[str, int]) -> Html | str:
    total = sum(counts.get(outcome, 0) for outcome in OUTCOMES)
    if not total:
        return "–"
    passed = counts.get("pass", 0)
    unknown = f", {counts['unknown']:,} unknown" if counts.get("unknown") else ""
    whole = 99.9 if passed < total else 100.0  # not all of them is not 100 %
    return join(
        tag("span", f"{min(100 * passed / total, whole):.3g} %", class_="value"),
        tag("span", f" {passed:,} of {total:,}{unknown}", class_="small quiet"),
    )


def planted_part(planted: Mapping[str, Mapping[str, int]]) -> Html | None:
    """What became of the faults that a simulated model planted."""
    if not planted:
        return None
    rows = []
    for fault, fates in planted.items():
        found = fates.get(PLANTED, 0) - fates.get(KEPT, 0)
        rows.append([tag("bdi", fault), *fate_cells(fates), share_bar(found / max(fates.get(PLANTED, 0), 1))])
    said = "The simulated model errs on purpose: how many of its faults were planted, and which checks found them."
    heads = ("fault", "planted", "kept unnoticed", "mended", "turned away for", "found")
    return join(tag("p", said, class_="small quiet"), plain_table(heads, rows, "planted", ("turned away for", "found")))


def refused_part(refused: Sequence[Refused]) -> Html | None:
    """What each stage turned away and why, with an example."""
    if not refused:
        return None
    most = max(one.count for one in refused)
    drawn = []
    for stage, found in groupby(refused, lambda one: one.stage):
        several = list(found)
        rows = [
            [tag("bdi", one.reason), share_bar(one.count / most), f"{one.count:,}", _example(one)] for one in several
        ]
        head = f"{stage}: {sum(one.count for one in several):,} turned away"
        heads = ("reason", "", "attempts", "for example")
        drawn.append(join(tag("h3", head), plain_table(heads, rows, "refused", ("for example",))))
    return join(drawn)


def _example(one: Refused) -> Html:
    said = tag("bdi", one.detail) if one.detail else None
    text = tag("span", tag("bdi", one.text), class_="cell small quiet") if one.text else None
    return join(said, text)


def cost_part(summary: Mapping[str, Any], accepted: int) -> Html | None:
    """Calls, tokens and USD of every kind of call, by the stage that asks, and for each accepted record."""
    spent = summary["spent"]
    rows = []
    for role, purposes in spent.items():
        for purpose, counts in purposes.items():
            cost, tokens = counts.get("cost_usd"), (counts.get("tokens_in", 0), counts.get("tokens_out", 0))
            rows.append((stage_of(purpose), purpose, role, counts.get("calls", 0), *tokens, cost))
    whole = total_of(spent)
    if not whole["calls"]:
        return None
    known = [cost for *_, cost in rows if cost is not None]
    most = max(known, default=0.0) or 1.0
    drawn = [
        [
            f"{stage}: {purpose}", role, f"{calls:,}", f"{into:,}", f"{out:,}", usd(cost),
            share_bar((cost or 0.0) / most) if any(known) else "",
        ]
        for stage, purpose, role, calls, into, out, cost in sorted(rows, key=lambda row: -(row[-1] or 0.0))
    ]  # fmt: skip
    tokens = whole["tokens_in"] + whole["tokens_out"]
    sums = [f"{whole[name]:,}" for name in ("calls", "tokens_in", "tokens_out")]
    drawn.append(["all", "", *sums, usd(whole["cost_usd"]), ""])
    each = None
    if accepted:
        per = None if whole["cost_usd"] is None else whole["cost_usd"] / accepted
        each = f"Each accepted record took {whole['calls'] / accepted:.2f} calls, {tokens / accepted:,.0f} tokens"
        each += f" and {usd(per)}, what was turned away included."
    heads = ("stage: call", "role", "calls", "tokens in", "tokens out", "USD", "")
    return join(tag("p", each) if each else None, plain_table(heads, drawn, "cost", ("",)))


@dataclass(frozen=True, slots=True)
class Times:
    """Counts of a session at several times, in seconds since its beginning."""

    seconds: Sequence[float]
    in_flight: Sequence[int]
    accepted: Sequence[int]


def times_of(run: RunReader) -> Times | None:
    """The counts of the last session, from `run.log`; None where it was too short to tell."""
    lines: list[tuple[float, int, int]] = []
    held = 0
    for line in run.happened():
        at, flying, kept = _at(line), line.get("in_flight"), line.get("accepted")
        if line.get("event") == "begin":
            lines, flying, kept = [], 0, held
        if at is not None and isinstance(flying, int) and isinstance(kept, int):
            lines.append((at, flying, kept))
            held = kept
    if len(lines) < LEAST_TIMES or lines[-1][0] <= lines[0][0]:
        return None
    seconds, in_flight, accepted = zip(*lines, strict=True)
    return Times([at - seconds[0] for at in seconds], in_flight, accepted)


def time_part(run: RunReader) -> Html | None:
    """Calls in flight and records accepted over the last session of the run."""
    found = times_of(run)
    if found is None:
        return None
    flying, kept = found.in_flight, found.accepted
    whole, shown = run.manifest.earlier_seconds + run.manifest.seconds, found.seconds[-1]
    of = f" over the last {duration(shown)} of {duration(whole)}" if whole - shown >= LEAST_GAP_S else ""
    said = f"Calls in flight{of}: at most {max(flying):,}, {sum(flying[1:]) / len(flying[1:]):,.0f} on average."
    end = "so far" if run.state == "running" else "at its end"
    begun = f"{kept[0]:,} when this session began, " if kept[0] else ""
    grown = f"Records accepted{of}: {begun}{kept[-1]:,} {end}."
    flight, growth = (
        tag("figure", tag("figcaption", words), over_time(found.seconds, [(series, values)], words))
        for words, series, values in ((said, "s0", flying), (grown, "s3", kept))
    )
    return join(flight if any(flying) else None, growth if any(kept) else None) or None


def _at(line: Mapping[str, Any]) -> float | None:
    try:
        return datetime.fromisoformat(str(line.get("at"))).timestamp()
    except ValueError:
        return None


def made_part(run: RunReader) -> Html:
    """Models, seed, versions, the command and the recipe as resolved."""
    manifest = run.manifest
    models = "; ".join(f"{role}: {', '.join(names)}" for role, names in manifest.models.items())
    answered = ", ".join(manifest.model_ids)
    facts = [
        ("recipe", f"{manifest.recipe.get('name')}, digest {manifest.recipe.get('digest')}"),
        ("models", models or "none"),
        ("called by their endpoints", answered if answered and answered not in models else ""),
        ("seed", str(manifest.seed)),
        ("base", f"{run.base_name}, {manifest.base.get('rows', 0):,} rows" if manifest.base else "none"),
        ("started", _begun(run).replace("T", " ")),
        ("took", duration(manifest.earlier_seconds + manifest.seconds)),
        ("of that the last run", duration(manifest.seconds) if manifest.earlier_seconds else ""),
        ("versions", ", ".join(f"{name} {found}" for name, found in _mapping(run.document.get("versions")).items())),
        ("the same again", tag("code", manifest.resume_command) if manifest.resume_command else ""),
    ]
    drawn = [join(tag("dt", name), tag("dd", tag("bdi", value))) for name, value in facts if value]
    recipe = {name: value for name, value in run.recipe.items() if name != "locked"}
    text = write_yaml(recipe) if recipe else ""
    whole = tag("details", tag("summary", "The recipe as resolved"), tag("pre", tag("bdi", text))) if text else None
    return join(tag("dl", drawn, class_="facts-list"), whole)


def _begun(run: RunReader) -> str:
    """When the first run of this folder began."""
    begun = (str(line["at"]) for line in run.happened() if line.get("event") == "begin" and "at" in line)
    return next(begun, run.manifest.started)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
