"""What a set of labelled texts is worth, through datagen's own measures, and means with intervals over seeds.

All measures of one comparison are taken on sets of one size. Label preservation is the share of texts to which a
classifier trained on real items gives the label that the text was written for; the classifier errs on real items too
(its accuracy on them stands beside). The student is trained on the set and tested on real items that nothing has seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmarks.corrsynth.news import Item
from datagen_cli.evaluation.evaluate import measure
from datagen_cli.evaluation.student import Labelled, without
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.students.linear import Linear
from datagen_cli.text.embed import Embedder

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Kind:
    """A figure of a set: how it is headed, how many digits it is shown with, and which way is better."""

    title: str
    digits: int
    better: str = ""


FIGURES: Mapping[str, Kind] = {
    "self_bleu": Kind("Self-BLEU", 3, "lower"),
    "entity_entropy": Kind("entity entropy", 2, "higher"),
    "mauve": Kind("MAUVE", 3, "higher"),
    "label_kept": Kind("label kept", 3, "higher"),
    "student": Kind("student", 3, "higher"),
    "words": Kind("words", 1),
    "words_sd": Kind("sd of words", 1),
    "copied": Kind("copied", 3, "lower"),
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean of a figure over seeds and its t interval; without one for a single seed."""

    mean: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Truth:
    """Real items: to train the judge on (and whose copies are counted), and to compare with and test on."""

    train: Sequence[Item]
    test: Sequence[Item]
    embedder: Embedder | None = None

    @cached_property
    def judge(self) -> Linear:
        """A classifier of topics that has seen real training items alone."""
        return Linear().fit([item.text for item in self.train], [item.label for item in self.train])

    @cached_property
    def judge_accuracy(self) -> float:
        """How often the judge is right on real test items: label preservation cannot be read finer than that."""
        return agreement(self.judge.predict([item.text for item in self.test]), [item.label for item in self.test])

    @cached_property
    def test_features(self) -> Features:
        return Features(_dataset("test", self.test), embedder=self.embedder)

    @cached_property
    def train_features(self) -> Features:
        return Features(_dataset("train", self.train))


def figures(items: Sequence[Item], truth: Truth) -> dict[str, float | None]:
    """The value of every figure of one set; None where it cannot be computed (no embedder: no MAUVE)."""
    features = Features(_dataset("set", items), embedder=truth.embedder)
    length = measure("length", features, None)
    texts, labels = [item.text for item in items], [item.label for item in items]
    return {
        "self_bleu": measure("self_bleu", features, None).value,
        "entity_entropy": measure("entity_entropy", features, None).value,
        "mauve": measure("mauve", features, truth.test_features).value,
        "label_kept": agreement(truth.judge.predict(texts), labels) if items else None,
        "student": student_accuracy(items, truth.test) if items else None,
        "words": length.value,
        "words_sd": length.detail["words"]["sd"] if length.value is not None else None,
        # without vectors: what repeats a training item by its words
        "copied": measure("leakage", Features(_dataset("set", items)), truth.train_features).value,
    }


def student_accuracy(items: Sequence[Item], test: Sequence[Item]) -> float:
    """Accuracy on the test items of a linear student of the items; items that stand in the test teach nothing."""
    real = _labelled(test)
    train = without(_labelled(items), real)
    return agreement(Linear().fit(train.texts, train.labels).predict(real.texts), real.labels)


def agreement(said: Sequence[str], labels: Sequence[str]) -> float:
    """The share of places where both are equal."""
    return sum(one == other for one, other in zip(said, labels, strict=True)) / len(labels)


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and two-sided Student t interval of values that are independent of each other, at least one."""
    from scipy import stats

    n = len(values)
    mean = sum(values) / n
    if n < 2:
        return Estimate(mean, None, None, n)
    variance = sum((value - mean) ** 2 for value in values) / (n - 1)
    half = float(stats.t.ppf(0.5 + LEVEL / 2, n - 1)) * (variance / n) ** 0.5
    return Estimate(mean, mean - half, mean + half, n)


def difference(ours: Mapping[int, float], others: Mapping[int, float]) -> Estimate | None:
    """The mean difference seed by seed, for the seeds that both have; None where there is none.

    Runs of one seed have the same plan and the same prompts, so what they share cancels.
    """
    seeds = sorted(set(ours) & set(others))
    return estimate([ours[seed] - others[seed] for seed in seeds]) if seeds else None


def verdict(gap: Estimate | None, better: str) -> str:
    """`better`, `worse` or `even` (the interval holds 0); empty where nothing can be said."""
    if gap is None or gap.low is None or gap.high is None or not better:
        return ""
    if gap.low <= 0 <= gap.high:
        return "even"
    return "better" if (gap.mean > 0) == (better == "higher") else "worse"


def _dataset(name: str, items: Sequence[Item]) -> Dataset:
    return Dataset(name, [{"text": item.text, "label": item.label} for item in items], ("text",), "label")


def _labelled(items: Sequence[Item]) -> Labelled:
    return Labelled(
        [item.text for item in items], [item.label for item in items], [str(place) for place in range(len(items))]
    )
