"""Classifiers of texts: logistic regression, one label against the rest, on TF-IDF or on embeddings, and the nearest.

TF-IDF is sublinear, over words, single signs and pairs of them. Seconds on a CPU for some thousand texts. scikit-learn
(`[train]`) is imported here and only when something is trained. The result depends on the texts, the labels and their
order alone.
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
NEAREST, MOST_ROWS = 20, 5_000
"""Neighbours that vote, and rows of which the nearest are looked for."""
LEAST_VOTE = 0.01


def require_sklearn() -> None:
    """Raises `MissingExtra` where scikit-learn is not installed."""
    from importlib.util import find_spec

    if find_spec("sklearn") is None:
        raise MissingExtra("classifiers of texts need scikit-learn", "train")


def vectoriser() -> Any:
    """TF-IDF, sublinear, of words, single signs, and pairs of them."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=WORD)


def fit_linear(features: Any, labels: Sequence[str]) -> Any:
    """A fitted model with `predict`, `decision_function` and `classes_` (sorted). Needs two labels or more."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    # liblinear, since lbfgs spends seconds on vectors of all the words that a few hundred texts have
    one = LogisticRegression(solver="liblinear", dual=True, C=STRENGTH, max_iter=ROUNDS, random_state=0)
    return OneVsRestClassifier(one).fit(features, list(labels))


def scores(model: Any, features: Any) -> Any:
    """float `[n, labels]`: the score of each label, for two labels too."""
    import numpy as np

    found = np.asarray(model.decision_function(features))
    return np.column_stack((-found, found)) if found.ndim == 1 else found


def fit_nearest(vectors: Any, labels: Sequence[str]) -> Any:
    """A model of unit vectors `[n, d]` that lets the `NEAREST` rows vote, the closer the more. Of more than `MOST_ROWS`
    rows as many are taken, evenly spread, so that the work stays linear."""
    import numpy as np
    from sklearn.neighbors import KNeighborsClassifier

    taken = np.linspace(0, len(labels) - 1, min(len(labels), MOST_ROWS)).astype(int)
    model = KNeighborsClassifier(min(NEAREST, len(taken)), metric="cosine", algorithm="brute", weights=_closeness)
    return model.fit(np.asarray(vectors)[taken], [labels[number] for number in taken])


def votes(model: Any, vectors: Any, labels: Sequence[str]) -> Any:
    """float `[n, labels]`: the logarithm of each label's share of the votes, `LEAST_VOTE` added."""
    import numpy as np

    found = np.zeros((len(vectors), len(labels)))
    found[:, [list(labels).index(label) for label in model.classes_]] = model.predict_proba(vectors)
    return np.log(found + LEAST_VOTE)


def _closeness(distances: Any) -> Any:
    import numpy as np

    return np.exp(-10.0 * distances)
