"""The linear student: the package's linear classifier of texts (`text/linear.py`), trained on a dataset.

Enough to tell a set that teaches from one that does not. It is no measure of what a large model would learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datagen_cli.text.linear import Embed, fit_linear, require_sklearn, vectoriser


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
        return f"{'embedding' if self._embed else 'tfidf(1-2)'}+logistic"

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Linear:
        """Trains on at least one text; with one label alone the student always says that one."""
        if len(set(labels)) == 1:
            self._only = labels[0]
            return self
        if self._embed is None:
            self._vectoriser = vectoriser()
            features = self._vectoriser.fit_transform(texts)
        else:
            features = self._embed(texts)
        self._model = fit_linear(features, labels)
        return self

    def predict(self, texts: Sequence[str]) -> list[str]:
        if self._only:
            return [self._only] * len(texts)
        features = self._vectoriser.transform(texts) if self._embed is None else self._embed(texts)
        return [str(label) for label in self._model.predict(features)]
