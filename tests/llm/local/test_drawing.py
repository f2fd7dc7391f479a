"""Draws: the right law, one stream a row, and no sorting that could be seen."""

from __future__ import annotations

import numpy as np
import pytest

from datagen_cli.llm.local.drawing import draw_tokens, uniforms
from tests.llm.local import reference

torch = pytest.importorskip("torch")


def drawn(logits: np.ndarray, seeds: np.ndarray, step: int = 0, **options: float) -> np.ndarray:
    def numbers(k: int, rows: np.ndarray | None) -> np.ndarray:
        return uniforms(seeds if rows is None else seeds[rows], step, k)

    return draw_tokens(torch.tensor(logits), numbers, **options).numpy()  # type: ignore[arg-type]


def many(logits: np.ndarray, count: int, **options: float) -> np.ndarray:
    """Shares of tokens among `count` draws from one row of logits."""
    seeds = np.arange(count, dtype=np.uint64)
    tokens = drawn(np.repeat(logits[None], count, axis=0), seeds, **options)  # type: ignore[arg-type]
    return np.bincount(tokens, minlength=len(logits)) / count


def test_numbers_are_even_and_differ_by_seed_step_and_try() -> None:
    seeds = np.arange(20_000, dtype=np.uint64)
    found = uniforms(seeds, 0, 0)
    assert found.min() >= 0.0
    assert found.max() < 1.0
    shares = np.bincount((found * 20).astype(int), minlength=20) / len(seeds)
    assert np.abs(shares - 0.05).max() < 0.006
    others = np.stack([uniforms(seeds, step, k) for step, k in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0))])
    assert np.abs(np.corrcoef(others) - np.eye(5)).max() < 0.03
    assert np.array_equal(uniforms(seeds[7:8], 3, 2), uniforms(seeds, 3, 2)[7:8])


@pytest.mark.parametrize("options", [{}, {"temperature": 0.7}, {"top_p": 0.6}, {"top_p": 0.9, "temperature": 1.5}])
def test_tokens_come_as_often_as_they_should(options: dict[str, float]) -> None:
    logits = np.array([0.3, -1.0, 2.0, 1.9, -0.5, 0.0, 1.0])
    shares = reference.softmax(logits / options.get("temperature", 1.0))
    expected = np.where(reference.nucleus(shares, options.get("top_p", 1.0)), shares, 0.0)
    expected /= expected.sum()
    count = 20_000
    found = many(logits, count, **options)
    assert np.array_equal(found > 0, expected > 0)
    inside = expected > 0
    square = count * ((found - expected)[inside] ** 2 / expected[inside]).sum()
    assert square < 20.0  # of 6 degrees of freedom at most: 1 in 400


@pytest.mark.parametrize("size", [5, 512, 513, 1500])
@pytest.mark.parametrize("options", [{}, {"top_p": 0.3}, {"top_k": 4}, {"top_k": 50, "top_p": 0.8}])
def test_every_draw_is_that_of_the_definition(size: int, options: dict[str, float]) -> None:
    logits = np.random.default_rng(size).normal(size=(40, size)) * 3
    seeds = np.arange(100, 140, dtype=np.uint64)
    settings = reference.Settings(temperature=0.8, **options)  # type: ignore[arg-type, attr-defined]
    expected = [reference.draw(row, int(seed), 5, settings) for row, seed in zip(logits, seeds, strict=True)]
    assert drawn(logits.copy(), seeds, 5, temperature=0.8, **options).tolist() == expected


def test_the_smallest_nucleus_is_the_most_probable_token() -> None:
    logits = np.random.default_rng(0).normal(size=(30, 2000))
    found = drawn(logits.copy(), np.arange(30, dtype=np.uint64), top_p=1e-9)
    assert np.array_equal(found, logits.argmax(axis=1))


def test_temperature_zero_takes_the_largest_and_top_k_of_one_too() -> None:
    logits = np.random.default_rng(1).normal(size=(30, 700))
    seeds = np.arange(30, dtype=np.uint64)
    assert np.array_equal(drawn(logits.copy(), seeds, temperature=0), logits.argmax(axis=1))
    assert np.array_equal(drawn(logits.copy(), seeds, top_k=1), logits.argmax(axis=1))


def test_a_token_of_share_zero_is_never_drawn() -> None:
    logits = np.full((200, 1030), -np.inf)
    logits[:, [3, 600, 1025]] = 0.0
    for step in range(5):
        assert set(drawn(logits.copy(), np.arange(200, dtype=np.uint64), step).tolist()) == {3, 600, 1025}
    edge = draw_tokens(torch.tensor(logits), lambda k, rows: np.full(200, 1.0 - 2.0**-53))
    assert set(edge.tolist()) == {1025}


def test_a_row_draws_the_same_whatever_stands_beside_it() -> None:
    logits = np.random.default_rng(2).normal(size=(20, 900)) * 2
    seeds = np.arange(20, dtype=np.uint64)
    whole = drawn(logits.copy(), seeds, top_p=0.5)
    alone = [drawn(logits[i : i + 1].copy(), seeds[i : i + 1], top_p=0.5)[0] for i in range(20)]
    assert whole.tolist() == alone


def test_logits_that_are_not_numbers_are_an_error() -> None:
    logits = np.zeros((2, 10))
    logits[1, 3] = np.nan
    for temperature in (0, 1):
        with pytest.raises(FloatingPointError):
            drawn(logits, np.arange(2, dtype=np.uint64), temperature=temperature)
