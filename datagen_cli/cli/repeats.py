"""Options of the commands that leave out repeats, and the sieve that they ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

from datagen_cli.cli import options as given
from datagen_cli.core.errors import UsageError
from datagen_cli.pipeline.sift import RepeatRule

Near = Annotated[
    float | None, given.option(None, "J", "Near copies too: Jaccard of word 3-grams of J or more.", min=0.01, max=1)
]
Threshold = Annotated[
    float | None, given.option(None, "C", "Neighbours too: cosine of embeddings of C or more.", min=0.01, max=1)
]
NearEmbedder = Annotated[
    str | None, given.option(None, "NAME", "What makes the embeddings of --threshold.", "--embedder")
]


@contextmanager
def opened_sieve(
    fields: Sequence[str], near: float | None, threshold: float | None, embedder: str | None
) -> Iterator[RepeatRule]:
    """The sieve of these options. Raises `UsageError` for an embedder without a threshold, and without fields."""
    if not fields:
        raise UsageError("there is no text to compare", hint="--text names the fields")
    if threshold is None:
        if embedder is not None:
            raise UsageError("--embedder does nothing without --threshold", hint="such as --threshold 0.92")
        yield RepeatRule(tuple(fields), near)
        return
    from datagen_cli.text.embed import open_embedder, vector_cache

    opened = open_embedder(embedder, vector_cache())
    try:
        yield RepeatRule(tuple(fields), near, threshold, opened)
    finally:
        opened.close()
