"""The transformer student, tiny and from scratch: it learns, is the same for the same seed, and says what lacks."""

from __future__ import annotations

import importlib.util

import pytest

from datagen_cli.core.errors import MissingExtra, UsageError
from datagen_cli.students.scores import accuracy
from datagen_cli.students.transformer import Transformer
from tests.evaluation.files import news


@pytest.mark.slow
def test_a_tiny_one_from_scratch_learns_and_is_the_same_for_the_same_seed() -> None:
    pytest.importorskip("torch")
    train, test = news(120, 1), news(80, 2)
    texts, labels = ([row[name] for row in train] for name in ("text", "label"))
    asked = [row["text"] for row in test]
    said = Transformer(seed=3, device="cpu").fit(texts, labels).predict(asked)
    assert accuracy([row["label"] for row in test], said) > 0.9
    assert Transformer(seed=3, device="cpu").fit(texts, labels).predict(asked) == said


def test_with_one_label_it_always_says_that_one() -> None:
    pytest.importorskip("torch")
    assert Transformer().fit(["a", "b"], ["x", "x"]).predict(["c", ""]) == ["x", "x"]


def test_weights_that_are_not_there_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UsageError, match="cannot be loaded"):
        Transformer(f"{tmp_path}/nothing").fit(["a", "b"], ["x", "y"])


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "torch" else found(name, *more)
    )
    with pytest.raises(MissingExtra, match="torch"):
        Transformer()
