"""Correlated sampling (CorrSynth, arXiv 2411.08553): the arithmetic of one step, as pure functions.

Sequences of a group are generated in parallel and each is contrasted against its peers. With l_m the log-softmax of row
m on its own prompt and prefix, and weights w[m, n] over its active peers:

    adj_m = gamma · l_m − Σ_n w[m, n] · l_n

Even weights make the denominator the geometric mean of the peers' distributions, to the power c = Σ_n w[m, n]. Rows in
identical states are not spread: the contrast is then a temperature of 1 / (gamma − c). Blocks of different groups never
meet. The NumPy and the torch version agree; a step costs one [B, B] × [B, V] product. `mix_logits_torch` is the same
for sampling: without what a softmax does not see, and without a log-softmax.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def step_weights(
    groups: Sequence[Any], labels: Sequence[Any], active: Sequence[bool], *, c_intra: float, c_cross: float
) -> NDArray[np.float64]:
    """`[B, B]` weights of one step: row m spreads `c_intra` evenly over its active peers of the same label in its
    group, and `c_cross` evenly over those of other labels.

    If only one kind of peer is left, it gets `c_intra + c_cross` when both are above 0 (hybrid), else its own share
    only. Rows are zero for finished rows and for rows without peers. Raises `ValueError` for lengths that differ or a
    share below 0.
    """
    if not len(groups) == len(labels) == len(active):
        raise ValueError(f"{len(groups)} groups, {len(labels)} labels and {len(active)} active flags for one batch")
    if c_intra < 0 or c_cross < 0:
        raise ValueError("c_intra and c_cross must be 0 or more")
    alive = np.asarray(active, dtype=bool)
    together = _equal(groups) & alive[:, None] & alive[None, :]
    np.fill_diagonal(together, False)
    same = _equal(labels)
    intra, cross = together & same, together & ~same
    n_intra, n_cross = intra.sum(axis=1), cross.sum(axis=1)
    share_intra = np.full(len(alive), float(c_intra))
    share_cross = np.full(len(alive), float(c_cross))
    if c_intra > 0 and c_cross > 0:
        share_intra[n_cross == 0] += c_cross
        share_cross[n_intra == 0] += c_intra
    weights = np.zeros(together.shape)
    weights += intra * (share_intra / np.maximum(n_intra, 1))[:, None]
    weights += cross * (share_cross / np.maximum(n_cross, 1))[:, None]
    return weights


def adjust_logits(
    logits: NDArray[Any],
    weights: NDArray[Any],
    *,
    gamma: float = 1.0,
    alpha: float | None = None,
    exempt: Sequence[int] = (),
) -> NDArray[Any]:
    """`[B, V]` adjusted logits of one step, to be divided by the temperature, cut to top-p and drawn from.

    Rows whose weights are all zero come back untouched at gamma = 1, else as gamma · logits, without a cut. −inf stays
    −inf; a peer's −inf counts as the lowest finite value of its row. `alpha` in (0, 1] keeps only tokens v with
    l_m(v) ≥ max l_m + ln alpha, on the row's own unadjusted logits. Columns in `exempt` get (gamma − Σ w) · l_m, as if
    all peers agreed. The floating type is kept.
    """
    logits, weights = np.asarray(logits), np.asarray(weights)
    dtype = logits.dtype if np.issubdtype(logits.dtype, np.floating) else np.dtype(np.float64)
    return np.asarray(_adjusted(np, logits.astype(dtype, copy=True), weights.astype(dtype), gamma, alpha, list(exempt)))


def adjust_logits_torch(
    logits: Any, weights: Any, *, gamma: float = 1.0, alpha: float | None = None, exempt: Sequence[int] = ()
) -> Any:
    """`adjust_logits` on torch tensors: the same values on the tensors' device and in the logits' floating type.

    `weights` may be `[M, B]` with M < B: then the first M rows are adjusted and returned, the others are peers only.
    """
    import torch

    return _adjusted(torch, logits.clone(), weights.to(logits.dtype), gamma, alpha, list(exempt))


def _adjusted(xp: Any, logits: Any, weights: Any, gamma: float, alpha: float | None, exempt: Sequence[int]) -> Any:
    """What both do, by NumPy or by torch as `xp`, which agree in the names used here; may overwrite `logits`."""
    contrast = weights.sum(axis=1)
    rows = contrast != 0
    own = _log_softmax(xp, logits) if rows.any() else logits
    adjusted = logits[: len(weights)]
    if gamma != 1.0:
        adjusted *= gamma
    if not rows.any():
        return adjusted
    gone, mine = xp.isneginf(own), own[: len(weights)][rows]
    lowest = xp.amin(xp.where(gone, math.inf, own), axis=1, keepdims=True)
    mixed = gamma * mine - weights[rows] @ xp.where(gone, lowest, own)
    if len(exempt):
        mixed[:, exempt] = (gamma - contrast[rows])[:, None] * mine[:, exempt]
    mixed[xp.isneginf(mine)] = -math.inf
    if alpha is not None:
        mixed[mine < xp.amax(mine, axis=1, keepdims=True) + math.log(alpha)] = -math.inf
    adjusted[rows] = mixed
    return adjusted


def mix_logits_torch(
    logits: Any, weights: Any, rows: Any, *, gamma: float = 1.0, alpha: float | None = None, exempt: Sequence[int] = ()
) -> Any:
    """`adjust_logits_torch` up to one number per row, which no softmax sees; `rows` are those with weights.

    gamma · l_m − Σ w · l_n and the same of raw logits differ by the log-normalisers only. So a step is one product, two
    reductions and the cut, in which a token below it gets less than any it could be confused with: −1e30 times its
    distance. Where a logit is −inf, or columns are exempt, the exact function does the work. May overwrite `logits`.
    """
    import torch

    if len(exempt) or bool(torch.isneginf(logits.amin())):
        return adjust_logits_torch(logits, weights, gamma=gamma, alpha=alpha, exempt=exempt)
    first = logits[: len(weights)]
    every = len(rows) == len(weights)
    own = first if every else first[rows]
    mixing = -(weights if every else weights[rows]).to(logits.dtype)
    mixing[torch.arange(len(rows), device=logits.device), rows] += gamma
    mixed = mixing @ logits
    if alpha is not None:
        cut = own.amax(dim=1, keepdim=True) + math.log(alpha)
        mixed.sub_(own.neg_().add_(cut).clamp_(min=0.0), alpha=1e30)  # in place: new memory would cost as much again
    if every:
        return mixed
    adjusted = first.mul_(gamma) if gamma != 1.0 else first
    adjusted[rows] = mixed
    return adjusted


def _equal(values: Sequence[Any]) -> NDArray[np.bool_]:
    """`[B, B]`: which rows have the same value."""
    codes = {value: code for code, value in enumerate(dict.fromkeys(values))}
    numbers = np.array([codes[value] for value in values], dtype=np.intp)
    return np.asarray(numbers[:, None] == numbers[None, :])


def _log_softmax(xp: Any, logits: Any) -> Any:
    if xp is not np:
        return xp.log_softmax(logits, dim=1)
    shifted = logits - logits.max(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
