"""What a student learns from a dataset, beside one that learns from real data of the same size.

Train on synthetic, test on real: accuracy and macro-F1 of a linear student on real test rows, against a student of as
many real rows, both over several seeds (each seed draws its training rows; students themselves are exact). Intervals
and the gap come from seeds and test items drawn together. Training rows that stand in the test, up to case and spacing,
are left out on both sides: a set that leaks teaches nothing by that.
It misleads when the test rows are few, or come from where the base came from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from datagen_cli.core.citation import Citation
from datagen_cli.core.digest import rng
from datagen_cli.core.errors import MissingExtra
from datagen_cli.core.fields import plain
from datagen_cli.evaluation.bootstrap import Interval, coded_f1, interval_of, item_interval, mean_draws
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.students.cartography import cartography
from datagen_cli.students.linear import Linear
from datagen_cli.text.linear import Embed
from datagen_cli.text.normalise import fold

if TYPE_CHECKING:
    from datagen_cli.metrics.features import Features

SOURCE = Citation(
    "esteban2017real", "Esteban, Cristóbal and Hyland, Stephanie L. and Rätsch, Gunnar", 2017,
    "Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs", "arXiv:1706.02633",
)  # fmt: skip
SEEDS = 5
LEAST = 10
MOST = 5_000
MOST_LABELS = 100


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts with their labels as plain text, and the ids of their rows; `in_test` counts those that were left out
    because they stand in a test."""

    texts: Sequence[str]
    labels: Sequence[str]
    ids: Sequence[str]
    in_test: int = 0

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int]) -> Labelled:
        """The rows with these numbers."""
        texts, labels, ids = ([column[row] for row in rows] for column in (self.texts, self.labels, self.ids))
        return Labelled(texts, labels, ids, self.in_test)

    def plus(self, other: Labelled) -> Labelled:
        """Both, one after the other."""
        return Labelled([*self.texts, *other.texts], [*self.labels, *other.labels], [*self.ids, *other.ids])


@dataclass(frozen=True, slots=True)
class Score:
    """A student's score on the test rows: means over seeds, intervals, and what it said `[seeds][items]`."""

    n: int
    accuracy: float
    accuracy_interval: Interval
    macro_f1: float
    macro_f1_interval: Interval
    predicted: Sequence[Sequence[str]]


def labelled(dataset: Dataset) -> Labelled:
    """The rows that have a text and a label."""
    labels = dataset.labels or []
    rows = [
        row
        for row, label in enumerate(labels)
        if isinstance(label, str | int | float) and plain(label) and dataset.texts[row].strip()
    ]
    return Labelled(
        [dataset.texts[row] for row in rows], [plain(labels[row]) for row in rows], [dataset.ids[row] for row in rows]
    )


def unfit(train: Labelled, test: Labelled) -> str:
    """Why no student can be trained on one and tested on the other; empty when one can."""
    for what, side in (("training", train), ("test", test)):
        if len(side) < LEAST:
            left_out = f" beside {side.in_test:,} that stand in the test" if side.in_test else ""
            return f"needs at least {LEAST} labelled {what} rows, has {len(side)}{left_out}"
    if len(set(test.labels)) > MOST_LABELS:
        return f"the label has {len(set(test.labels))} values: no classes (at most {MOST_LABELS})"
    if not set(train.labels) & set(test.labels):
        return "the dataset and the real data have no label in common"
    return "" if len(set(test.labels)) > 1 else "the test rows have one label only"


