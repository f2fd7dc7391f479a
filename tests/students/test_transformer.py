"""The transformer student, tiny and from scratch: it learns, is the same for the same seed, and says what lacks."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from datagen_cli.core.errors import MissingExtra, UsageError
from datagen_cli.evaluation.correctness import accuracy
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
    with pytest.raises(UsageError, match="no such folder"):
        Transformer(f"{tmp_path}/nothing")


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "torch" else found(name, *more)
    )
    with pytest.raises(MissingExtra, match="torch"):
        Transformer()


@pytest.mark.slow
def test_adapters_are_trained_and_the_weights_below_them_stay(tmp_path: Path) -> None:
    pytest.importorskip("peft")
    import torch

    from tests.llm.local.tiny import make_model, save_model

    folder = save_model(tmp_path / "tiny", scale=1.0)
    rows = news(60, 1)
    texts, labels = ([row[name] for row in rows] for name in ("text", "label"))
    student = Transformer(f"{folder}+lora", seed=2, epochs=1, device="cpu").fit(texts, labels)
    assert student.signature == "tiny+head|lora r=8|epochs=1"
    inner = student._model
    trained = {name for name, weights in inner.named_parameters() if weights.requires_grad}
    assert trained and all("lora_" in name or "score" in name for name in trained)
    before = dict(make_model("llama", scale=1.0).named_parameters())
    kept = inner.base_model.model.model.layers[0].mlp.down_proj.base_layer.weight
    assert torch.equal(kept, before["model.layers.0.mlp.down_proj.weight"])
    assert set(student.predict(texts)) <= set(labels)


def test_a_scratch_student_has_nothing_to_adapt_and_without_peft_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("torch")
    found = importlib.util.find_spec
    with pytest.raises(UsageError, match="no weights to adapt"):
        Transformer("scratch+lora")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "peft" else found(name, *more))
    with pytest.raises(MissingExtra, match="peft"):
        Transformer("smollm2+lora")
