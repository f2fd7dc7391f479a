"""APS, average pairwise similarity, as in DataGen: the mean cosine over pairs i < j of unit embeddings.

Linear in n: (‖Σe‖² − Σ‖e‖²) / (n(n−1)), in double precision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from datagen_cli.metrics.intervals import clip
from datagen_cli.metrics.measure import Direction, Measure, Metric
from datagen_cli.metrics.remote_clique import pairs_interval
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
    needs_vectors: ClassVar[bool] = True
    one_sided: ClassVar[bool] = True
    compared: ClassVar[bool] = True

    def compute(self, features: Features, reference: Features | None) -> Measure:
        """See `Metric`."""
        if lack := features.lack(2):
            return Measure.missing(lack, self.direction)
        if features.vectors is None:
            return Measure.missing("no embedder", self.direction)
        means = mean_cosines(features.vectors)
        value = min(1.0, max(-1.0, float(means.mean())))
        groups = features.dataset.groups
        interval = pairs_interval(value, means, None if groups is None else list(groups))
        signature = f"{features.embedder_signature}|pairs=i<j|N={len(features)}"
        return Measure(value, self.direction, signature, clip(interval, -1.0, 1.0))

    def reading(self, found: Measure) -> str:
        """See `Metric`."""
        assert found.value is not None
        return scale(
            found.value,
            (0.2, "texts are about different things"),
            (0.5, "texts are related"),
            (1.0, "texts are much alike"),
        )
