"""A classifier of texts that knows how sure it is, and judges labels that others gave.

It is logistic regression on TF-IDF; where an embedder is given, also on embeddings, and beside both the votes of the
nearest rows. Every training row is scored by a classifier that was trained without it (five folds, each label dealt out
evenly). From these held-out scores come three things: the weight of each view, so that the odds are calibrated (a
conditional logit, one weight a view, Platt scaling for more than two labels); the accuracy that the classifier has on
rows it was not trained on; and the threshold, which is the odds of the own label below which the aimed share of the
training rows lies.

A label fails when the classifier prefers another one and gives the label odds at or below the threshold, passes when
the classifier prefers it, and is unknown in between. Rows that repeat one another make held-out accuracy look better
than it is. Linear in the texts: two thousand news take 2 s without and some 40 s with vectors of a model on one core.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from datagen_cli.text.linear import Embed, fit_linear, fit_nearest, require_sklearn, scores, vectoriser, votes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDS = 5
HARMED = 0.04
"""The share of right labels that the threshold is aimed to fail."""
VIEWS = "embedding+nearest"
"""What is blended with TF-IDF where an embedder is given."""
STEPS = 50
RIDGE = 1e-4
LOWEST = -20.0
"""Score of a label that the other folds lack; far below what a linear classifier gives."""


class TooFewRows(ValueError):
    """Not two labels with enough rows to hold some out."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What a classifier is worth on rows that it was not trained on.

    `right` of `rows` labels were told, `majority` are those of the most frequent label. The threshold fails `harmed` of
    the rows, all of which the classifier gets wrong: `lost` is their share of the `rows - right` wrong ones, which are
    the hard but right rows of a base whose labels are right (None where none is wrong).
    """

    rows: int
    right: int
    majority: int
    harmed: int

    @property
    def accuracy(self) -> float:
        """Share of labels told."""
        return self.right / self.rows

    @property
    def lost(self) -> float | None:
        """Share of the hard rows that the threshold fails."""
        wrong = self.rows - self.right
        return self.harmed / wrong if wrong else None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the classifier says of one label: the outcome, the label it prefers, and the odds of both in [0, 1]."""

    outcome: Literal["pass", "fail", "unknown"]
    preferred: str
    preferred_odds: float
    own_odds: float


