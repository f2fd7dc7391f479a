"""PCA and k-means in NumPy, step for step as MAUVE's own code has them (scikit-learn's PCA, then faiss' `Kmeans`).

The same draws of a Mersenne Twister choose the first centroids, empty clusters are split the same way, the best of the
redos is kept; so the histograms agree with those of mauve-text, up to a point that lies on a border. Cost: a redo is
some 20 rounds of `n · k · d` multiplications; memory: 4 · n · k bytes in portions of at most 64 MB.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]

_REDO_STEP = 15486557
_SPLIT_SEED = 1234
_MOST_A_CLUSTER = 256
_SPLIT = np.float32(1 / 1024)
_BLOCK_BYTES = 64 * 1024 * 1024


def reduced(vectors: NDArray[np.floating[Any]], explained: float) -> Points:
    """`[n, d]` on as few principal components as explain more than a share of the variance, at least one."""
    rows = vectors.astype(np.float64)
    rows -= rows.mean(axis=0)
    values, axes = np.linalg.eigh(rows.T @ rows)
    values, axes = np.maximum(values[::-1], 0.0), axes[:, ::-1]
    total = float(values.sum())
    shares = np.cumsum(values) / total if total > 0 else np.ones(len(values))
    kept = int(np.argmax(shares >= explained)) + 1
    return np.ascontiguousarray(rows @ axes[:, :kept], dtype=np.float32)


def cluster(points: Points, k: int, *, seed: int, redos: int = 5, rounds: int = 500) -> NDArray[np.int64]:
    """The cluster of each of `[n, d]` points, 0 … k−1: Lloyd's rounds until nothing moves, the best of `redos`.

    At least `k` points are needed. Some clusters may stay empty when points coincide. More than 256 points a cluster
    are not used to find the centroids, only assigned to them.
    """
    seen = points
    if len(points) > k * _MOST_A_CLUSTER:
        seen = points[_shuffled(len(points), seed)[: k * _MOST_A_CLUSTER]]
    best, lowest = seen[:k], np.inf
    for redo in range(redos):
        first = _shuffled(len(seen), seed + 1 + redo * _REDO_STEP)[:k]
        centroids, cost = _lloyd(seen, seen[first].copy(), rounds)
        if cost < lowest:
            best, lowest = centroids, cost
    return _nearest(points, best)[0]


def _lloyd(points: Points, centroids: Points, rounds: int) -> tuple[Points, float]:
    """The centroids after so many rounds, and the sum of squared distances to those before.

    The next centroids follow from the labels alone, so labels that come again begin a circle, often of one round. Its
    whole turns are left out: where many points coincide it would go on to the last round.
    """
    seen: dict[bytes, int] = {}
    cost, left = np.inf, rounds
    while left:
        left -= 1
        labels, cost = _nearest(points, centroids)
        sizes = np.bincount(labels, minlength=len(centroids))
        centroids = _means(points, labels, sizes)
        if not sizes.all():
            _split_empty(centroids, sizes, len(points))
        turn = seen.setdefault(blake2b(labels.tobytes(), digest_size=16).digest(), left) - left
        left = left % turn if turn else left
    return centroids, cost


def _nearest(points: Points, centroids: Points) -> tuple[NDArray[np.int64], float]:
    """For every point its nearest centroid, the first of equals, and the sum of squared distances."""
    labels = np.empty(len(points), dtype=np.int64)
    lengths = np.einsum("ij,ij->i", centroids, centroids)
    own = np.einsum("ij,ij->i", points, points)
    total, step = 0.0, max(1, _BLOCK_BYTES // (4 * len(centroids)))
    for start in range(0, len(points), step):
        part = points[start : start + step]
        distances = own[start : start + step, None] + lengths - 2.0 * (part @ centroids.T)
        found = distances.argmin(axis=1)
        labels[start : start + step] = found
        total += float(np.maximum(distances[np.arange(len(part)), found], 0.0).sum(dtype=np.float64))
    return labels, total


def _means(points: Points, labels: NDArray[np.int64], sizes: NDArray[np.int64]) -> Points:
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    sums = np.zeros((len(sizes), points.shape[1]), dtype=np.float32)
    sums[labels[order][starts]] = np.add.reduceat(points[order], starts, axis=0)
    means: Points = np.divide(sums, np.maximum(sizes, 1)[:, None].astype(np.float32), dtype=np.float32)
    return means


def _split_empty(centroids: Points, sizes: NDArray[np.int64], n: int) -> None:
    """Gives each empty cluster half of a large one, drawn with odds by size."""
    random = np.random.RandomState(_SPLIT_SEED)
    k, dim = centroids.shape
    signs = np.where(np.arange(dim) % 2 == 0, _SPLIT, -_SPLIT)
    for empty in np.flatnonzero(sizes == 0):
        large = 0
        while n > k and not _draw(random) < (sizes[large] - 1.0) / (n - k):
            large = (large + 1) % k
        centroids[empty] = centroids[large] * (1 + signs)
        centroids[large] = centroids[large] * (1 - signs)
        sizes[empty] = sizes[large] // 2
        sizes[large] -= sizes[empty]


def _draw(random: np.random.RandomState) -> float:
    return float(np.float32(_raw(random, 1)[0]) / np.float32(2**32 - 1))


def _shuffled(n: int, seed: int) -> NDArray[np.int64]:
    """A permutation by the raw 32-bit draws of `mt19937(seed)`: swap place i with one of those from i on."""
    order = list(range(n))
    draws = _raw(np.random.RandomState(seed % 2**32), max(n - 1, 0)).tolist()
    for place, draw in enumerate(draws):
        other = place + draw % (n - place)
        order[place], order[other] = order[other], order[place]
    return np.asarray(order, dtype=np.int64)


def _raw(random: np.random.RandomState, count: int) -> NDArray[np.uint32]:
    return random.randint(0, 2**32, size=count, dtype=np.uint32)
