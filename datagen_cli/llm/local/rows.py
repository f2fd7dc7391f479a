"""What the decoding loop is given and what it gives back: rows, settings, written rows.

Nothing here needs NumPy or torch, so that a run whose models are elsewhere does not wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

MOST_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Row:
    """One text to write: prompt ids (at least one), its own seed, its group and label, for `cfg` the prompts that it
    is steered away from, and the most tokens it may have if that is less than the batch's. A `peer` is written for the
    sake of the others: it is left off when they are done."""

    ids: Sequence[int]
    seed: int
    group: int = 0
    label: Hashable = None
    negatives: Sequence[Sequence[int]] = ()
    max_tokens: int | None = None
    peer: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """How a batch is sampled. `contrast` is c, `plausibility` is α; `exempt` are ids left out of the contrast (EOS is
    not by default: where peers stand in the middle of a text all other tokens gain by the contrast, and a text that
    cannot gain its end does not end). `ended` tells from the ids of a row so far whether its text is over."""

    variant: Literal["plain", "cfg", "cross", "intra", "hybrid"] = "plain"
    max_tokens: int = MOST_TOKENS
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int | None = None
    contrast: float = 0.3
    intra_share: float = 0.5
    guidance: float = 1.5
    plausibility: float | None = 0.01
    gamma: float = 1.0
    exempt: tuple[int, ...] = ()
    ended: Callable[[Sequence[int]], bool] | None = None


@dataclass(frozen=True, slots=True)
class DecodedRow:
    """What a row became: ids without the one that ended it; `stop`, `length`, or `left` for a peer that had no end yet;
    and the steps it took part in (one per token drawn, the ending one included)."""

    ids: tuple[int, ...]
    finish: Literal["stop", "length", "left"]
    steps: int


@dataclass(frozen=True, slots=True)
class Decoded:
    """One `DecodedRow` per row; `forward_rows` counts rows through the model, one a token and prompt."""

    rows: tuple[DecodedRow, ...]
    forward_rows: int
    notes: tuple[str, ...] = ()


class Halted(Exception):
    """`stop` said so."""
