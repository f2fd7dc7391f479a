"""Texts without an embedder, as measures are given them."""

from __future__ import annotations

from collections.abc import Sequence

from datagen_cli.metrics.dataset import Dataset
from datagen_cli.metrics.features import Features


def features(texts: Sequence[str], groups: Sequence[str] | None = None) -> Features:
    """Features of texts, one row each; `groups` has one entry a row."""
    return Features(Dataset("d", [{"text": text} for text in texts], ("text",), groups=groups))