def split_half(real: Labelled) -> tuple[Labelled, Labelled]:
    """Real rows for training and for testing, half of each label; equal texts stay on one side."""
    kinds: dict[str, list[int]] = {}
    for row, label in enumerate(real.labels):
        kinds.setdefault(label, []).append(row)
    train: list[int] = []
    test: list[int] = []
    for label, rows in sorted(kinds.items()):
        rng("student", "split", label).shuffle(rows)
        train += rows[: len(rows) // 2]
        test += rows[len(rows) // 2 :]
    return without(real.take(sorted(train)), real.take(sorted(test))), real.take(sorted(test))


def without(train: Labelled, test: Labelled) -> Labelled:
    """The training rows whose text is no test row's."""
    known = {fold(text) for text in test.texts}
    kept = train.take([row for row, text in enumerate(train.texts) if fold(text) not in known])
    return replace(kept, in_test=train.in_test + len(train) - len(kept))


def draw(rows: Labelled, n: int, seed: int) -> Labelled:
    """n rows drawn at random without replacement, all of them where n is no less."""
    if n >= len(rows):
        return rows
    return rows.take(sorted(rng("student", seed).sample(range(len(rows)), n)))


def train_and_score(trains: Sequence[Labelled], test: Labelled, embed: Embed | None = None) -> Score:
    """One student for each training set (a seed each), all scored on the same test rows."""
    predicted: list[list[str]] = []
    for seed, train in enumerate(trains):
        if seed and train is trains[0]:
            predicted.append(predicted[0])
        else:
            predicted.append(Linear(embed=embed).fit(train.texts, train.labels).predict(test.texts))
    values, intervals = _scores(test.labels, predicted)
    return Score(len(trains[0]), values[0], intervals[0], values[1], intervals[1], predicted)


def gap(test: Labelled, score: Score, other: Score) -> tuple[float, Interval]:
    """Accuracy of one student minus another's on the same rows and seeds, with an interval."""
    import numpy as np

    truth = np.asarray(test.labels)
    hits = np.asarray(score.predicted) == truth
    others = np.asarray(other.predicted) == truth
    difference = hits.astype(float) - others.astype(float)
    value = float(difference.mean())
    return value, interval_of(mean_draws(difference), value)


def _scores(truth: Sequence[str], predicted: Sequence[Sequence[str]]) -> tuple[list[float], list[Interval]]:
    """Accuracy and macro-F1, each a mean over seeds, and their intervals."""
    import numpy as np

    codes = {label: code for code, label in enumerate(sorted({*truth, *(one for run in predicted for one in run)}))}
    true = np.asarray([codes[label] for label in truth])
    runs = np.asarray([[codes[label] for label in run] for run in predicted])
    hits = runs == true

    def mean_f1(seeds: Any, items: Any) -> float:
        return float(np.mean([coded_f1(true[items], runs[seed][items], len(codes)) for seed in seeds]))

    values = [float(hits.mean()), mean_f1(np.arange(len(runs)), np.arange(len(true)))]
    of_f1 = item_interval(mean_f1, len(runs), len(true), values[1])
    return values, [interval_of(mean_draws(hits), values[0]), of_f1]


def map_of(rows: Labelled, embed: Embed | None = None) -> dict[str, Any]:
    """The cartography of a training set as `detail` shows it: counts by region, and every record, hardest first."""
    if len(set(rows.labels)) < 2:
        return {}
    places = cartography(rows.texts, rows.labels, embed=embed)
    regions = Counter(place.region for place in places)
    records = [
        {
            "id": rows.ids[row],
            "label": rows.labels[row],
            "region": place.region,
            **{name: round(value, 4) for name, value in place.numbers().items()},
        }
        for row, place in sorted(enumerate(places), key=lambda item: (item[1].confidence, item[0]))
    ]
    return {**{name: regions[name] for name in ("easy", "ambiguous", "hard")}, "records": records}


class Student(Metric):
    """What the set teaches: the accuracy on real data of a classifier trained on it.

    The halves of the reference are the real training and test rows.
    """

    name: ClassVar[str] = "student"
    direction: ClassVar[Direction] = "higher"
    cites: ClassVar[Sequence[Citation]] = (SOURCE,)
    needs_reference: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = (
        "macro_f1", "real.accuracy", "real.macro_f1", "gap", "gap.accuracy", "rows.train", "rows.test", "rows.left_out",
        "cartography.easy", "cartography.ambiguous", "cartography.hard",
    )  # fmt: skip

    def compute(self, features: Features, reference: Features | None) -> Measure:
        if reference is None:
            return Measure.missing("no reference given", self.direction)
        if features.dataset.labels is None or reference.dataset.labels is None:
            whose = "the dataset" if features.dataset.labels is None else "the reference"
            return Measure.missing(f"{whose} has no label", self.direction)
        try:
            return self._measure(labelled(features.dataset), *split_half(labelled(reference.dataset)))
        except MissingExtra as error:
            return Measure.missing(error.message, self.direction)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        real = detail.get("real", {}).get("accuracy")
        if real is None:
            return ""
        low, high = detail.get("gap", {}).get("interval", (0.0, 0.0))
        word = "within chance of" if low <= 0 <= high else "less than" if high < 0 else "more than"
        return f"teaches {word} what the same number of real rows does ({real:.3g})"

    def _measure(self, given: Labelled, real: Labelled, test: Labelled) -> Measure:
        synthetic = without(given, test)
        if reason := unfit(synthetic, test) or unfit(real, test):
            return Measure.missing(reason, self.direction)
        n = min(len(synthetic), len(real), MOST)
        test = draw(test, MOST, 0)
        ours = train_and_score([draw(synthetic, n, seed) for seed in range(SEEDS)], test)
        theirs = train_and_score([draw(real, n, seed) for seed in range(SEEDS)], test)
        difference, interval = gap(test, ours, theirs)
        detail = {
            "macro_f1": ours.macro_f1,
            "real": {"accuracy": theirs.accuracy, "macro_f1": theirs.macro_f1},
            "gap": {"accuracy": difference, "interval": list(interval)},
            "rows": {"train": n, "test": len(test), "left_out": len(given) - len(synthetic)},
            "cartography": map_of(draw(synthetic, MOST, 0)),
        }
        signature = f"{Linear().signature}|train={n}|test={len(test)}|seeds={SEEDS}"
        return Measure(ours.accuracy, self.direction, signature, ours.accuracy_interval, detail)
