"""APS, average pairwise similarity, as in DataGen: the mean cosine over pairs i < j of unit embeddings.

Linear in n: (‖Σe‖² − Σ‖e‖²) / (n(n−1)), in double precision.
It misleads when embedders differ; it says nothing of near copies, which are few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen_cli.core.citation import DATAGEN, Citation
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.parts import ENOUGH, Bools, ByParts, Parts
from datagen_cli.metrics.wording import scale

if TYPE_CHECKING:
    from datagen_cli.metrics.features import Features


def aps(vectors: NDArray[np.float32]) -> float:
    """The mean cosine over pairs of `[n, d]` unit vectors, in [−1, 1]; n is at least 2."""
    return min(1.0, max(-1.0, float(mean_cosines(vectors).mean())))


def mean_cosines(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """For each of `[n, d]` unit vectors its mean cosine with the n − 1 others."""
    rows = vectors.astype(np.float64)
    return (rows @ rows.sum(axis=0) - np.einsum("ij,ij->i", rows, rows)) / (len(rows) - 1)


class Aps(Metric):
    """How alike the texts are: the mean cosine of their embeddings."""

    name: ClassVar[str] = "aps"
    direction: ClassVar[Direction] = "lower"
    cites: ClassVar[Sequence[Citation]] = (DATAGEN,)
    needs_vectors: ClassVar[bool] = True
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    reach: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    enough: ClassVar[int] = ENOUGH
    least: ClassVar[int] = 2

    def measured(self, features: Features, reference: Features | None) -> Measure:
        assert features.vectors is not None
        value = aps(features.vectors)
        signature = f"{features.embedder_signature}|pairs=i<j|N={len(features)}"
        return Measure(value, self.direction, signature, self.interval(features, None, value))

    def by_parts(self, features: Features, reference: Features | None, parts: Parts) -> ByParts | None:
        if features.vectors is None:
            return None
        rows = features.vectors.astype(np.float64)
        sums = np.zeros((parts.count, rows.shape[1]))
        np.add.at(sums, parts.of, rows)
        squares, counts = parts.sums(np.einsum("ij,ij->i", rows, rows)), np.bincount(parts.of, minlength=parts.count)

        def of(keep: Bools) -> float | None:
            n, total = int(counts[keep].sum()), sums[keep].sum(axis=0)
            return float((total @ total - squares[keep].sum()) / (n * (n - 1))) if n > 1 else None

        return ByParts(of, parts.count)

    def reading(self, value: float, detail: Mapping[str, Any]) -> str:
        return scale(
            value, (0.2, "texts are about different things"), (0.5, "texts are related"), (1.0, "texts are much alike")
        )
