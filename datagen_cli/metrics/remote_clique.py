"""Remote-clique: how far apart the texts lie, as DataGen's code has it.

The mean Euclidean distance over all ordered pairs of unit embeddings, self-pairs included (n² in the denominator). In
blocks, in double precision and each pair once: ½ · n² · d multiplications, memory for n · d doubles and 100 MB. Above
`LARGEST` texts a seeded sample of so many, and the signature says so.
It misleads when a few outliers pull it up while the rest is one cluster: look at `vendi` too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen_cli.core.citation import DATAGEN, Citation
from datagen_cli.core.digest import seed_of
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.parts import ENOUGH, ByParts, Parts

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
    return distances_to(vectors, np.zeros(len(vectors), np.int64), 1)[:, 0] / len(vectors)


def distances_to(vectors: NDArray[np.float32], part_of: NDArray[np.int64], parts: int) -> NDArray[np.float64]:
    """For each of `[n, d]` vectors the sum of its distances to those of each part, `[n, parts]`."""
    order = np.argsort(part_of, kind="stable")
    of = part_of[order]
    rows = vectors[order].astype(np.float64)
    squares = np.einsum("ij,ij->i", rows, rows)
    sums = np.zeros((len(rows), parts))
    for start in range(0, len(rows), BLOCK):
        end = min(start + BLOCK, len(rows))
        distances = rows[start:end] @ rows[start:].T
        distances *= -2.0
        distances += squares[start:end, None]
        distances += squares[start:]
        np.sqrt(np.maximum(distances, 0.0, out=distances), out=distances)
        _add(sums[start:end], distances, of[start:])
        _add(sums[end:], distances[:, end - start :].T, of[start:end])
    back = np.empty_like(sums)
    back[order] = sums
    return back


def _add(sums: NDArray[np.float64], distances: NDArray[np.float64], of: NDArray[np.int64]) -> None:
    """Adds to each row of `sums` its distances by the part, ascending, of what each column stands for."""
    begins = np.flatnonzero(np.diff(of, prepend=-1))
    sums[:, of[begins]] += np.add.reduceat(distances, begins, axis=1)


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
    cites: ClassVar[Sequence[Citation]] = (DATAGEN,)
    needs_vectors: ClassVar[bool] = True
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    reach: ClassVar[tuple[float, float]] = (0.0, 2.0)
    enough: ClassVar[int] = ENOUGH
    least: ClassVar[int] = 2

    def measured(self, features: Features, reference: Features | None) -> Measure:
        assert features.vectors is not None
        n = len(features)
        chosen = sample_rows(n, LARGEST, self.name)
        parts, vectors = features.parts, features.vectors[chosen]
        part_of = np.zeros(len(chosen), np.int64) if parts is None else parts.of[chosen]
        sums = features.once(self.name, lambda: distances_to(vectors, part_of, parts.count if parts else 1))
        value = float(sums.sum() / len(chosen) ** 2)
        signature = f"{features.embedder_signature}|pairs=n²|N={n}"
        if len(chosen) < n:
            value *= (1 - 1 / n) / (1 - 1 / len(chosen))
            signature += f"|sampled={len(chosen)}"
        return Measure(value, self.direction, signature, self.interval(features, None, value))

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        vectors = features.vectors
        if vectors is None:
            return None
        chosen = sample_rows(len(features), LARGEST, self.name)
        part_of = parts.of[chosen]
        sums = features.once(self.name, lambda: distances_to(vectors[chosen], part_of, parts.count))
        blocks = np.zeros((parts.count, parts.count))
        np.add.at(blocks, part_of, sums)
        counts = np.bincount(part_of, minlength=parts.count)
        return ByParts(lambda keep: float(blocks[keep][:, keep].sum() / counts[keep].sum() ** 2), parts.count)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        return f"texts lie {value:.2f} apart (0 to 1.41)"
