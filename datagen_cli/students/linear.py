"""The linear student: logistic regression, one label against the rest, on TF-IDF of words and word pairs or embeddings.

Seconds on a CPU for some thousand texts, and enough to tell a set that teaches from one that does not. scikit-learn
(`[train]`) is imported here and only when a student is trained. It is no measure of what a large model would learn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from datagen_cli.core.errors import MissingExtra

Embed = Callable[[Sequence[str]], Any]
"""Texts to unit vectors `[n, d]`."""
ROUNDS = 1000
WORD = r"(?u)\b\w+\b|[^\w\s]"
STRENGTH = 10.0


def require_sklearn() -> None:
    """Raises `MissingExtra` where scikit-learn is not installed."""
    from importlib.util import find_spec

    if find_spec("sklearn") is None:
        raise MissingExtra("students need scikit-learn", "train")


class Linear:
    """A classifier of texts. `embed` gives vectors; without it TF-IDF over the training texts is used."""

    def __init__(self, *, embed: Embed | None = None) -> None:
        require_sklearn()
        self._embed = embed
        self._model: Any = None
        self._vectoriser: Any = None
        self._only = ""

    @property
    def signature(self) -> str:
        """What the student is."""
        return f"{'embedding' if self._embed else 'tfidf(1-2)'}+logistic"

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Linear:
        """Trains on at least one text; with one label alone the student always says that one."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier

        if len(set(labels)) == 1:
            self._only = labels[0]
            return self
        if self._embed is None:
            self._vectoriser = vectoriser()
            features = self._vectoriser.fit_transform(texts)
        else:
            features = self._embed(texts)
        # liblinear, since lbfgs spends seconds on vectors of all the words that a few hundred texts have
        one = LogisticRegression(solver="liblinear", dual=True, C=STRENGTH, max_iter=ROUNDS, random_state=0)
        self._model = OneVsRestClassifier(one).fit(features, list(labels))
        return self

    def predict(self, texts: Sequence[str]) -> list[str]:
        """A label for each text."""
        if self._only:
            return [self._only] * len(texts)
        features = self._vectoriser.transform(texts) if self._embed is None else self._embed(texts)
        return [str(label) for label in self._model.predict(features)]


def vectoriser() -> Any:
    """TF-IDF, sublinear, of words, single signs, and pairs of them."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=WORD)
