"""One draw per row out of next-token logits: temperature, top-k, top-p, and a uniform number of the row's own.

Nothing is sorted. A token is drawn from the softmax by the inverse of its distribution function, in the order of token
ids, and kept if the tokens that are more probable hold less than `top_p` together: the definition of the nucleus, asked
of one token. Else everything as improbable as the refused token is taken out and the row draws again, which is exact
because the nucleus is inside what is left. A step costs one softmax and about two further passes over `[B, V]`.

Equal probabilities share their fate: at the edge of a nucleus all of them are in, as are ties for the last of `top_k`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen_cli.text.mixing import mix

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 512
BELOW_ONE = 1.0 - 2.0**-52
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

Uniform = Callable[[int, "NDArray[np.intp] | None"], "NDArray[np.float64]"]
"""`(k, rows)` to the k-th number (from 0) of this step for these rows, all rows for None."""


def uniforms(seeds: NDArray[np.uint64], step: int, k: int) -> NDArray[np.float64]:
    """A number in [0, 1) for each seed: a hash of (seed, step, k) by SplitMix64, so rows never share a stream."""
    with np.errstate(over="ignore"):
        mixed = mix(np.asarray(seeds, dtype=np.uint64) + _GOLDEN * np.uint64(2 * step + 1))
        mixed = mix(mixed + _GOLDEN * np.uint64(2 * k + 2))
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def draw_tokens(
    logits: Any, uniform: Uniform, *, temperature: float = 1.0, top_p: float = 1.0, top_k: int | None = None
) -> Any:
    """Int64 `[B]` tokens from `[B, V]` logits, which may be overwritten. Temperature 0 takes the largest logit.

    Raises `FloatingPointError` when a row's logits are not numbers.
    """
    import torch

    if temperature == 0:
        best = logits.argmax(dim=1)
        _check_numbers(logits.gather(1, best[:, None]))  # of a row with one that is none, it is the largest
        return best
    scaled = logits if temperature == 1.0 else logits.mul_(1.0 / temperature)
    if top_k is not None and top_k < scaled.shape[1]:
        last = torch.topk(scaled, top_k, dim=1).values[:, -1:]
        scaled = scaled.masked_fill_(scaled < last, -torch.inf)
    shares = torch.softmax(scaled, dim=1)
    tokens, total = _pick(shares, uniform(0, None))
    _check_numbers(total)
    if top_p >= 1.0:
        return tokens
    own = shares.gather(1, tokens[:, None])
    out = (_mass_above(shares, own) >= top_p * total).nonzero().squeeze(1)
    if out.numel():
        tokens[out] = _draw_again(shares[out], own[out], top_p * total[out], uniform, out.cpu().numpy())
    return tokens


def _check_numbers(values: Any) -> None:
    if not bool(values.isfinite().all()):
        raise FloatingPointError("logits that are not numbers")


def _draw_again(shares: Any, own: Any, most: Any, uniform: Uniform, rows: NDArray[np.intp]) -> Any:
    """Tokens `[R]` for rows whose draw, of share `own`, lay outside the nucleus; `most` is the mass of its edge."""
    import torch

    found = torch.zeros(len(rows), dtype=torch.int64, device=shares.device)
    places = torch.arange(len(rows), device=shares.device)
    for k in range(1, shares.shape[1] + 1):
        shares = shares.masked_fill(shares <= own, 0.0)
        tokens, _ = _pick(shares, uniform(k, rows))
        found[places] = tokens
        own = shares.gather(1, tokens[:, None])
        out = (_mass_above(shares, own) >= most).nonzero().squeeze(1)
        if not out.numel():
            break
        shares, own, most, places = shares[out], own[out], most[out], places[out]
        rows = rows[out.cpu().numpy()]
    return found


def _pick(shares: Any, uniform: NDArray[np.float64]) -> tuple[Any, Any]:
    """(tokens `[B]`, total mass `[B]`): the inverse distribution function of each row at its number.

    In two stages, blocks and then the tokens of one block, both summed in float64 (float32 on MPS). A token of share 0
    is never drawn.
    """
    import torch
    from torch.nn.functional import pad

    wide = torch.float32 if shares.device.type == "mps" else torch.float64
    size = shares.shape[1]
    whole = size // BLOCK * BLOCK
    blocks = shares[:, :whole].unflatten(1, (-1, BLOCK)).sum(2, dtype=wide) if whole else shares[:, :0].to(wide)
    if whole < size:
        blocks = torch.cat([blocks, shares[:, whole:].sum(1, keepdim=True, dtype=wide)], dim=1)
    edges = blocks.cumsum(1)
    total = edges[:, -1]
    target = torch.from_numpy(np.minimum(uniform, BELOW_ONE)).to(shares.device, wide)[:, None] * total[:, None]
    block = torch.searchsorted(edges, target, right=True).clamp_(max=edges.shape[1] - 1)
    inside = (target - pad(edges, (1, 0)).gather(1, block)) / blocks.gather(1, block)
    columns = block * BLOCK + torch.arange(min(BLOCK, size), device=shares.device)
    among = shares.gather(1, columns.clamp(max=size - 1)).to(wide).masked_fill_(columns >= size, 0.0).cumsum(1)
    place = torch.searchsorted(among, inside.clamp_(0.0, BELOW_ONE) * among[:, -1:], right=True)
    return (block * BLOCK + place).squeeze(1).clamp_(max=size - 1), total


def _mass_above(shares: Any, own: Any) -> Any:
    """`[B]`: the mass of the tokens of each row that are more probable than `own` `[B, 1]`. x / x is exactly 1."""
    import torch

    return torch.nn.functional.threshold_(shares / own, 1.0, 0.0).sum(1) * own.squeeze(1)
