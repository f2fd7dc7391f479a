"""Which earlier vector is most like a new one, every one compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

BLOCK_NUMBERS = 384 * 1024
"""Numbers in a block of vectors: small enough that numpy's BLAS multiplies it on one thread. On more it is ten times
slower as soon as another process wants a core."""
DIGITS = 6
"""Decimals of a cosine that count: the last bits differ between ways of summing, the sixth decimal does not."""
_SLACK = 1e-4


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The earlier vector that is most like a vector: its number in the order of `add`, and the cosine."""

    index: int
    similarity: float


class NeighbourIndex:
    """Unit vectors in the order of `add`, and which of them is most like a new one.

    `threshold` in (-1, 1] is the least cosine that counts, `dim` the length of a vector. Every vector is compared (no
    approximation): 4 · dim bytes and about dim / 4 ns a kept vector, so 100,000 of 384 are 150 MB and 10 to 20 ms a
    query. The cosine named is summed again in double precision and rounded to six decimals, so it does not depend on
    how many vectors lie around.
    """

    def __init__(self, threshold: float, dim: int) -> None:
        self._threshold = threshold
        self._dim = dim
        self._rows_of_block = max(1, BLOCK_NUMBERS // dim)
        self._blocks: list[NDArray[np.float32]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, vectors: ArrayLike) -> int:
        """Keeps one vector `[dim]` or several `[n, dim]`; returns the number of the first, from 0."""
        import numpy as np

        rows = self._rows(vectors)
        first, size = self._count, self._rows_of_block
        while len(rows):
            used = self._count % size
            if used == 0:
                self._blocks.append(np.zeros((size, self._dim), dtype=np.float32))
            part, rows = rows[: size - used], rows[size - used :]
            self._blocks[-1][used : used + len(part)] = part
            self._count += len(part)
        return first

    def nearest(self, vector: ArrayLike) -> Neighbour | None:
        """The kept vector most like this one, the earliest of equals; None when none reaches the threshold."""
        import numpy as np

        query, size = self._rows(vector)[0], self._rows_of_block
        best: Neighbour | None = None
        for number, block in enumerate(self._blocks):
            rough = block[: min(size, self._count - number * size)] @ query
            least = max(self._threshold, -1.0 if best is None else best.similarity, float(rough.max()) - _SLACK)
            close = np.flatnonzero(rough >= least - _SLACK)
            if not len(close):
                continue
            exact = np.round((block[close].astype(np.float64) * query.astype(np.float64)).sum(axis=1), DIGITS)
            top = int(np.argmax(exact))
            similarity = float(exact[top])
            if similarity >= self._threshold and (best is None or similarity > best.similarity):
                best = Neighbour(number * size + int(close[top]), similarity)
        return best

    def _rows(self, vectors: ArrayLike) -> NDArray[np.float32]:
        import numpy as np

        rows = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
        if rows.ndim != 2 or rows.shape[1] != self._dim:
            raise ValueError(f"vectors of {self._dim} numbers expected, got an array of shape {rows.shape}")
        return rows