class Classifier:
    """Trained once with `fit`. `embed` adds a view of vectors; `harmed` is the share that the threshold aims at."""

    def __init__(self, *, embed: Embed | None = None, harmed: float = HARMED, seed: int = 0) -> None:
        require_sklearn()
        self._embed = embed
        self._aim = harmed
        self._seed = seed
        self._views: list[Any] = []
        self._vectoriser: Any = None
        self._weights: Any = None
        self.labels: tuple[str, ...] = ()
        self.threshold = 0.0
        self.held_out = HeldOut(0, 0, 0, 0)

    @property
    def signature(self) -> str:
        """What the classifier is."""
        return f"tfidf(1-2){f'+{VIEWS}' if self._embed else ''}+logistic|folds={FOLDS}|harmed={self._aim:g}"

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Classifier:
        """Trains on the rows of labels with at least as many rows as folds. Raises `TooFewRows` below two of them."""
        import numpy as np

        counts = Counter(labels)
        known = [number for number, label in enumerate(labels) if counts[label] >= FOLDS]
        self.labels = tuple(sorted({labels[number] for number in known}))
        if len(self.labels) < 2:
            raise TooFewRows(f"a classifier needs two labels with at least {FOLDS} rows each")
        texts, labels = [texts[number] for number in known], [labels[number] for number in known]
        own = np.asarray([self.labels.index(label) for label in labels])
        vectors = None if self._embed is None else np.asarray(self._embed(texts))
        held_out = self._held_out_scores(texts, labels, vectors)
        self._weights = view_weights(held_out, own)
        self._judge_itself(odds_of(held_out, self._weights), own)
        self._vectoriser = vectoriser()
        self._views = [fit_linear(self._vectoriser.fit_transform(texts), labels)]
        if vectors is not None:
            self._views += [fit_linear(vectors, labels), fit_nearest(vectors, labels)]
        return self

    def odds(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """float64 `[n, labels]`: calibrated odds of each label, in the order of `labels`; each row sums to 1."""
        import numpy as np

        found = [scores(self._views[0], self._vectoriser.transform(texts))]
        if self._embed is not None:
            vectors = np.asarray(self._embed(texts))
            found += [scores(self._views[1], vectors), votes(self._views[2], vectors, self.labels)]
        return odds_of(np.stack(found), self._weights)

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The preferred label of each text."""
        return [self.labels[number] for number in self.odds(texts).argmax(axis=1).tolist()] if texts else []

    def judge(self, texts: Sequence[str], labels: Sequence[str]) -> list[Judgement]:
        """A judgement on each text's label; `unknown` with odds 0 for a label that it was not trained on."""
        if not texts:
            return []
        judged = []
        for row, label in zip(self.odds(texts), labels, strict=True):
            best = int(row.argmax())
            own = float(row[self.labels.index(label)]) if label in self.labels else 0.0
            outcome: Literal["pass", "fail", "unknown"] = "unknown"
            if label in self.labels and self.labels[best] == label:
                outcome = "pass"
            elif label in self.labels and own <= self.threshold:
                outcome = "fail"
            judged.append(Judgement(outcome, self.labels[best], float(row[best]), own))
        return judged

    def _held_out_scores(self, texts: Sequence[str], labels: Sequence[str], vectors: Any) -> NDArray[np.float64]:
        """float64 `[views, n, labels]`: the scores of each row by classifiers of the other folds."""
        import numpy as np

        views = 1 if vectors is None else 3
        found = np.full((views, len(texts), len(self.labels)), LOWEST)
        fold_of = np.asarray(folds(labels, FOLDS, self._seed))
        for fold in range(FOLDS):
            inside, outside = np.flatnonzero(fold_of == fold).tolist(), np.flatnonzero(fold_of != fold).tolist()
            train = [labels[number] for number in outside]
            words = vectoriser()
            model = fit_linear(words.fit_transform([texts[number] for number in outside]), train)
            # every label has a row in every fold, so that each model knows all labels, in the same order
            found[0, inside] = scores(model, words.transform([texts[number] for number in inside]))
            if vectors is not None:
                found[1, inside] = scores(fit_linear(vectors[outside], train), vectors[inside])
                found[2, inside] = votes(fit_nearest(vectors[outside], train), vectors[inside], self.labels)
        return found

    def _judge_itself(self, odds: NDArray[np.float64], own: Any) -> None:
        import numpy as np

        mine = odds[np.arange(len(own)), own]
        wrong = odds.argmax(axis=1) != own
        lowest = np.sort(mine[wrong])
        allowed = int(self._aim * len(own))
        self.threshold = float(lowest[min(allowed, len(lowest)) - 1]) if allowed and len(lowest) else 0.0
        harmed = int((mine[wrong] <= self.threshold).sum())
        self.held_out = HeldOut(len(own), int((~wrong).sum()), int(np.bincount(own).max()), harmed)


def folds(labels: Sequence[str], count: int, seed: int) -> list[int]:
    """A fold for each row: the rows of each label, shuffled, are dealt out one by one."""
    draw = random.Random(seed)
    fold_of = [0] * len(labels)
    for label in sorted(set(labels)):
        rows = [number for number, one in enumerate(labels) if one == label]
        draw.shuffle(rows)
        for place, number in enumerate(rows):
            fold_of[number] = place % count
    return fold_of


def odds_of(found: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Odds `[n, labels]` of scores `[views, n, labels]`: the softmax of their weighted sum."""
    import numpy as np

    logits = np.tensordot(weights, found, axes=1)
    logits -= logits.max(axis=1, keepdims=True)
    odds = np.exp(logits)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def view_weights(found: NDArray[np.float64], own: Any) -> NDArray[np.float64]:
    """The weight of each view under which the own labels are most likely; none is negative.

    Newton's method on the conditional logit with a small ridge. Where all rows are told without fail the likelihood
    grows for ever with the weights; the ridge ends that.
    """
    import numpy as np

    rows = np.arange(len(own))
    weights = np.full(len(found), 1.0 / len(found))
    for _ in range(STEPS):
        odds = odds_of(found, weights)
        means = np.einsum("nk,vnk->vn", odds, found)
        gradient = (found[:, rows, own] - means).mean(axis=1) - RIDGE * weights
        spread = found - means[:, :, None]
        curve = np.einsum("nk,vnk,wnk->vw", odds, spread, spread) / len(own) + RIDGE * np.eye(len(found))
        step = np.linalg.solve(curve, gradient)
        weights = np.maximum(weights + np.clip(step, -5.0, 5.0), 0.0)
        if float(np.abs(step).max()) < 1e-9:
            break
    return weights
