"""How likely a local model finds the records of every cell: `perplexity`, for information only.

It says how usual the texts are to that model. In AgoraBench its sign flips between settings: lower is not better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from datagen_cli.bench.measured import Measured
from datagen_cli.llm.local.model import LocalModel, surprisals
from datagen_cli.llm.local.provider import Local
from datagen_cli.llm.local.weights import check_model, open_model
from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.measure import Measure

MOST = 50
"""Records of a cell that are read: the first ones, the same slots of every candidate."""


def local_name(name: str) -> str:
    """The name of a local model without its provider's prefix. Raises as `check_model` does."""
    bare = name.removeprefix(Local.prefix)
    check_model(bare)
    return bare


def perplexities(name: str, cells: Mapping[str, Sequence[Dataset]]) -> dict[str, Measured]:
    """exp of the mean surprisal per token of each candidate's texts, seeds pooled; the interval by texts."""
    model = open_model(name)
    return {candidate: _measured(model, sets) for candidate, sets in cells.items()}


def _measured(model: LocalModel, sets: Sequence[Dataset]) -> Measured:
    texts = [text for one in sets for text in list(one.texts)[:MOST] if text]
    values = np.array([value for value in surprisals(model, texts) if value is not None])
    if len(values) < 2:
        return Measured(Measure.missing("fewer than two texts of two tokens"))
    mean, error = float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))
    ends = (math.exp(mean - 1.96 * error), math.exp(mean + 1.96 * error))
    return Measured(Measure(math.exp(mean), "none", f"{model.name}|mean of texts|N={len(values)}", ends))
