"""The plane on which a page shows texts: like texts lie close, and the same rows give the same picture."""

from __future__ import annotations

import numpy as np
import pytest

from datagen_cli.evaluation.evaluate import FeatureViews
from datagen_cli.evaluation.load import Loaded
from datagen_cli.evaluation.projection import SIZE, plane, project, tfidf
from datagen_cli.metrics.dataset import Dataset


def views(*texts: str) -> FeatureViews:
    data = Dataset("d", [{"text": text} for text in texts], ("text",))
    return FeatureViews(Loaded(data, len(texts)), None)


CATS = [f"the cat sat on the {place}" for place in ("mat", "bed", "chair", "mat again", "sofa")]
RATES = [f"the bank raised interest rates by {n} points" for n in ("two", "three", "four", "two more", "ten")]


def test_two_kinds_of_text_lie_apart_and_their_reference_beside_its_kind() -> None:
    found = project(views(*CATS, *RATES), views(*CATS[:3]))
    assert found is not None and found.reference is not None
    x = [place[0] for place in found.own.places]
    assert max(x[:5]) < min(x[5:]) or min(x[:5]) > max(x[5:])
    middle = (max(x) + min(x)) / 2
    assert all((at < middle) == (x[0] < middle) for at, _ in found.reference.places)
    assert found.how == "TF-IDF of words and word pairs" and 0.2 < found.explained[0] <= 1
    assert all(0 <= value <= SIZE for place in found.own.places for value in place)


def test_the_same_rows_give_the_same_picture() -> None:
    assert project(views(*CATS, *RATES), None) == project(views(*CATS, *RATES), None)


def test_the_plane_is_that_of_a_whole_decomposition() -> None:
    vectors = np.random.default_rng(3).standard_normal((60, 12)).astype(np.float32) * np.linspace(
        4, 0.2, 12, dtype=np.float32
    )
    found = plane(vectors)
    assert found is not None
    centred = vectors - vectors.mean(axis=0)
    values = np.linalg.svd(centred, compute_uv=False)
    assert found[1] == pytest.approx(tuple(values[:2] ** 2 / (values**2).sum()), rel=1e-3)


@pytest.mark.parametrize("texts", [(), ("one",), ("same", "same", "same"), ("", " ", ""), ("a b", "c d", "e f")])
def test_where_nothing_can_be_told_apart_there_is_no_plane(texts: tuple[str, ...]) -> None:
    assert project(views(*texts), None) is None


def test_rows_of_tfidf_have_length_one_and_rare_terms_weigh_more() -> None:
    rows = tfidf(["cat dog", "cat bird", "cat dog", "fish"])
    assert rows is not None
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 1, 0])
    assert tfidf(["a", "b"]) is None
