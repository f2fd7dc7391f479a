"""The Vendi score (Friedman and Dieng 2023): the effective number of different texts.

exp of the entropy of the eigenvalues of K/n, K the cosine kernel of unit embeddings. The d × d matrix Σ e eᵀ / n has
the same eigenvalues but zeros, so the cost is n · d² + d³, linear in n (of n ≤ d texts K itself is taken). The interval
is that of `parts.py`.
It misleads when the embedder sees all of one domain as alike: compare with the reference, not with n.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen_cli.core.citation import Citation
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.parts import ENOUGH, FEW, Bools, ByParts, Parts
from datagen_cli.metrics.wording import counted

if TYPE_CHECKING:
    from datagen_cli.metrics.features import Features

SOURCE = Citation(
    "friedman2023vendi", "Friedman, Dan and Dieng, Adji Bousso", 2023,
    "The Vendi Score: A Diversity Evaluation Metric for Machine Learning", "arXiv:2210.02410",
)  # fmt: skip
_ZERO = 1e-15
_PORTION = 8192
CORRECTED = 400
"""Texts up to which the error is corrected; above that texts act alone, and thirty more spectra would cost seconds."""


def vendi(vectors: NDArray[np.float32]) -> float:
    """The score of `[n, d]` unit vectors, from 1 (all the same) to min(n, d); n is at least 1."""
    n, dim = vectors.shape
    if n <= dim:
        rows = vectors.astype(np.float64)
        values = np.linalg.eigvalsh(rows @ rows.T / n)
    else:
        values = np.linalg.eigvalsh(_moments(vectors))
    return _score(values)


def _score(eigenvalues: NDArray[np.float64]) -> float:
    """exp of their entropy, in which what is 0 but for rounding is 0."""
    shares = eigenvalues[eigenvalues > _ZERO]
    return float(np.exp(max(0.0, -float((shares * np.log(shares)).sum()))))


def _moments(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Σ e eᵀ / n."""
    total = np.zeros((vectors.shape[1], vectors.shape[1]))
    for start in range(0, len(vectors), _PORTION):
        part = vectors[start : start + _PORTION].astype(np.float64)
        total += part.T @ part
    return total / len(vectors)


class Vendi(Metric):
    """The effective number of different texts, from their embeddings."""

    name: ClassVar[str] = "vendi"
    direction: ClassVar[Direction] = "higher"
    headline: ClassVar[str] = "texts with nothing in common are as varied (Vendi)"
    cites: ClassVar[Sequence[Citation]] = (SOURCE,)
    needs_vectors: ClassVar[bool] = True
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    reach: ClassVar[tuple[float, float]] = (1.0, np.inf)
    enough: ClassVar[int] = ENOUGH
    grows_with_n: ClassVar[bool] = True
    least: ClassVar[int] = 2

    def measured(self, features: Features, reference: Features | None) -> Measure:
        assert features.vectors is not None
        value = vendi(features.vectors)
        signature = f"{features.embedder_signature}|kernel=cosine|q=1|N={len(features)}"
        return Measure(value, self.direction, signature, self.interval(features, None, value))

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        vectors, few = features.vectors, parts.fewer(FEW)
        if vectors is None:
            return None
        if len(vectors) <= vectors.shape[1]:
            exact = len(vectors) <= CORRECTED
            return ByParts(lambda keep: vendi(vectors[keep[few.of]]), few.count, corrected=exact, pairs=True)
        counts = np.bincount(few.of, minlength=few.count)
        sums = [_moments(vectors[few.of == part]) * counts[part] for part in range(few.count)]

        def of(keep: Bools) -> float:
            total = sum((sums[part] for part in np.flatnonzero(keep)), np.zeros_like(sums[0]))
            return _score(np.linalg.eigvalsh(total / counts[keep].sum()))

        return ByParts(of, few.count, corrected=False)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        if value < 1.05:
            return "as varied as one text alone"
        return f"as varied as {counted(value, 'text')} with nothing in common"
