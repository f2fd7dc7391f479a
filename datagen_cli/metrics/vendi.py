"""The Vendi score (Friedman and Dieng 2023): the effective number of different texts.

exp of the entropy of the eigenvalues of K/n, K the cosine kernel of unit embeddings. The d × d matrix Σ e eᵀ / n has
the same eigenvalues but zeros, so the cost is n · d² + d³, linear in n (of n ≤ d texts K itself is taken). The interval
is the jackknife's over parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen_cli.metrics.intervals import clip, parts_interval
from datagen_cli.metrics.measure import Direction, Measure, Metric

if TYPE_CHECKING:
    from datagen_cli.metrics.features import Features

_ZERO = 1e-15
_PORTION = 8192


def vendi(vectors: NDArray[np.float32]) -> float:
    """The score of `[n, d]` unit vectors, from 1 (all the same) to min(n, d); n is at least 1."""
    n, dim = vectors.shape
    if n <= dim:
        rows = vectors.astype(np.float64)
        values = np.linalg.eigvalsh(rows @ rows.T / n)
    else:
        values = np.linalg.eigvalsh(_moments(vectors))
    return float(np.exp(max(0.0, -float(_plogp(values).sum()))))


def _moments(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Σ e eᵀ / n."""
    total = np.zeros((vectors.shape[1], vectors.shape[1]))
    for start in range(0, len(vectors), _PORTION):
        part = vectors[start : start + _PORTION].astype(np.float64)
        total += part.T @ part
    return total / len(vectors)


def _plogp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """λ ln λ, 0 for what is 0 but for rounding."""
    return np.where(values > _ZERO, values * np.log(np.maximum(values, _ZERO)), 0.0)


class Vendi(Metric):
    """The effective number of different texts, from their embeddings."""

    name: ClassVar[str] = "vendi"
    direction: ClassVar[Direction] = "higher"
    needs_vectors: ClassVar[bool] = True
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    grows_with_n: ClassVar[bool] = True

    def compute(self, features: Features, reference: Features | None) -> Measure:
        """See `Metric`."""
        if lack := features.lack(2):
            return Measure.missing(lack, self.direction)
        if features.vectors is None:
            return Measure.missing("no embedder", self.direction)
        value = vendi(features.vectors)
        vectors = features.vectors
        interval = None
        if features.intervals:
            interval = parts_interval(value, lambda rows: vendi(vectors[rows]), len(features), features.dataset.groups)
        interval = clip(interval, 1.0, np.inf)
        signature = f"{features.embedder_signature}|kernel=cosine|q=1|N={len(features)}"
        return Measure(value, self.direction, signature, interval)

    def reading(self, found: Measure) -> str:
        """See `Metric`."""
        return f"as varied as {found.value:,.0f} texts with nothing in common"
