"""The embedder of a run."""

from __future__ import annotations

from typing import Any

from datagen_cli.config.recipe import Recipe


def run_embedder(recipe: Recipe) -> Any:
    """The embedder of the run, or None where the recipe asks for nothing that needs one."""
    dedup = recipe.options.dedup
    wanted = dedup is not None and (dedup.threshold is not None or dedup.embedder is not None)
    by_vectors = recipe.examples is not None and recipe.examples.by_vectors
    if not wanted and not (by_vectors and recipe.options.base is not None):
        return None
    from datagen_cli.text.embed import open_embedder, vector_cache

    name = (dedup.embedder if dedup else None) or recipe.options.embedder
    return open_embedder(name, vector_cache())
