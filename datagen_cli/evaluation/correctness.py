"""Correctness against something outside the run: gold labels, or a person's review. Never self-certified.

Right, wrong and unknown are counted; the value is right / (right + wrong) with Wilson's interval. Answers are equal
when they are the same number (fractions, separators, units and currency as in `text/answers.py`), else when their text
is the same but for case. For labels of few values macro-F1 is in the detail.
It misleads when the gold rows, the recheck or the reviewed sample are few: read the interval.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from datagen_cli.core.errors import DataError, Place
from datagen_cli.core.fields import plain, plain_text
from datagen_cli.core.whole_number import whole_number
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.exhibits import Exhibit, Outcomes, Passage, Passages, Side
from datagen_cli.metrics.intervals import share_interval
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.text.answers import final_answer, same_number
from datagen_cli.text.normalise import fold

if TYPE_CHECKING:
    from datagen_cli.metrics.features import Features

NOTHING = "no --gold, --recheck or review"
GOLD_COLUMNS = ("gold", "label", "answer", "target")
OUTCOMES = ("right", "wrong", "unknown")
_FEW = 50
MOST_NAMED = 3
_LONGEST_NAME = 60


def same_answer(found: Any, gold: Any) -> bool:
    """Whether two answers mean the same; of a worked solution (`####`, `\\boxed`) its final answer counts."""
    found, gold = _answer(found), _answer(gold)
    if isinstance(found, str) and isinstance(gold, str) and _before_number(found) != _before_number(gold):
        return fold(plain(found)) == fold(plain(gold))
    if isinstance(found, bool) or isinstance(gold, bool):
        return plain(found) == plain(gold)
    if isinstance(found, str | int | float) and isinstance(gold, str | int | float):
        alike = same_number(found, gold)
        return alike if alike is not None else fold(plain(found)) == fold(plain(gold))
    return bool(found == gold)


def against_gold(dataset: Dataset, gold: Dataset) -> Measure:
    """The dataset's labels against those of gold rows with the same id, else with the same text.

    Rows without a gold row, and gold rows without a label, are unknown; so are those whose gold rows contradict each
    other (`contradicted` in the detail).
    """
    if dataset.label_field is None:
        return Measure.missing("the dataset has no label: name it with --label", "higher")
    column = _gold_column(gold, dataset.label_field)
    known = _joined(dataset, gold, column)
    pairs: list[tuple[Any, Any, str]] = []
    contradicted = 0
    for number, row in enumerate(dataset.rows):
        right = known(number)
        if right is _CONTRADICTION:
            contradicted += 1
        elif right is not None:
            pairs.append((row.get(dataset.label_field), right, dataset.ids[number]))
    if not pairs:
        return Measure.missing(_CONTRADICTED if contradicted else _UNMATCHED, "higher")
    wrong = [{"id": id_, "found": found, "gold": right} for found, right, id_ in pairs if not same_answer(found, right)]
    detail = counted(len(pairs) - len(wrong), len(wrong), len(dataset) - len(pairs))
    truth = [plain(right) for _, right, _ in pairs]
    if len(set(truth)) <= _FEW:
        said = [plain(right if same_answer(found, right) else found) for found, right, _ in pairs]
        detail["macro_f1"] = macro_f1(truth, said)
    detail |= {"contradicted": contradicted} if contradicted else {}
    detail |= {"rows": wrong, "total": len(wrong)}
    return share_of(len(pairs) - len(wrong), len(wrong), f"gold:{column}", detail)


_NAMED = re.compile(r"\s*((?:[^\W\d_]+[\s#:_-]+)*[^\W\d_]{2,}[\s#:_-]*)[-+]?\d")


def _before_number(value: str) -> str:
    """What a number in a text is the number of, where the text says so before it: `level 1` is not `class 1`."""
    found = _NAMED.match(value) if len(value) <= _LONGEST_NAME else None
    return fold(found[1].strip(" #:_-")) if found else ""


def _answer(value: Any) -> Any:
    if isinstance(value, str) and ("####" in value or "\\boxed" in value):
        return final_answer(value) or value
    return value


def _kappa(told: Mapping[str, Any]) -> str:
    """`0.61 (0.42–0.80)`, or why there is none."""
    if told.get("kappa") is None:
        return f"– ({told.get('reason')})"
    low, high = told["interval"]
    return f"{told['kappa']:.2f} ({low:.2f}–{high:.2f})"


def _few(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    more = len(names) - MOST_NAMED
    return f"{', '.join(names[:MOST_NAMED])} and {more} more" if more > 0 else ", ".join(names)


_CONTRADICTION: Any = object()
_UNMATCHED = "no row of --gold has the id or the text of a row of the dataset"
_CONTRADICTED = "the rows of --gold contradict each other wherever they meet the dataset: one text, different labels"


def _joined(dataset: Dataset, gold: Dataset, column: str) -> Callable[[int], Any]:
    """How to find a row's gold label: by id where ids are given on both sides and meet, else by text.

    Ids that only count the rows of both files say nothing of which row is which: then texts count, too.

    None where there is none, `_CONTRADICTION` where gold rows of one id or text have different ones.
    """
    labels = [row.get(column) for row in gold.rows]
    named = "id" in (dataset.rows[0] if dataset.rows else {}) and "id" in (gold.rows[0] if gold.rows else {})
    if named and set(dataset.ids) & set(gold.ids) and not _row_numbers(dataset, gold):
        by_id = _agreed(zip(gold.ids, labels, strict=True))
        return lambda number: by_id.get(dataset.ids[number])
    by_text = _agreed((fold(text), label) for text, label in zip(gold.texts, labels, strict=True) if text.strip())
    return lambda number: by_text.get(fold(dataset.texts[number]))


def _row_numbers(*sides: Dataset) -> bool:
    """Whether the ids only number the rows, while both sides have texts to tell rows apart by."""
    for side in sides:
        numbers = [number for id_ in side.ids if (number := whole_number(id_)) is not None]
        if len(numbers) < len(side) or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            return False
    return all(len({fold(text) for text in side.texts if text.strip()}) > 1 for side in sides)


def _agreed(labelled: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The one label of every key; `_CONTRADICTION` where labels differ. Null is no label."""
    found: dict[str, Any] = {}
    for key, label in labelled:
        if label is None or label == "" or found.get(key) is _CONTRADICTION:
            continue
        if key in found and not same_answer(found[key], label):
            found[key] = _CONTRADICTION
        else:
            found.setdefault(key, label)
    return found


