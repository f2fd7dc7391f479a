"""The licence that a card states: of a dataset's files, or of a model's.

A card is a `README.md` in a folder whose head, between two lines `---`, has a key `license`, as cards on the hub have.
Nothing is guessed from words or from other files.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from datagen_cli.core.system import open_given

CARD = "README.md"
MOST_BYTES = 65_536
MOST_CHARACTERS = 200
_HEAD = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_LICENCE = re.compile(r"^license:[ \t]*(\S[^\r\n]*|(?:\r?\n[ \t]*-[ \t]+\S[^\r\n]*)+)", re.MULTILINE)


def licence_of_card(path: Path) -> str:
    """What the head of a card says; empty where there is no such file, or it says nothing."""
    text = ""
    with suppress(OSError, ValueError), open_given(path) as file:
        text = file.read(MOST_BYTES).decode("utf-8", "replace")
    head = _HEAD.match(text)
    found = _LICENCE.search(head[1]) if head else None
    values = re.sub(r"^[ \t]*-[ \t]+", "", found[1], flags=re.MULTILINE).split("\n") if found else []
    named = [value.partition(" #")[0].strip(" \t\r[]'\"") for value in values]
    return ", ".join(name for name in named if name)[:MOST_CHARACTERS]
