"""The licence of a base, where something says it: the recipe, the hub, or a card beside the file."""

from __future__ import annotations

from pathlib import Path

from datagen_cli.config.recipe import BaseOptions
from datagen_cli.core.licence import CARD, MOST_CHARACTERS, licence_of_card


def licence_of(options: BaseOptions, published: str = "") -> str:
    """The licence and who says so, such as `mit (README.md beside the base)`; empty where nothing does.

    `published` is what the hub says.
    """
    if options.license is not None:
        return f"{options.license} (the recipe)"
    if published.strip():
        return f"{' '.join(published.split())[:MOST_CHARACTERS]} (the hub)"
    found = licence_of_card(Path(options.path).parent / CARD) if options.path not in (None, "-") else ""
    return f"{found} ({CARD} beside the base)" if found else ""
