"""Features with vectors that a test names, and random unit vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features


def unit(n: int, dim: int, seed: int = 0, shift: float = 0.0) -> NDArray[np.float32]:
    """`[n, dim]` random directions."""
    rows = np.random.default_rng(seed).normal(size=(n, dim)) + shift
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class Given:
    """An embedder that hands out these vectors in order."""

    name = signature = "given"
    default_threshold = 0.9

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self.vectors = vectors
        self.dim = vectors.shape[1]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The first vectors, as many as texts."""
        return self.vectors[: len(texts)]

    def close(self) -> None:
        """Nothing is open."""


def features(vectors: NDArray[np.float32] | None, groups: Sequence[str] | None = None) -> Features:
    """Features of as many texts as there are vectors; None for one text without an embedder."""
    if vectors is None:
        return Features(Dataset("d", [{"text": "one"}, {"text": "two"}], ("text",)))
    rows = [{"text": f"text {number}"} for number in range(len(vectors))]
    return Features(Dataset("d", rows, ("text",), groups=groups), embedder=Given(vectors))


def texts(*found: str) -> Features:
    """Features of texts, without an embedder."""
    return Features(Dataset("d", [{"text": text} for text in found], ("text",)))