def _gold_column(gold: Dataset, label: str) -> str:
    names = {name for row in gold.rows for name in row}
    for name in (label, *GOLD_COLUMNS):
        if name in names:
            return name
    shown = ", ".join(sorted(names)) or "none"
    raise DataError(
        f"--gold has no column {label!r}", hint=f"its columns: {shown}; --label names it", place=Place(gold.name)
    )


def counted(right: int, wrong: int, unknown: int) -> dict[str, Any]:
    """The outcomes as the detail has them."""
    return {"right": right, "wrong": wrong, "unknown": unknown}


def share_of(right: int, wrong: int, how: str, detail: Mapping[str, Any]) -> Measure:
    """The share of right ones; `how` they were judged is part of the signature."""
    n = right + wrong
    return Measure(right / n, "higher", f"{how}|N={n}", share_interval(right, n), detail)


class Correctness(Metric):
    """The share of right answers among those that gold labels, a recheck or a review decide."""

    name: ClassVar[str] = "correctness"
    direction: ClassVar[Direction] = "higher"
    headline: ClassVar[str] = "are correct"
    counts_rows: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = (
        *OUTCOMES, "macro_f1", "contradicted", "rows", "total",
        "checks.*.pass", "checks.*.fail", "checks.*.unknown", "calls", "cost_usd", "unread.n", "rechecked", "of",
        "agreement.*.kappa", "agreement.*.interval", "agreement.*.n", "agreement.*.reason",
        "agreement.*.right.pass", "agreement.*.right.fail", "agreement.*.wrong.pass", "agreement.*.wrong.fail",
    )  # fmt: skip
    counted: ClassVar[Sequence[str]] = ("contradicted", "checks.*.pass", "checks.*.fail", "checks.*.unknown")

    def compute(self, features: Features, reference: Features | None) -> Measure:
        """Missing: a dataset says nothing of its own correctness. Gold and reviews are given to `evaluate`."""
        return Measure.missing(NOTHING, self.direction)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        counts = ", ".join(f"{detail.get(outcome, 0):,} {outcome}" for outcome in OUTCOMES)
        alike: dict[str, list[str]] = {}
        for check, one in detail.get("agreement", {}).items():
            alike.setdefault(_kappa(one), []).append(check)
        told = [f"{_few(checks)} {kappa}" for kappa, checks in alike.items()]
        return counts + (f"; agreement (kappa): {'; '.join(told)}" if told else "")

    def exhibits(self, detail: Mapping[str, Any]) -> Sequence[Exhibit]:
        counts = {name: detail[name] for name in OUTCOMES if name in detail}
        if not counts:
            return []
        title = f"Correctness (macro-F1 {detail['macro_f1']:.3g})" if "macro_f1" in detail else "Correctness"
        rows = [row for row in detail.get("rows", ()) if "gold" in row]
        wrong = [
            Passage(
                f"row {row['id']}",
                [
                    Side("text", row=row["id"]),
                    Side("in the dataset", plain_text(row["found"])), Side("right", plain_text(row["gold"])),
                ],
            )
            for row in rows
        ]  # fmt: skip
        shown = [Passages("Wrong answers", wrong, detail.get("total", len(rows)))] if rows else []
        return [Outcomes(title, OUTCOMES, {"rows": counts}), *shown]


def accuracy(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """Share of equal labels, of at least one."""
    return sum(a == b for a, b in zip(truth, predicted, strict=True)) / len(truth)


def macro_f1(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """The plain mean of F1 over every label that occurs on either side; a label never hit counts 0."""
    hits = Counter(a for a, b in zip(truth, predicted, strict=True) if a == b)
    true, said = Counter(truth), Counter(predicted)
    labels = true.keys() | said.keys()
    return sum(2 * hits[label] / (true[label] + said[label]) for label in labels) / len(labels)
