"""Accuracy and macro-F1 of predicted labels, as scikit-learn defines them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def accuracy(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """Share of equal labels, of at least one."""
    return sum(a == b for a, b in zip(truth, predicted, strict=True)) / len(truth)


def macro_f1(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """The plain mean of F1 over every label that occurs on either side; a label never hit counts 0."""
    hits = Counter(a for a, b in zip(truth, predicted, strict=True) if a == b)
    true, said = Counter(truth), Counter(predicted)
    labels = true.keys() | said.keys()
    return sum(2 * hits[label] / (true[label] + said[label]) for label in labels) / len(labels)
