"""Surprisals of texts: those of a forward pass of each text alone, whatever is beside it in the batch."""

from __future__ import annotations

import math

import pytest

from datagen_cli.llm.local.model import LocalModel, surprisals

TEXTS = ["a cat sat", "b", "The dog ran off. It ran far, far away!", "zz"]


def alone(model: LocalModel, text: str) -> float | None:
    """By one forward pass and a loop over its tokens."""
    import torch

    ids = model.encode_text(text)
    with torch.no_grad():
        logits = model.model(input_ids=torch.tensor([ids])).logits[0].double()
    logs = torch.log_softmax(logits, dim=-1)
    told = [-float(logs[place, token]) for place, token in enumerate(ids[1:])]
    return sum(told) / len(told) if told else None


def test_each_text_has_its_own_mean_whatever_stands_beside_it(exact_model: LocalModel) -> None:
    found = surprisals(exact_model, TEXTS)
    assert found[1] is None and alone(exact_model, "b") is None
    for text, value in zip(TEXTS, found, strict=True):
        expected = alone(exact_model, text)
        assert value is expected is None or (
            value is not None and expected is not None and math.isclose(value, expected, rel_tol=1e-4)
        )
    assert found[0] != pytest.approx(found[2], rel=1e-3)


def test_more_texts_than_a_batch_keep_their_order(exact_model: LocalModel) -> None:
    many = [f"{chr(97 + place)}{chr(98 + place)} cat" for place in range(20)]
    found = surprisals(exact_model, many)
    assert found == pytest.approx([alone(exact_model, text) for text in many], rel=1e-4)
