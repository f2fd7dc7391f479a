"""The arithmetic of correlated sampling: closed forms, laws it must obey, and the torch version beside it."""

from __future__ import annotations

import numpy as np
import pytest

from datagen_cli.llm.correlated import adjust_logits, adjust_logits_torch, step_weights


def softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return np.log(softmax(logits))


def rows(count: int, vocabulary: int = 11, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, vocabulary)) * 3


def test_weights_of_cross_intra_and_hybrid() -> None:
    groups, labels, active = [0] * 4, ["a", "a", "b", "c"], [True] * 4
    cross = step_weights(groups, labels, active, c_intra=0, c_cross=0.3)
    assert np.allclose(cross[0], [0, 0, 0.15, 0.15])
    assert np.allclose(cross[2], [0.1, 0.1, 0, 0.1])
    intra = step_weights(groups, labels, active, c_intra=0.3, c_cross=0)
    assert np.allclose(intra[0], [0, 0.3, 0, 0])
    assert np.allclose(intra[2], 0)
    hybrid = step_weights(groups, labels, active, c_intra=0.1, c_cross=0.2)
    assert np.allclose(hybrid[0], [0, 0.1, 0.1, 0.1])
    assert np.allclose(hybrid[2], [0.1, 0.1, 0, 0.1])
    assert np.allclose(hybrid.sum(axis=1), 0.3)


def test_finished_rows_leave_every_denominator_and_the_weights_spread_again() -> None:
    found = step_weights([0] * 5, list("aabbb"), [True, True, False, True, True], c_intra=0, c_cross=0.4)
    assert np.allclose(found[0], [0, 0, 0, 0.2, 0.2])
    assert np.allclose(found[2], 0)
    assert np.allclose(found[3], [0.2, 0.2, 0, 0, 0])


def test_groups_never_meet_and_a_row_without_peers_has_no_weights() -> None:
    found = step_weights([0, 0, 1, 1, 2], list("ababa"), [True] * 5, c_intra=0, c_cross=0.5)
    assert np.allclose(found[:2, 2:], 0)
    assert np.allclose(found[4], 0)


def test_lengths_that_differ_and_shares_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="for one batch"):
        step_weights([0], ["a", "b"], [True], c_intra=0, c_cross=0.3)
    with pytest.raises(ValueError, match="0 or more"):
        step_weights([0], ["a"], [True], c_intra=-0.1, c_cross=0.3)


def test_two_rows_have_a_closed_form() -> None:
    logits = rows(2)
    weights = step_weights([0, 0], ["a", "b"], [True, True], c_intra=0, c_cross=0.4)
    own = log_softmax(logits)
    assert np.allclose(softmax(adjust_logits(logits, weights))[0], softmax(own[0] - 0.4 * own[1]), atol=1e-12)


def test_no_contrast_returns_the_rows_untouched_bit_for_bit() -> None:
    logits = rows(3)
    logits[1, 2] = -np.inf
    zero = np.zeros((3, 3))
    assert np.array_equal(adjust_logits(logits, zero, alpha=0.1), logits)
    assert np.array_equal(adjust_logits(logits, zero, gamma=1.5)[0], 1.5 * logits[0])
    assert adjust_logits(logits.astype(np.float32), zero).dtype == np.float32


def test_identical_rows_are_a_temperature() -> None:
    logits = np.repeat(rows(1), 4, axis=0)
    weights = step_weights([0] * 4, list("aabb"), [True] * 4, c_intra=0.1, c_cross=0.2)
    assert np.allclose(softmax(adjust_logits(logits, weights)), softmax(0.7 * logits), atol=1e-12)


def test_permuting_rows_permutes_the_outcome() -> None:
    logits, labels = rows(5), list("abcab")
    order = [3, 0, 4, 2, 1]
    whole = adjust_logits(logits, step_weights([0] * 5, labels, [True] * 5, c_intra=0.2, c_cross=0.2), alpha=0.01)
    moved = adjust_logits(
        logits[order],
        step_weights([0] * 5, [labels[i] for i in order], [True] * 5, c_intra=0.2, c_cross=0.2),
        alpha=0.01,
    )
    assert np.allclose(whole[order], moved, atol=1e-12, equal_nan=True)


def test_deleting_a_group_leaves_the_others_alone() -> None:
    logits, labels = rows(4), list("abab")
    both = adjust_logits(logits, step_weights([0, 0, 1, 1], labels, [True] * 4, c_intra=0, c_cross=0.3))
    one = adjust_logits(logits[:2], step_weights([0, 0], labels[:2], [True] * 2, c_intra=0, c_cross=0.3))
    assert np.allclose(both[:2], one, atol=1e-12)


def test_minus_infinity_stays_and_makes_no_nan() -> None:
    logits = rows(3)
    logits[0, 1] = logits[1, 2] = logits[2, :9] = -np.inf
    weights = step_weights([0] * 3, list("abc"), [True] * 3, c_intra=0, c_cross=0.5)
    found = adjust_logits(logits, weights)
    assert not np.isnan(found).any()
    assert np.array_equal(np.isneginf(found), np.isneginf(logits))


def test_plausibility_cuts_on_the_rows_own_logits_and_one_is_greedy() -> None:
    logits = rows(2)
    weights = step_weights([0, 0], list("ab"), [True] * 2, c_intra=0, c_cross=0.9)
    found = adjust_logits(logits, weights, alpha=0.1)
    own = log_softmax(logits)
    assert np.array_equal(np.isneginf(found), own < own.max(axis=1, keepdims=True) + np.log(0.1))
    greedy = adjust_logits(logits, weights, alpha=1.0)
    assert np.array_equal(np.isfinite(greedy).sum(axis=1), [1, 1])
    assert np.array_equal(greedy.argmax(axis=1), logits.argmax(axis=1))


def test_exempt_columns_are_as_if_the_peers_agreed() -> None:
    logits = rows(3)
    weights = step_weights([0] * 3, list("abc"), [True] * 3, c_intra=0, c_cross=0.3)
    found = adjust_logits(logits, weights, exempt=[4, 7])
    own = log_softmax(logits)
    assert np.allclose(found[:, [4, 7]], 0.7 * own[:, [4, 7]], atol=1e-12)
    plain = adjust_logits(logits, weights)
    others = [column for column in range(11) if column not in (4, 7)]
    assert np.allclose(found[:, others], plain[:, others])


@pytest.mark.parametrize("options", [{}, {"gamma": 1.3}, {"alpha": 0.05}, {"exempt": [0, 3], "alpha": 0.01}])
def test_the_torch_version_agrees(options: dict[str, object]) -> None:
    torch = pytest.importorskip("torch")
    logits = rows(6, 50)
    logits[2, 5] = -np.inf
    weights = step_weights([0, 0, 0, 1, 1, 2], list("abcaba"), [True] * 5 + [False], c_intra=0.1, c_cross=0.2)
    expected = adjust_logits(logits, weights, **options)  # type: ignore[arg-type]
    exact = adjust_logits_torch(torch.tensor(logits), torch.tensor(weights), **options).numpy()  # type: ignore[arg-type]
    assert np.allclose(exact, expected, atol=1e-12)
    single = adjust_logits_torch(torch.tensor(logits).float(), torch.tensor(weights).float(), **options).numpy()  # type: ignore[arg-type]
    assert np.array_equal(np.isneginf(single), np.isneginf(expected))
    finite = np.isfinite(expected)
    assert np.abs(single[finite] - expected[finite]).max() <= 1e-4
