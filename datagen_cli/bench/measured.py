"""What is measured of a candidate without training anything: correctness, adherence, diversity, yield and cost.

Seeds are pooled: shares over all records, measures of repetition as the mean over seeds, since they grow with the
number of texts. For that reason they are taken of as many rows of every candidate as the shortest has.

How many records of a simulated cell are right is told by what the offline model planted, read after the run has ended.
Right is a record whose label, or answer, is. It is wrong when the very attempt that was accepted got another one than
the planted truth, or a question that has no answer, and no check has put that right in between. What else was planted
(false facts, orders, repeats) is not looked at, and the configured rates never are. A real cell has no such file:
nothing is known of it here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen_cli.bench.gap import Estimate, mean_hits
from datagen_cli.core.jsonl import read_lines
from datagen_cli.core.registry import names
from datagen_cli.evaluation.correctness import same_answer
from datagen_cli.evaluation.evaluate import measure, metric
from datagen_cli.evaluation.load import Loaded
from datagen_cli.evaluation.subsets import drawn
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.intervals import share_interval
from datagen_cli.metrics.measure import Measure
from datagen_cli.metrics.verified import passed_at_once
from datagen_cli.runs.reader import RunReader
from datagen_cli.runs.spending import total_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLANTS = "plants.jsonl"
WRONG_LABEL, UNSOLVABLE = "wrong_label", "unsolvable"
KEPT = 0.5
"""A text that keeps a smaller share of its words was written anew."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure as the leaderboard shows it; `estimate` is there where candidates can be told apart by it."""

    measure: Measure
    estimate: Estimate | None = None
    simulated: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """What a candidate's cells took: records and attempts, cost, tokens. Costs in USD, None when unknown."""

    accepted: int
    attempts: int
    cost_usd: float | None
    tokens: int
    seconds: float


def default_measures() -> list[str]:
    """The measures of diversity that need neither vectors nor a reference, and are compared side by side."""
    known = [(name, metric(name)) for name in names("metrics")]
    return [name for name, kind in known if kind.compared and kind.grows_with_n and not kind.needs_vectors]


def diversity(names: Sequence[str], cells: Sequence[Loaded], most: int) -> dict[str, Measured]:
    """Measures of the texts of some cells. One that grows with n is taken of at most `most` rows of a cell, drawn at
    random."""
    whole = [Features(cell.dataset) for cell in cells]
    few = [drawn(side, most) for side in whole]
    return {name: _mean(name, few if metric(name).grows_with_n else whole) for name in names}


def _mean(name: str, sides: Sequence[Features]) -> Measured:
    """A measure of every cell by itself: its mean over seeds. Its interval is that of each cell, pooled; it says what
    other texts of these cells would give, not what other seeds would."""
    found = [measure(name, side, None) for side in sides]
    values = [one.value for one in found if one.value is not None]
    if len(values) < len(found) or not values:
        return Measured(next(one for one in found if one.value is None))
    first = found[0]
    if len(found) == 1:
        return Measured(first)
    mean = float(np.mean(values))
    ends = [(value, one.interval) for value, one in zip(values, found, strict=True) if one.interval is not None]
    interval = None
    if len(ends) == len(found):
        below = sum((value - low) ** 2 for value, (low, _) in ends) ** 0.5 / len(ends)
        above = sum((high - value) ** 2 for value, (_, high) in ends) ** 0.5 / len(ends)
        interval = (mean - below, mean + above)
    return Measured(Measure(mean, first.direction, f"{first.signature}|seeds={len(values)}", interval))


def at_once(cells: Sequence[Loaded], *, constraints: bool) -> Measured:
    """The share of generated records of all seeds that kept to every constraint, or passed every validator, at the
    first try."""
    passed = seen = 0
    for cell in cells:
        facts = cell.dataset.run
        if facts is None:
            return Measured(Measure.missing("a ready dataset has no verdicts", "higher"))
        names_of = [name for name in facts.checks if (name in facts.constraints) == constraints]
        held, checked = passed_at_once(facts.first, names_of)
        passed, seen = passed + held, seen + checked
    if not seen:
        what = "constraint" if constraints else "validator"
        return Measured(Measure.missing(f"no record was checked by a {what}", "higher"))
    return Measured(Measure(passed / seen, "higher", f"first verdicts|N={seen}", share_interval(passed, seen)))


