"""MAUVE (Pillutla et al. 2021): how close the texts are to the reference texts as two distributions.

Both sets of embeddings are quantised together (unit length, PCA to 90 % of the variance, k-means with k a tenth of the
smaller set); the area under the curve of exp(−5 · KL) of both histograms to their mixtures is the score, 0 to 1. The
numbers are those of mauve-text on the same features (a test compares). The embedder is ours, so a value is not one
that a paper with GPT-2 features reports. Sets are taken at equal size, at most 5,000 texts each, since the score falls
with fewer texts; a few seconds.

The interval is that of half samples without replacement, for which the quantisation stays.
It misleads when either side has fewer than some hundred texts; it is taken for quality.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen_cli.core.citation import Citation
from datagen_cli.core.digest import seed_of
from datagen_cli.metrics.intervals import around
from datagen_cli.metrics.kmeans import cluster, reduced
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.parts import Bools, ByParts, Parts
from datagen_cli.metrics.remote_clique import sample_rows
from datagen_cli.metrics.wording import scale

if TYPE_CHECKING:
    from datagen_cli.metrics.features import Features

SOURCE = Citation(
    "pillutla2021mauve", "Pillutla, Krishna and others", 2021,
    "MAUVE: Measuring the Gap Between Neural Text and Human Text using Divergence Frontiers", "arXiv:2102.01454",
)  # fmt: skip
LARGEST = 5_000
LEAST = 20
MEANINGFUL = 500
"""Texts from which on the score of equal distributions is near 1."""
EXPLAINED = 0.9
SCALING = 5.0
POINTS = 25
SEED = 25
HALVES = 64
Histogram = NDArray[np.float64]


def mauve(texts: NDArray[np.float32], reference: NDArray[np.float32], *, buckets: int | None = None) -> float:
    """The score in [0, 1] of two sets of vectors, `[n, d]` and `[m, d]`; `buckets` is min(n, m) / 10 without it."""
    k = buckets or bucket_count(len(texts), len(reference))
    p, q = quantise(texts, reference, k)
    return score(_histogram(p, k), _histogram(q, k))


def bucket_count(n: int, m: int) -> int:
    """A tenth of the smaller set, at least 2."""
    return max(2, round(min(n, m) / 10))


def quantise(
    texts: NDArray[np.float32], reference: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The bucket of every text and of every reference text."""
    joined = np.vstack([reference, texts]).astype(np.float32)
    lengths = np.linalg.norm(joined, axis=1, keepdims=True)
    points = reduced(joined / np.where(lengths == 0, 1, lengths), EXPLAINED)
    labels = cluster(points, k, seed=SEED + 2)
    return labels[len(reference) :], labels[: len(reference)]


def score(p: Histogram, q: Histogram) -> float:
    """The area under the divergence curve of two histograms `[k]` of sum 1."""
    curve = [(0.0, np.inf)]
    for weight in np.linspace(1e-6, 1 - 1e-6, POINTS):
        mixture = weight * p + (1 - weight) * q
        curve.append((_divergence(q, mixture), _divergence(p, mixture)))
    curve.append((np.inf, 0.0))
    x, y = np.exp(-SCALING * np.asarray(curve)).T
    by_x, by_y = np.lexsort((-y, x)), np.lexsort((-x, y))  # the curve falls: of equal places the higher comes first
    area = 0.5 * (np.trapezoid(y[by_x], x[by_x]) + np.trapezoid(x[by_y], y[by_y]))
    return float(min(max(area, 0.0), 1.0))


def _divergence(p: Histogram, q: Histogram) -> float:
    """KL(p ‖ q), infinite where q lacks what p has."""
    if np.any((p != 0) & (q == 0)):
        return float("inf")
    both = p != 0
    return float((p[both] * np.log(p[both] / q[both])).sum())


def _histogram(labels: NDArray[np.int64], k: int) -> Histogram:
    return np.bincount(labels, minlength=k) / len(labels)


def _half_spread(p: NDArray[np.int64], q: NDArray[np.int64], k: int) -> float:
    """The standard error: the spread of the score over halves of both sets, drawn without replacement.

    A half's own spread is √2 too large, and √½ too small since it is half of all there is: both together cancel.
    """
    random = np.random.default_rng(seed_of("mauve", len(p), len(q)))
    scores = []
    for _ in range(HALVES):
        a, b = (labels[random.permutation(len(labels))[: len(labels) // 2]] for labels in (p, q))
        scores.append(score(_histogram(a, k), _histogram(b, k)))
    return float(np.std(scores, ddof=1))


def _buckets(features: Features, reference: Features) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The rows that are looked at, their buckets, and those of as many reference texts."""
    assert features.vectors is not None and reference.vectors is not None
    size = min(len(features), len(reference), LARGEST)
    rows, others = (sample_rows(len(item), size, Mauve.name) for item in (features, reference))
    p, q = quantise(features.vectors[rows], reference.vectors[others], bucket_count(size, size))
    return rows, p, q


class Mauve(Metric):
    """How close the texts are to the reference texts, as two distributions of embeddings."""

    name: ClassVar[str] = "mauve"
    direction: ClassVar[Direction] = "higher"
    cites: ClassVar[Sequence[Citation]] = (SOURCE,)
    needs_reference: ClassVar[bool] = True
    needs_vectors: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    details: ClassVar[Sequence[str]] = ("texts",)
    least: ClassVar[int] = LEAST

    def measured(self, features: Features, reference: Features | None) -> Measure:
        assert reference is not None
        if features.embedder_signature != reference.embedder_signature:
            return Measure.missing("the reference has another embedder", self.direction)
        rows, p, q = features.once((self.name, id(reference)), lambda: _buckets(features, reference))
        size, k = len(rows), bucket_count(len(rows), len(rows))
        value = score(_histogram(p, k), _histogram(q, k))
        interval = around(value, _half_spread(p, q, k), low=0.0, high=1.0)
        signature = f"{features.embedder_signature}|buckets={k}|pca={EXPLAINED}|c={SCALING:g}|N={size}+{size}"
        if size < len(features):
            signature += f"|sampled={size} of {len(features)}"
        return Measure(value, self.direction, signature, interval, {"texts": size})

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        if reference is None or features.vectors is None:
            return None
        rows, p, q = features.once((self.name, id(reference)), lambda: _buckets(features, reference))
        k = bucket_count(len(rows), len(rows))
        counts = np.zeros((parts.count, k))
        np.add.at(counts, (parts.of[rows], p), 1.0)
        other = _histogram(q, k)

        def of(keep: Bools) -> float | None:
            kept = counts[keep].sum(axis=0)
            return score(kept / kept.sum(), other) if kept.sum() else None

        return ByParts(of, parts.count)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        if (texts := detail.get("texts", MEANINGFUL)) < MEANINGFUL:
            return f"{texts:,} texts are too few for it to mean much"
        return scale(
            value,
            (0.3, "far from the reference texts"),
            (0.7, "unlike the reference texts"),
            (0.95, "close to the reference texts"),
            (1.0, "hardly to be told from the reference texts"),
        )
