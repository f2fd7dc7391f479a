"""The licence of a base, where something says it: the recipe, the hub, or a card beside the file.

A card is a `README.md` in the file's folder whose head, between two lines `---`, has a key `license`, as cards on the
hub have. Nothing is guessed from words or from other files.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from datagen_cli.config.recipe import BaseOptions
from datagen_cli.core.system import open_given

CARD = "README.md"
MOST_BYTES = 65_536
MOST_CHARACTERS = 200
_HEAD = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LICENCE = re.compile(r"^license:[ \t]*(\S[^\r\n]*|(?:\r?\n[ \t]*-[ \t]+\S[^\r\n]*)+)", re.MULTILINE)


def licence_of(options: BaseOptions, published: str = "") -> str:
    """The licence and who says so, such as `mit (README.md beside the base)`; empty where nothing does.

    `published` is what the hub says.
    """
    if options.license is not None:
        return f"{options.license} (the recipe)"
    if published.strip():
        return f"{' '.join(published.split())[:MOST_CHARACTERS]} (the hub)"
    found = _of_card(Path(options.path).parent / CARD) if options.path not in (None, "-") else ""
    return f"{found} ({CARD} beside the base)" if found else ""


def _of_card(path: Path) -> str:
    """What the head of a card says; empty where there is no such file, or it says nothing."""
    text = ""
    with suppress(OSError, ValueError), open_given(path) as file:
        text = file.read(MOST_BYTES).decode("utf-8", "replace")
    head = _HEAD.match(text)
    found = _LICENCE.search(head[1]) if head else None
    values = re.sub(r"^[ \t]*-[ \t]+", "", found[1], flags=re.MULTILINE).split("\n") if found else []
    named = [value.partition(" #")[0].strip(" \t\r[]'\"") for value in values]
    return ", ".join(name for name in named if name)[:MOST_CHARACTERS]
