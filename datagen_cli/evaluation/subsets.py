"""Parts of a dataset with what is known of their rows: no text is embedded twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.metrics.remote_clique import sample_rows

DRAW = "rows"
"""Samples depend on how many rows there are, never on the name of the file."""


class Part(Features):
    """Features of some rows of a dataset; vectors come from those of the whole."""

    def __init__(self, whole: Features, rows: Sequence[int]) -> None:
        super().__init__(rows_of(whole.dataset, rows), embedder=whole.embedder, cosines=whole.cosines)
        self._whole = whole
        self._rows = list(rows)

    @cached_property
    def vectors(self) -> NDArray[np.float32] | None:
        """The vectors of these rows; the whole is embedded only when they are asked for."""
        vectors = self._whole.vectors
        return None if vectors is None else vectors[self._rows]


def rows_of(dataset: Dataset, rows: Sequence[int]) -> Dataset:
    """The rows with these numbers, in this order."""
    return replace(
        dataset,
        rows=[dataset.rows[row] for row in rows],
        ids=tuple(dataset.ids[row] for row in rows),
        groups=None if dataset.groups is None else tuple(dataset.groups[row] for row in rows),
    )


def drawn(features: Features, n: int) -> Features:
    """The features of n rows drawn at random, without replacement; all of them where n is no less."""
    if n >= len(features):
        return features
    return Part(features, sample_rows(len(features), n, DRAW).tolist())


def drawn_rows(dataset: Dataset, n: int) -> Dataset:
    """As `drawn`, of a dataset without features."""
    return dataset if n >= len(dataset) else rows_of(dataset, sample_rows(len(dataset), n, DRAW).tolist())
