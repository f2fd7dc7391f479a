"""Remote-clique: how far apart the texts lie, as DataGen's code has it.

The mean Euclidean distance over all ordered pairs of unit embeddings, self-pairs included (n² in the denominator). In
blocks, in double precision: n² · d multiplications, some 6 s for 20,000 texts, 50 MB. Above that number of texts a
seeded sample of it, and the signature says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen_cli.core.digest import seed_of
from datagen_cli.metrics.intervals import Interval, Z, around, mean_interval
from datagen_cli.metrics.measure import Direction, Measure, Metric

if TYPE_CHECKING:
    from datagen_cli.metrics.features import Features

LARGEST = 20_000
"""Texts up to which every pair is measured."""
BLOCK = 512


def remote_clique(vectors: NDArray[np.float32]) -> float:
    """The mean distance over all n² ordered pairs of `[n, d]` unit vectors, in [0, 2]; n is at least 1."""
    return float(mean_distances(vectors).mean())


def mean_distances(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """For each of `[n, d]` vectors its mean distance to all n, itself among them."""
    rows = vectors.astype(np.float64)
    squares = np.einsum("ij,ij->i", rows, rows)
    sums = np.zeros(len(rows))
    for start in range(0, len(rows), BLOCK):
        stop = min(start + BLOCK, len(rows))
        products = rows[start:stop] @ rows[start:].T
        distances = np.sqrt(np.maximum(squares[start:stop, None] + squares[None, start:] - 2.0 * products, 0.0))
        sums[start:stop] += distances.sum(axis=1)
        sums[stop:] += distances[:, stop - start :].sum(axis=0)
    return sums / len(rows)


def pairs_interval(value: float, means: NDArray[np.float64], groups: list[str] | None) -> Interval | None:
    """Of a mean over pairs, from the mean of each text's pairs: a text counts in both places of a pair."""
    found = mean_interval(means, groups)
    return None if found is None else around(value, (found[1] - found[0]) / Z)


def sample_rows(n: int, most: int, name: str) -> NDArray[np.int64]:
    """The numbers of at most `most` of n rows, in order: all of them, or a draw that depends on n and name alone."""
    if n <= most:
        return np.arange(n)
    random = np.random.default_rng(seed_of("sample", name, n, most))
    return np.sort(random.choice(n, size=most, replace=False))


class RemoteClique(Metric):
    """How far apart the texts lie: the mean distance of their embeddings."""

    name: ClassVar[str] = "remote_clique"
    direction: ClassVar[Direction] = "higher"
    needs_vectors: ClassVar[bool] = True
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True

    def compute(self, features: Features, reference: Features | None) -> Measure:
        """See `Metric`."""
        if lack := features.lack(2):
            return Measure.missing(lack, self.direction)
        if features.vectors is None:
            return Measure.missing("no embedder", self.direction)
        n = len(features)
        chosen = sample_rows(n, LARGEST, self.name)
        means = mean_distances(features.vectors[chosen])
        signature = f"{features.embedder_signature}|pairs=n²|N={n}"
        if len(chosen) < n:
            means *= (1 - 1 / n) / (1 - 1 / len(chosen))
            signature += f"|sampled={len(chosen)}"
        groups = features.dataset.groups
        value = float(means.mean())
        chosen_groups = None if groups is None else [groups[row] for row in chosen]
        return Measure(value, self.direction, signature, pairs_interval(value, means, chosen_groups))

    def reading(self, found: Measure) -> str:
        """See `Metric`."""
        return f"texts lie {found.value:.2f} apart (0 to 1.41)"
