"""Correctness by the people who looked at a run's records, and how far each check agrees with them.

Every record that was looked at counts, those that `generate` has replaced since among them: kept is right as the models
wrote it, rejected or edited is wrong. A sample that was drawn at random (`review --sample`) then says how many of all
records are right. A check agrees with people by Cohen's kappa (1960) with the interval of Fleiss, Cohen and Everitt
(1969), over records of which the check did not say unknown; where one side always says the same there is no kappa.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datagen_cli.evaluation.correctness import counted, share_of
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.intervals import Z
from datagen_cli.metrics.measure import Measure
from datagen_cli.runs.review import FILE, Decision, ReviewFile

Table = tuple[int, int, int, int]
"""Records that are (right and passed, right and failed, wrong and passed, wrong and failed)."""


def by_people(folder: Path, dataset: Dataset, note: Callable[[str], None]) -> Measure | None:
    """Right, wrong and not looked at, with agreement by check; None where nobody has looked at a record.

    Lines that hold no decision are left out with a `note`, but for the torn end of a review that was killed.
    """
    review = ReviewFile(folder).read()
    if review.damage:
        note(f"{folder / FILE}: {review.damage}")
    rows = dict(zip(dataset.ids, dataset.rows, strict=True))
    found = [decision for decision in review.records if decision.of or decision.id in rows]
    if not found:
        return None
    wrong = [{"id": one.id, "decision": one.decision, "reason": one.reason} for one in found if one.decision != "keep"]
    right = len(found) - len(wrong)
    unseen = sum(review.of(row) is None for row in dataset.rows)
    detail = counted(right, len(wrong), unseen) | {"rows": wrong, "total": len(wrong)}
    tables = agreement(found, rows)
    if tables:
        detail["agreement"] = {check: kappa_of(table) for check, table in tables.items()}
    return share_of(right, len(wrong), "review", detail)


def agreement(decisions: Iterable[Decision], rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Table]:
    """How often people and each check said what. Verdicts are those that stood beside the record that was looked at."""
    tables: dict[str, list[int]] = {}
    for decision in decisions:
        verdicts = decision.verdicts or (rows.get(decision.id, {}).get("verdicts") if not decision.of else None) or {}
        for check, verdict in verdicts.items():
            if verdict in ("pass", "fail"):
                place = 2 * (decision.decision != "keep") + (verdict == "fail")
                tables.setdefault(check, [0, 0, 0, 0])[place] += 1
    return {check: (table[0], table[1], table[2], table[3]) for check, table in tables.items()}


def kappa_of(table: Table) -> dict[str, Any]:
    """`{"kappa", "interval", "n", "right": {"pass", "fail"}, "wrong": {"pass", "fail"}}`, or a `reason` for none."""
    right_pass, right_fail, wrong_pass, wrong_fail = table
    told = {
        "n": sum(table),
        "right": {"pass": right_pass, "fail": right_fail},
        "wrong": {"pass": wrong_pass, "fail": wrong_fail},
    }
    if not (right_pass + right_fail and wrong_pass + wrong_fail):
        said = "right" if right_pass + right_fail else "wrong"
        return {"kappa": None, "reason": f"people called all of them {said}", **told}
    if not (right_pass + wrong_pass and right_fail + wrong_fail):
        verb = "passed" if right_pass + wrong_pass else "failed"
        return {"kappa": None, "reason": f"the check {verb} all of them", **told}
    value, error = cohen_kappa([[right_pass, right_fail], [wrong_pass, wrong_fail]])
    return {"kappa": value, "interval": [max(-1.0, value - Z * error), min(1.0, value + Z * error)], **told}


def cohen_kappa(table: Sequence[Sequence[int]]) -> tuple[float, float]:
    """Kappa of a square table of counts and its large-sample standard error. Rows and columns must not be constant."""
    shares = np.asarray(table) / np.sum(table)
    same, rows, columns = shares.diagonal(), shares.sum(axis=1), shares.sum(axis=0)
    agreed, chance = same.sum(), rows @ columns
    kappa = (agreed - chance) / (1 - chance)
    apart = shares * (columns[:, None] + rows) ** 2
    variance = (same * (1 - (rows + columns) * (1 - kappa)) ** 2).sum()
    variance += (1 - kappa) ** 2 * (apart.sum() - apart.trace()) - (kappa - chance * (1 - kappa)) ** 2
    return float(kappa), float(np.sqrt(max(variance, 0.0) / np.sum(table)) / (1 - chance))
