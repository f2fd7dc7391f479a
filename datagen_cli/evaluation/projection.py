"""A dataset and its reference as points of a plane: the two directions in which their texts differ most (PCA).

The vectors are those of the embedder where the measures have made them already, else TF-IDF of words and pairs of words
(`1 + ln tf`, smoothed idf, length 1). Axes are found on both sides together, so that the clouds may be compared, by a
randomised SVD (Halko, Martinsson, Tropp 2011) from a fixed start: the same rows give the same picture. A plane shows a
small part of what texts differ in, and `explained` says how much. Two thousand rows of each side take about a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING

import numpy as np

from datagen_cli.evaluation.evaluate import FeatureViews
from datagen_cli.metrics.remote_clique import sample_rows
from datagen_cli.text.embed import HASHED
from datagen_cli.text.normalise import fold
from datagen_cli.text.tokens import words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from datagen_cli.metrics.features import Features

MOST_POINTS = 2000
"""Points of each side; more would hide one another."""
MOST_TERMS = 1500
LONGEST = 400
"""Words of a text that count here."""
SIZE = 1000
_SPARE = 8
_TURNS = 4
_EDGE = 0.005


@dataclass(frozen=True, slots=True)
class ProjectedSide:
    """The rows that are shown, by their place in the dataset, and where each lies: x and y from 0 to `SIZE`."""

    rows: Sequence[int]
    places: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Projection:
    """Both sides on one plane. `explained`: the share of variance along x and along y; `how`: what was projected."""

    own: ProjectedSide
    reference: ProjectedSide | None
    how: str
    explained: tuple[float, float]


def project(own: FeatureViews, reference: FeatureViews | None, most: int = MOST_POINTS) -> Projection | None:
    """The plane of a dataset and its reference; None for fewer than three texts, or where no text differs."""
    sides = [_drawn(view, most) for view in (own, reference) if view is not None]
    if sum(len(rows) for _, rows in sides) < 3 or not own.loaded.dataset.text_fields:
        return None
    vectors, how = _vectors(sides, own)
    if vectors is None:
        return None
    found = plane(vectors)
    if found is None:
        return None
    places, explained = found
    (_, rows), *others = sides
    beside = [ProjectedSide(theirs, places[len(rows) :]) for _, theirs in others if theirs]
    return Projection(ProjectedSide(rows, places[: len(rows)]), beside[0] if beside else None, how, explained)


def _drawn(view: FeatureViews, most: int) -> tuple[Features, list[int]]:
    features = view.few
    rows = range(len(features)) if len(features) <= most else sample_rows(len(features), most, "plane").tolist()
    return features, [row for row in rows if features.texts[row].strip()]


def _vectors(sides: Sequence[tuple[Features, list[int]]], own: FeatureViews) -> tuple[NDArray[np.float32] | None, str]:
    """Vectors of all rows, and in words what they are."""
    made = [features.__dict__.get("vectors") for features, _ in sides]  # only what a measure has asked for already
    if all(vectors is not None for vectors in made) and own.embedder_name not in ("", HASHED):
        rows = [vectors[rows] for vectors, (_, rows) in zip(made, sides, strict=True) if vectors is not None]
        return np.concatenate(rows), f"embeddings of {own.embedder_name}"
    return tfidf([features.texts[row] for features, rows in sides for row in rows]), "TF-IDF of words and word pairs"


def tfidf(texts: Sequence[str], most: int = MOST_TERMS) -> NDArray[np.float32] | None:
    """float32 `[n, terms]` with rows of length 1: the `most` terms in the most texts, those of one text alone left out.

    None where no term stands in two texts.
    """
    counts = [Counter(_terms(text)) for text in texts]
    spread = Counter(term for found in counts for term in found)
    kept = sorted((term for term, n in spread.items() if n > 1), key=lambda term: (-spread[term], term))[:most]
    if not kept:
        return None
    column = {term: number for number, term in enumerate(kept)}
    weight = [log((1 + len(texts)) / (1 + spread[term])) + 1 for term in kept]
    rows = np.zeros((len(texts), len(kept)), np.float32)
    for row, found in zip(rows, counts, strict=True):
        for term, n in found.items():
            if (place := column.get(term)) is not None:
                row[place] = (1 + log(n)) * weight[place]
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(lengths, 1e-9)


def _terms(text: str) -> list[str]:
    found = words(fold(text))[:LONGEST]
    return [*found, *(f"{first} {second}" for first, second in pairwise(found))]


def plane(vectors: NDArray[np.float32]) -> tuple[list[tuple[int, int]], tuple[float, float]] | None:
    """Places of the rows of `[n, d]` on their first two principal components, scaled to whole numbers from 0 to `SIZE`,
    and the share of variance along each; None where all rows are the same. The outermost half percent lies on the edge.
    """
    centred = vectors - vectors.mean(axis=0)
    whole = float(np.square(centred, dtype=np.float64).sum())
    if whole <= 1e-9 * len(vectors):
        return None
    width = min(2 + _SPARE, *centred.shape)
    basis = np.random.default_rng(0).standard_normal((centred.shape[1], width)).astype(np.float32)
    for _ in range(_TURNS):
        basis, _ = np.linalg.qr(centred.T @ (centred @ basis))
    left, values, _ = np.linalg.svd(centred @ basis, full_matrices=False)
    axes = (left * values)[:, :2]
    if axes.shape[1] < 2:
        axes = np.pad(axes, ((0, 0), (0, 2 - axes.shape[1])))
    axes = axes * np.where(np.sum(axes**3, axis=0) < 0, -1, 1)  # the sign of a component is nobody's choice
    low, high = np.quantile(axes, [_EDGE, 1 - _EDGE], axis=0)
    scaled = np.clip((axes - low) / np.maximum(high - low, 1e-9), 0, 1) * SIZE
    shares = [float(value**2 / whole) for value in (*values[:2], 0.0, 0.0)]
    return [(round(float(x)), round(SIZE - float(y))) for x, y in scaled], (shares[0], shares[1])
