"""What is computed once and shared."""

from __future__ import annotations

import numpy as np
import pytest

from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features
from datagen_cli.text.embed import open_embedder
from tests.metrics.given_texts import features


def test_tokens_share_numbers_between_texts() -> None:
    first, second = features(["a b", "b c."]).tokens
    assert (first.tolist(), second.tolist()) == ([0, 1], [1, 2, 3])
    assert first.dtype == np.int32


def test_terms_are_without_case_and_punctuation() -> None:
    assert features(['"Hello," SHE said -- ﬁne!', ""]).terms == [["hello", "she", "said", "fine"], []]


def test_equal_terms_are_one_object() -> None:
    first, second = features(["Something here", "something there"]).terms
    assert first[0] is second[0]


def test_features_are_computed_once() -> None:
    one = features(["Paris is in France", "b"])
    assert one.terms is one.terms
    assert one.entities is one.entities
    assert one.ngrams(3) is one.ngrams(3)
    assert one.entities[0][-1] == ("place", "France")


def test_without_an_embedder_there_are_no_vectors() -> None:
    assert features(["a"]).vectors is None
    assert features(["a"]).embedder_signature == ""


def test_vectors_are_of_unit_length_and_say_what_made_them() -> None:
    dataset = Dataset("d", [{"t": "red house"}, {"t": "blue sea"}], ["t"])
    one = Features(dataset, embedder=open_embedder("hashed", None))
    assert one.vectors is not None
    assert np.linalg.norm(one.vectors, axis=1) == pytest.approx([1.0, 1.0], abs=1e-6)
    assert one.embedder_signature


@pytest.mark.parametrize(
    ("texts", "least", "reason"),
    [
        ([], 1, "no rows"),
        (["", "\n"], 1, "no text in any row"),
        (["a"], 2, "needs at least 2 rows, has 1"),
        (["a"], 1, ""),
        (["a", ""], 2, ""),
    ],
)
def test_what_is_lacking_is_said(texts: list[str], least: int, reason: str) -> None:
    assert features(texts).lack(least) == reason


def test_no_text_field_is_said() -> None:
    assert Features(Dataset("d", [{"n": 1}], [])).lack() == "no text field"
