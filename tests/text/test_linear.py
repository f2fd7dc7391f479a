"""Linear classifiers of texts: scores have a column a label, also for two; the extra is named where it is missing."""

from __future__ import annotations

import numpy as np
import pytest

from datagen_cli.core.errors import MissingExtra
from datagen_cli.text import linear


@pytest.mark.parametrize("labels", [["a", "b"] * 3, ["a", "b", "c"] * 2])
def test_scores_have_a_column_for_each_label(labels: list[str]) -> None:
    vectors = np.asarray([[float(label == one) for one in "abc"] for label in labels])
    model = linear.fit_linear(vectors, labels)
    found = linear.scores(model, vectors)
    assert found.shape == (6, len(set(labels)))
    assert [model.classes_[row.argmax()] for row in found] == labels


def test_without_scikit_learn_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="need scikit-learn") as caught:
        linear.require_sklearn()
    assert "'scikit-learn" in caught.value.hint and "the extra train" in caught.value.hint