def correctness(folders: Sequence[Path]) -> Measured:
    """The share of accepted records of all seeds that are right, where something outside the run knows it.

    In simulated cells that is `plants.jsonl`. Real cells have nothing of the kind: their own verdicts chose the
    records, and are no proof.
    """
    hits = [right_records(folder) for folder in folders]
    known = [one for one in hits if one is not None]
    if len(known) < len(hits) or not any(known):
        reason = "nothing outside the run says what is right: see `datagen eval --gold` and `--recheck`"
        return Measured(Measure.missing(reason, "higher"))
    right, n = sum(map(sum, known)), sum(map(len, known))
    found = Measure(right / n, "higher", f"plants|N={n}", share_interval(right, n))
    return Measured(found, estimate_of(known), simulated=True, source=PLANTS)


def estimate_of(values: Sequence[Sequence[float]]) -> Estimate | None:
    """An estimate of the mean over records `[seeds, records]`; None where seeds have different numbers of them."""
    if len({len(one) for one in values}) != 1 or not values[0]:
        return None
    hits: NDArray[Any] = np.asarray(values, dtype=float)
    return mean_hits(hits)


def work_of(folders: Sequence[Path]) -> Work:
    """What run folders took, from what they hold: nothing here depends on how often a run was interrupted but cost,
    tokens and seconds, which count what was lost."""
    accepted = attempts = tokens = 0
    cost: float | None = 0.0
    seconds = 0.0
    for folder in folders:
        run = RunReader(folder)
        accepted += run.manifest.accepted
        attempts += run.manifest.accepted + sum(run.manifest.rejected.values())
        spent = total_of(run.spending())
        cost = None if cost is None or spent["cost_usd"] is None else cost + spent["cost_usd"]
        tokens += spent["tokens_in"] + spent["tokens_out"]
        seconds += run.manifest.seconds
    return Work(accepted, attempts, cost, tokens, seconds)


def right_records(folder: Path) -> list[bool] | None:
    """Whether each accepted record of a run folder is right, in slot order; None for a run that is not simulated.

    Raises `DataError` for a folder without a run.
    """
    run = RunReader(folder)
    if not run.manifest.simulated:
        return None
    judged = {line["slot"]: line for line in run.lines("dedup") if "rejection" not in line and "slot" in line}
    planted: dict[int, list[Mapping[str, Any]]] = {}
    for plant in read_lines(folder / PLANTS):
        slot, attempt = _place(plant)
        if attempt == judged.get(slot, {}).get("attempt"):
            planted.setdefault(slot, []).append(plant)
    found = []
    for row in run.rows():
        slot = int(str(row["id"]).rpartition("-")[2])
        anew = _written_anew(judged.get(slot, {}), row)
        found.append(anew or not any(_stands(plant, row) for plant in planted.get(slot, ())))
    return found


def _place(plant: Mapping[str, Any]) -> tuple[int, int]:
    """Slot and attempt of the record that a fault is in: a call may have been made for several slots."""
    return int(plant.get("slot") or 0) + int(plant.get("record") or 0), int(plant.get("attempt") or 0)


def _stands(plant: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether the fault is still in the record."""
    value, truth = row.get(str(plant.get("field"))), plant.get("truth")
    if plant.get("fault") == WRONG_LABEL:
        return not same_answer(value, truth)
    return plant.get("fault") == UNSOLVABLE


def _written_anew(line: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a check had a text of the record replaced, so that what was planted in it is gone."""
    for change in line.get("changes", ()):
        for name, before in change.get("before", {}).items():
            words = str(before).split()
            if isinstance(row.get(name), str) and words:
                kept = sum(word in row[name] for word in words)
                if kept < KEPT * len(words):
                    return True
    return False
