"""Correlated sampling as it is defined, slowly: one row and one whole prefix at a time, float64, sorted nuclei."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from datagen_cli.llm.correlated import adjust_logits, step_weights
from datagen_cli.llm.local.drawing import uniforms
from datagen_cli.llm.local.model import LocalModel
from datagen_cli.llm.local.rows import Row, Settings


def softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(softmax(logits))


def next_logits(model: LocalModel, ids: Sequence[int]) -> np.ndarray:
    """`[V]` after a whole prefix, with neither cache nor padding."""
    import torch

    with torch.inference_mode():
        return model.model(input_ids=torch.tensor([list(ids)])).logits[0, -1].double().numpy()


def nucleus(shares: np.ndarray, top_p: float) -> np.ndarray:
    """`[V]` bool: the smallest set of most probable tokens that holds `top_p`."""
    order = np.argsort(-shares, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(shares[order])[:-1]])
    inside = np.zeros(len(shares), dtype=bool)
    inside[order[before < top_p]] = True
    return inside


def draw(logits: np.ndarray, seed: int, step: int, settings: Settings) -> int:
    """One token: from all shares with the row's numbers, until one is in the nucleus."""
    if settings.temperature == 0:
        return int(logits.argmax())
    scaled = logits / settings.temperature
    if settings.top_k is not None and settings.top_k < len(scaled):
        scaled = np.where(scaled < np.sort(scaled)[-settings.top_k], -np.inf, scaled)
    shares = softmax(scaled)
    inside = nucleus(shares, settings.top_p) if settings.top_p < 1 else shares > 0
    for k in range(len(shares)):
        edges = np.cumsum(shares)
        number = uniforms(np.array([seed], dtype=np.uint64), step, k)[0]
        token = int(np.searchsorted(edges, number * edges[-1], side="right"))
        if inside[token]:
            return token
        shares = np.where(shares <= shares[token], 0.0, shares)
    raise AssertionError("the most probable token is always in the nucleus")


def adjusted(
    model: LocalModel, rows: Sequence[Row], written: list[list[int]], alive: list[int], settings: Settings
) -> Any:
    """Contrasted logits of the rows alive, by the contract's functions or by the formula of guidance."""
    logits = np.stack([next_logits(model, [*rows[i].ids, *written[i]]) for i in alive])
    if settings.variant == "plain":
        return logits
    if settings.variant == "cfg":
        found = []
        for own, i in zip(logits, alive, strict=True):
            others = [log_softmax(next_logits(model, [*ids, *written[i]])) for ids in rows[i].negatives]
            mixed = settings.guidance * log_softmax(own) - (settings.guidance - 1) * np.mean(others, axis=0)
            found.append(np.where(own < own.max() + np.log(settings.plausibility or 1e-300), -np.inf, mixed))
        return np.stack(found)
    intra = {"cross": 0.0, "intra": 1.0, "hybrid": settings.intra_share}[settings.variant]
    weights = step_weights(
        [rows[i].group for i in alive],
        [rows[i].label for i in alive],
        [True] * len(alive),
        c_intra=settings.contrast * intra,
        c_cross=settings.contrast * (1 - intra),
    )
    return adjust_logits(logits, weights, gamma=settings.gamma, alpha=settings.plausibility, exempt=settings.exempt)


def decode_slowly(model: LocalModel, rows: Sequence[Row], settings: Settings) -> list[tuple[list[int], str]]:
    """(ids, finish) of each row."""
    written: list[list[int]] = [[] for _ in rows]
    finish: dict[int, str] = {}
    for step in range(settings.max_tokens):
        alive = [i for i in range(len(rows)) if i not in finish]
        if not alive:
            break
        logits = adjusted(model, rows, written, alive, settings)
        for own, i in zip(logits, alive, strict=True):
            token = draw(own, rows[i].seed, step, settings)
            if token in model.stop:
                finish[i] = "stop"
                continue
            written[i].append(token)
            if len(written[i]) >= min(settings.max_tokens, rows[i].max_tokens or settings.max_tokens):
                finish[i] = "length"
    return [(ids, finish[i]) for i, ids in enumerate(written)]


def toy_model(table: Any, *, stop: tuple[int, ...] = (0,)) -> LocalModel:
    """A bigram model: the next token's logits are the row of `table`, `[V, V]`, of the last token."""
    import torch
    from transformers import LlamaConfig

    class Bigram(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.config = LlamaConfig(num_hidden_layers=1)
            self.table = torch.as_tensor(table)

        def forward(self, input_ids: Any, attention_mask: Any = None, past_key_values: Any = None, **_: Any) -> Any:
            from types import SimpleNamespace

            return SimpleNamespace(logits=self.table[input_ids])

    names = frozenset(("past_key_values",))
    return LocalModel("toy", Bigram(), None, torch.device("cpu"), None, None, stop, 0, (), names)
