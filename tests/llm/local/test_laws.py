"""The laws of correlated sampling (CorrSynth, arXiv 2411.08553), held by the decoding loop as a whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from datagen_cli.llm.correlated import adjust_logits, mix_logits_torch, step_weights
from datagen_cli.llm.local.decode import decode
from datagen_cli.llm.local.rows import Row, Settings
from tests.grids import mostly_slow
from tests.llm.local import reference
from tests.llm.local.reference import log_softmax, softmax, toy_model

torch = pytest.importorskip("torch")

CONTRASTS = ("cross", "intra", "hybrid")


def table(size: int, seed: int = 0, spread: float = 1.5) -> np.ndarray:
    """Logits of a bigram model, `[size, size]`."""
    return np.random.default_rng(seed).normal(size=(size, size)) * spread


def rows(count: int, *, size: int, groups: int = 1, labels: str = "ab") -> list[Row]:
    """Rows with prompts of one token, in groups of neighbours."""
    each = count // groups
    return [Row([1 + i % (size - 1)], 1000 + i, i // each, labels[i % len(labels)]) for i in range(count)]


def mixed(logits: np.ndarray, weights: np.ndarray, kind: str = "float64", **options: object) -> np.ndarray:
    """Log-probabilities that the loop draws from, at temperature 1."""
    found = mix_logits_torch(
        torch.tensor(logits).to(getattr(torch, kind)),
        torch.tensor(weights),
        torch.tensor(np.flatnonzero(weights.any(axis=1))),
        **options,  # type: ignore[arg-type]
    )
    return log_softmax(found.double().numpy())


@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize(
    "options", [{}, {"gamma": 1.3}, {"alpha": 0.05}, {"alpha": 1.0}, {"exempt": [0, 3], "alpha": 0.01}]
)
@pytest.mark.parametrize("holes", [False, True])
def test_what_is_drawn_from_is_the_contrast_as_defined(kind: str, options: dict[str, object], holes: bool) -> None:
    logits = np.random.default_rng(0).normal(size=(6, 400)) * 4 + 20
    if holes:
        logits[2, 5] = logits[3, :390] = -np.inf
    weights = step_weights([0, 0, 0, 1, 1, 2], list("abcaba"), [True] * 5 + [False], c_intra=0.1, c_cross=0.2)
    expected = log_softmax(adjust_logits(logits, weights, **options))  # type: ignore[arg-type]
    found = mixed(logits, weights, kind, **options)
    assert not np.isnan(found).any()
    # below the cut a token may keep less than any number it could be confused with, in place of nothing
    assert np.array_equal(found < -1e4, np.isneginf(expected))
    finite = np.isfinite(expected)
    assert np.abs(found[finite] - expected[finite]).max() <= (1e-10 if kind == "float64" else 1e-4)


def test_two_rows_have_a_closed_form() -> None:
    logits = np.random.default_rng(1).normal(size=(2, 50)) * 2
    weights = step_weights([0, 0], ["a", "b"], [True, True], c_intra=0, c_cross=0.4)
    own = log_softmax(logits)
    assert np.allclose(mixed(logits, weights)[0], log_softmax(own[0] - 0.4 * own[1]), atol=1e-12)
    assert np.allclose(mixed(logits, weights)[1], log_softmax(own[1] - 0.4 * own[0]), atol=1e-12)


def test_of_five_rows_a_finished_one_counts_no_more() -> None:
    size = 40
    model = toy_model(table(size), stop=(0,))
    batch = rows(5, size=size, labels="abc")
    settings = Settings("cross", 30, plausibility=None, contrast=0.4)
    written = decode(model, batch, settings).rows
    ends = sorted(one.steps for one in written if one.finish == "stop")
    assert ends, "no row ended early: the test shows nothing"
    assert ends[0] < max(one.steps for one in written), "all rows ended together: the test shows nothing"
    expected = reference.decode_slowly(model, batch, settings)
    assert [(list(one.ids), one.finish) for one in written] == expected


@pytest.mark.parametrize("variant", mostly_slow([*CONTRASTS, "cfg"]))
def test_no_contrast_is_plain_sampling_bit_for_bit(variant: str) -> None:
    size = 60
    model = toy_model(table(size).astype(np.float32))
    batch = [replace(row, negatives=[[2], [3]]) for row in rows(8, size=size, groups=2)]
    plain = decode(model, batch, Settings("plain", 40, 0.95, 0.9))
    none = decode(model, batch, Settings(variant, 40, 0.95, 0.9, contrast=0.0, guidance=1.0))  # type: ignore[arg-type]
    assert none == plain
    some = decode(model, batch, Settings(variant, 40, 0.95, 0.9))  # type: ignore[arg-type]
    assert some.rows != plain.rows


@pytest.mark.parametrize("variant", mostly_slow(["cross", "hybrid"]))
def test_texts_of_a_group_come_as_often_together_as_the_product_of_their_steps_says(variant: str) -> None:
    logits = np.log(np.array([[1.0, 1, 1], [0.3, 0.5, 0.2], [0.2, 0.2, 0.6]]))
    most, contrast, temperature = 2, 0.6, 0.9
    labels = "ab" if variant == "cross" else "aab"
    width = len(labels)
    starts = [1, 2, 1][:width]
    settings = Settings(
        variant, most, temperature, plausibility=None, contrast=contrast, intra_share=0.5, gamma=1.0,  # type: ignore[arg-type]
    )  # type: ignore[arg-type]  # fmt: skip
    expected = joint_law(logits, starts, labels, settings)
    assert sum(expected.values()) == pytest.approx(1.0)
    groups, runs = 250, 24
    seen: Counter[tuple[tuple[int, ...], ...]] = Counter()
    for run in range(runs):
        batch = [
            Row([starts[place]], (run * groups + group) * width + place, group, labels[place])
            for group in range(groups)
            for place in range(width)
        ]
        written = decode(toy_model(logits), batch, settings).rows
        texts = [one.ids + ((0,) if one.finish == "stop" else ()) for one in written]
        seen.update(tuple(texts[at : at + width]) for at in range(0, len(texts), width))
    count = groups * runs
    assert set(seen) <= set(expected)
    common = {texts: share for texts, share in expected.items() if share * count >= 5}
    square = sum((seen[texts] - share * count) ** 2 / (share * count) for texts, share in common.items())
    rest = 1 - sum(common.values())
    square += (count - sum(seen[texts] for texts in common) - rest * count) ** 2 / max(rest * count, 1)
    freedom = len(common)
    assert freedom > 20
    assert square < freedom + 3.5 * np.sqrt(2 * freedom)
    independent = joint_law(logits, starts, labels, replace(settings, contrast=0.0))
    wrong = sum((seen[texts] - independent[texts] * count) ** 2 / (independent[texts] * count) for texts in common)
    assert wrong > 3 * freedom, "the law without contrast fits as well: the test shows nothing"


def joint_law(
    logits: np.ndarray, starts: list[int], labels: str, settings: Settings
) -> dict[tuple[tuple[int, ...], ...], float]:
    """The probability of every outcome of one group of a bigram model whose token 0 ends a text."""
    law = {tuple((start,) for start in starts): 1.0}
    intra = {"cross": 0.0, "hybrid": settings.intra_share}[settings.variant]
    for _ in range(settings.max_tokens):
        following: dict[tuple[tuple[int, ...], ...], float] = {}
        for texts, share in law.items():
            active = [text[-1] != 0 for text in texts]
            weights = step_weights(
                [0] * len(texts), labels, active,
                c_intra=settings.contrast * intra, c_cross=settings.contrast * (1 - intra),
            )  # fmt: skip
            own = np.stack([logits[text[-1]] for text in texts])
            chances = softmax(adjust_logits(own, weights) / settings.temperature)
            choices = [range(len(logits)) if alive else (None,) for alive in active]
            for tokens in product(*choices):
                chance = share
                for row, token in enumerate(tokens):
                    chance *= 1.0 if token is None else chances[row, token]
                grown = tuple(
                    text if token is None else (*text, token) for text, token in zip(texts, tokens, strict=True)
                )
                following[grown] = following.get(grown, 0.0) + chance
        law = following  # type: ignore[assignment]
    return {tuple(text[1:] for text in texts): share for texts, share in law.items()}


@pytest.mark.parametrize("variant", CONTRASTS)
def test_permuting_rows_permutes_the_texts(variant: str) -> None:
    size = 50
    model = toy_model(table(size))
    batch = rows(6, size=size)
    settings = Settings(variant, 25, 0.95, 0.9)  # type: ignore[arg-type]
    whole = decode(model, batch, settings).rows
    order = [4, 0, 5, 2, 1, 3]
    moved = decode(model, [batch[i] for i in order], settings).rows
    assert [whole[i] for i in order] == list(moved)


@pytest.mark.parametrize("variant", CONTRASTS)
def test_deleting_a_group_leaves_the_texts_of_the_others_alone(variant: str) -> None:
    size = 50
    model = toy_model(table(size))
    batch = rows(12, size=size, groups=3)
    settings = Settings(variant, 25, 0.95, 0.9)  # type: ignore[arg-type]
    whole = decode(model, batch, settings).rows
    left = decode(model, batch[:4] + batch[8:], settings).rows
    assert whole[:4] + whole[8:] == left


def test_rows_in_one_state_are_not_spread_but_warmed() -> None:
    size = 70
    model = toy_model(table(size))
    batch = [Row([5], seed, 0, "aabb"[seed % 4]) for seed in range(40)]
    contrasted = decode(model, batch, Settings("hybrid", 1, 0.9, 0.8, contrast=0.3, plausibility=None)).rows
    control = decode(model, batch, Settings("plain", 1, 0.9 / 0.7, 0.8)).rows
    assert contrasted == control
    weights = step_weights([0] * 4, list("aabb"), [True] * 4, c_intra=0.1, c_cross=0.2)
    same = np.repeat(table(9)[:1], 4, axis=0)
    assert np.allclose(np.exp(mixed(same, weights)), softmax(0.7 * same), atol=1e-12)


@pytest.mark.parametrize("variant", [*CONTRASTS, "cfg"])
def test_a_plausibility_of_one_is_greedy(variant: str) -> None:
    size = 50
    model = toy_model(table(size), stop=())
    batch = [replace(row, negatives=[[2]]) for row in rows(4, size=size)]
    settings = Settings(variant, 20, plausibility=1.0, contrast=0.9)  # type: ignore[arg-type]
    assert decode(model, batch, settings).rows == decode(model, batch, Settings("plain", 20, temperature=0)).rows


@pytest.mark.parametrize("variant", [*CONTRASTS, "cfg"])
def test_tokens_that_a_row_cannot_write_stay_so_and_harm_nobody(variant: str) -> None:
    size = 30
    logits = table(size)
    logits[:, 7] = -np.inf
    logits[2, 3:20] = -np.inf
    logits[3, 15:] = -np.inf
    model = toy_model(logits)
    batch = [replace(row, negatives=[[2], [4]]) for row in rows(6, size=size)]
    settings = Settings(variant, 25, plausibility=None, contrast=0.9)  # type: ignore[arg-type]
    written = decode(model, batch, settings).rows
    assert all(7 not in one.ids for one in written)
    if variant != "cfg":
        assert [(list(one.ids), one.finish) for one in written] == reference.decode_slowly(model, batch, settings)


def test_exempt_tokens_are_as_if_the_peers_agreed() -> None:
    size = 30
    model = toy_model(table(size))
    batch = rows(5, size=size)
    settings = Settings("cross", 25, contrast=0.8, exempt=(0, 4))
    written = decode(model, batch, settings).rows
    assert [(list(one.ids), one.finish) for one in written] == reference.decode_slowly(model, batch, settings)
    assert written != decode(model, batch, replace(settings, exempt=())).rows


def test_a_row_without_peers_samples_from_gamma_times_its_logits() -> None:
    size = 30
    model = toy_model(table(size))
    batch = rows(5, size=size, groups=5)
    warm = decode(model, batch, Settings("cross", 20, 1.0, gamma=0.5)).rows
    assert warm == decode(model, batch, Settings("plain", 20, 2.0)).rows


def test_guidance_is_all_or_nothing_for_a_batch() -> None:
    batch = [Row([1], 0, negatives=[[2]]), Row([1], 1)]
    with pytest.raises(ValueError, match="negatives"):
        decode(toy_model(table(9)), batch, Settings("cfg", 3))
