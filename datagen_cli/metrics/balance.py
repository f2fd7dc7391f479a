"""Balance of the labels: their Shannon entropy over its maximum, the logarithm of the number of labels; 1 is even.

Labels are one label when they differ in case, in spaces around them, or as 1, 1.0 and "1" do; the spelling that is most
frequent is shown. Labels that only the reference has count as labels with no rows, unless the two share none: then they
speak of different things. One label has no maximum, and values that are hardly ever shared (free answers) are no
classes: no value then. The interval is that of `parts.py`; of two labels it comes from Wilson's of their share. Labels
as even as chance makes them have none, but a lower bound. Linear.
It misleads when the real distribution is uneven and that is wanted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from datagen_cli.core.citation import Citation
from datagen_cli.core.fields import plain, plain_text
from datagen_cli.metrics.exhibits import Counts, Exhibit
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.intervals import Interval, share_interval
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.parts import Bools, ByParts, Parts
from datagen_cli.metrics.wording import scale

SOURCE = Citation(
    "pielou1966diversity", "Pielou, E. C.", 1966,
    "The measurement of diversity in different types of biological collections", "Journal of Theoretical Biology 13",
)  # fmt: skip
MOST_CLASSES = 50
"""More labels than this are classes only when they have five rows each on average."""
ROWS_A_CLASS = 5


def balance(counts: Collection[float]) -> float | None:
    """Normalised entropy of label counts (0 counts as a label), in [0, 1]; None below two labels or without rows."""
    if len(counts) < 2 or not sum(counts):
        return None
    if len(set(counts)) == 1:
        return 1.0  # not a rounding error less, which a gate of balance>=1 would refuse
    shares = np.array([count for count in counts if count], dtype=np.float64) / sum(counts)
    return min(1.0, max(0.0, float(-(shares * np.log(shares)).sum() / np.log(len(counts)))))


def as_label(value: Any) -> str | None:
    """A label as text; None for a missing one (null or empty)."""
    return plain_text(value).strip() or None


def as_labels(values: Sequence[Any]) -> list[str | None]:
    """Labels as text, each in the most frequent of its spellings; None for a missing one."""
    texts = [as_label(value) for value in values]
    spellings: dict[str, Counter[str]] = {}
    for text in texts:
        if text is not None:
            spellings.setdefault(plain(text), Counter())[text] += 1
    shown = {key: max(sorted(found), key=found.__getitem__) for key, found in spellings.items()}
    return [None if text is None else shown[plain(text)] for text in texts]


def not_classes(counts: Mapping[str, int]) -> bool:
    """Whether the labels are free answers rather than classes."""
    return len(counts) > MOST_CLASSES and sum(counts.values()) < ROWS_A_CLASS * len(counts)


class Balance(Metric):
    """How even the labels are: their entropy over its maximum.

    Detail holds the rows of each label, most frequent first, and how many rows have none.
    """

    name: ClassVar[str] = "balance"
    direction: ClassVar[Direction] = "higher"
    cites: ClassVar[Sequence[Citation]] = (SOURCE,)
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    reach: ClassVar[tuple[float, float]] = (0.0, 1.0)
    details: ClassVar[Sequence[str]] = ("labels.*", "unlabelled")

    def compute(self, features: Features, reference: Features | None) -> Measure:
        dataset = features.dataset
        if not len(dataset):
            return Measure.missing("no rows", self.direction)
        if dataset.labels is None:
            return Measure.missing("no label field", self.direction)
        labels = as_labels(dataset.labels)
        counts = _all_counts(labels, reference)
        if not any(counts.values()):
            return Measure.missing(f"no row has a value for {dataset.label_field}", self.direction)
        if not_classes(+counts):
            return Measure.missing(f"{dataset.label_field} has {len(+counts)} values: no classes", self.direction)
        value = balance(counts.values())
        if value is None:
            return Measure.missing(f"every row has the same {dataset.label_field}", self.direction)
        alone = dataset.groups is None or len(set(dataset.groups)) == len(dataset)
        interval = _of_two(counts) if len(counts) == 2 and alone else self.interval(features, reference, value)
        bound, why = None, ""
        if interval is not None and alone and even_by_chance(value, counts.values()):
            bound, interval = (interval[0] if len(counts) == 2 else least_by_chance(value, counts.values()), 1.0), None
            why = f"labels as even as chance makes them: above {bound[0]:.3g} with 97.5 %"
        detail = {
            "labels": dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
            "unlabelled": labels.count(None),
        }
        signature = f"labels={len(counts)}|case=folded|N={len(labels)}"
        return Measure(value, self.direction, signature, interval, detail, no_interval=why, bound=bound)

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        labels = as_labels(features.dataset.labels or [])
        numbers = {label: number for number, label in enumerate(_all_counts(labels, reference))}
        counts = np.zeros((len(numbers), parts.count))
        for label, part in zip(labels, parts.of.tolist(), strict=True):
            if label is not None:
                counts[numbers[label], part] += 1

        def of(keep: Bools) -> float | None:
            return balance(counts[:, keep].sum(axis=1).tolist())

        return ByParts(of, parts.count)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        return scale(value, (0.8, "labels are uneven"), (0.99, "labels are nearly even"), (1.0, "labels are even"))

    def exhibits(self, detail: Mapping[str, Any]) -> Sequence[Exhibit]:
        labels: Mapping[str, int] = detail.get("labels", {})
        return [Counts("Rows a label", ("label", "rows"), labels)] if labels else []


def _all_counts(labels: Sequence[str | None], reference: Features | None) -> Counter[str]:
    """The rows of each label; none of those that only the reference has, where the two share one."""
    counts = Counter(label for label in labels if label is not None)
    own = {plain(label) for label in counts}
    others = _other_labels(reference)
    if any(plain(label) in own for label in others):
        counts.update(dict.fromkeys((label for label in others if plain(label) not in own), 0))
    return counts


def even_by_chance(value: float, counts: Collection[int]) -> bool:
    """Whether rows drawn from even labels are as uneven as this in one case of twenty (likelihood ratio test, the
    quantile of chi-square by Wilson and Hilferty). The balance has an end there, and no interval around it holds."""
    free = len(counts) - 1
    quantile = free * (1 - 2 / (9 * free) + 1.645 * math.sqrt(2 / (9 * free))) ** 3
    return (1 - value) * _likelihood(counts) <= quantile


def least_by_chance(value: float, counts: Collection[int]) -> float:
    """Of labels that are `even_by_chance`, what the balance of their source is above in at least 97.5 % of draws: the
    root of the likelihood ratio falls short of the source's by 1.96 in fewer."""
    root = math.sqrt(max(0.0, (1 - value) * _likelihood(counts)))
    return max(0.0, 1 - (root + 1.96) ** 2 / _likelihood(counts))


def _likelihood(counts: Collection[int]) -> float:
    """What 1 minus the balance is multiplied by to be the likelihood ratio statistic against even labels."""
    return 2 * sum(counts) * math.log(len(counts))


def _of_two(counts: Mapping[str, int]) -> Interval | None:
    """The balances that the shares in Wilson's interval of one of two labels have: the jackknife sees nothing of how
    entropy bends at even labels."""
    first, second = counts.values()
    shares = share_interval(first, first + second)
    if shares is None:
        return None
    low, high = shares
    ends = [balance([1000 * share, 1000 * (1 - share)]) or 0.0 for share in shares]
    return min(ends), 1.0 if low <= 0.5 <= high else max(ends)


def _other_labels(reference: Features | None) -> Sequence[str]:
    """The classes of the reference, in order of first sight; none when they are free answers."""
    values = (reference.dataset.labels if reference is not None else None) or []
    counts = Counter(label for label in as_labels(values) if label is not None)
    return [] if not_classes(counts) else list(counts)
